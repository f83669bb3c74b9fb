import { describe, expect, test } from "bun:test";
import { describeConfigTable } from "../../src/config/describe-config.ts";
import { configOf, type Files, loadedOf, problemsOf, warningsOf } from "./fixtures.ts";

const FINAM = { FEEDS: "finam", FINAM_SYMBOLS: "SBER@MISX" };
const PEM = "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n";

type More = Readonly<Record<string, string>>;

/** The gRPC feed with these variables beside the needed ones. */
function grpcOf(more: More, files: Files = {}) {
  const feed = configOf({ ...FINAM, ...more }, files).feeds.find(({ name }) => name === "finam");
  if (feed?.transport !== "grpc") throw new Error("finam is no gRPC feed");
  return feed;
}

function problemsWith(more: More, files: Files = {}): string[] {
  return problemsOf({ ...FINAM, ...more }, files);
}

describe("readGrpcFeed() values", () => {
  test("readGrpcFeed() leaves to the profile what is not set, and encrypts", () => {
    expect(grpcOf({})).toEqual({
      name: "finam",
      isEnabled: true,
      venue: "finam",
      profileFile: null,
      symbols: ["SBER@MISX"],
      maxRetries: 10,
      initialDelayMs: 1000,
      maxDelayMs: 60_000,
      staleAfterMs: null,
      transport: "grpc",
      address: null,
      token: null,
      tokenFile: null,
      tls: { ca: null, client: null, serverName: null },
      protoPaths: [],
      protoIncludes: [],
      keepaliveMs: null,
      keepaliveTimeoutMs: null,
      firstMessageMs: null,
    });
  });

  test("readGrpcFeed() takes every variable", () => {
    const feed = grpcOf(
      {
        FINAM_ADDRESS: "[::1]:8443",
        FINAM_TOKEN: "canary",
        FINAM_TLS_CA_FILE: "/ca",
        FINAM_TLS_CERT_FILE: "/cert",
        FINAM_TLS_KEY_FILE: "/key",
        FINAM_TLS_SERVER_NAME: "md.example",
        FINAM_PROTO_PATH: "/p/a.proto, b.proto",
        FINAM_PROTO_INCLUDE: "/p,/q",
        FINAM_KEEPALIVE_MS: "20000",
        FINAM_KEEPALIVE_TIMEOUT_MS: "5000",
        FINAM_FIRST_MESSAGE_MS: "0",
      },
      { "/ca": PEM, "/cert": PEM, "/key": PEM },
    );
    expect(feed).toMatchObject({
      address: "[::1]:8443",
      tokenFile: null,
      tls: { ca: { path: "/ca" }, client: { certificate: { path: "/cert" } }, serverName: "md.example" },
      protoPaths: ["/p/a.proto", "b.proto"],
      protoIncludes: ["/p", "/q"],
      keepaliveMs: 20_000,
      keepaliveTimeoutMs: 5000,
      firstMessageMs: 0,
    });
    expect(feed.token?.reveal()).toBe("canary");
  });

  test("readGrpcFeed() remembers the file of the token, and shows the token nowhere", () => {
    const files = { "/run/token": "canary\n" };
    const loaded = loadedOf({ ...FINAM, FINAM_TOKEN_FILE: "/run/token" }, files);
    expect(JSON.stringify(loaded) + describeConfigTable(loaded)).not.toContain("canary");
    const feed = grpcOf({ FINAM_TOKEN_FILE: "/run/token" }, files);
    expect([feed.token?.reveal(), feed.tokenFile]).toEqual(["canary", "/run/token"]);
  });

  test("readGrpcFeed() refuses what has another form, all at once", () => {
    const problems = problemsWith({
      FINAM_ADDRESS: "https://md.example:443",
      FINAM_TLS: "yes",
      FINAM_TLS_SERVER_NAME: "a b",
      FINAM_PROTO_PATH: "a,,b",
      FINAM_PROTO_INCLUDE: "a,a",
      FINAM_KEEPALIVE_MS: "999",
      FINAM_KEEPALIVE_TIMEOUT_MS: "99",
      FINAM_FIRST_MESSAGE_MS: "600001",
    });
    expect(problems.map((problem) => /^Cannot use FINAM_(\S+) as it must (.*?): /.exec(problem)?.slice(1))).toEqual([
      ["ADDRESS", "be host:port, with an IPv6 address in brackets"],
      ["TLS", "be one of on, off"],
      ["TLS_SERVER_NAME", "be a host name or an IP address"],
      ["PROTO_PATH", "list files with none left empty"],
      ["PROTO_INCLUDE", 'not list folder "a" twice'],
      ["KEEPALIVE_MS", "be >= 1000"],
      ["KEEPALIVE_TIMEOUT_MS", "be >= 100"],
      ["FIRST_MESSAGE_MS", "be <= 600000"],
    ]);
  });

  test("readGrpcFeed() takes host and port only", () => {
    const wanted = (address: string) => /must (.*?): /.exec(problemsWith({ FINAM_ADDRESS: address })[0] ?? "")?.[1];
    for (const address of ["md.example", "md.example:", ":443", "::1:443", "[md.example]:443", "1.2.3:443", "a b:1"]) {
      expect(wanted(address)).toBe("be host:port, with an IPv6 address in brackets");
    }
    for (const address of ["md.example:0", "md.example:65536"])
      expect(wanted(address)).toBe("have a port from 1 to 65535");
    for (const address of ["md.example:443", "10.0.0.1:1", "[::1]:65535", "localhost:50051"]) {
      expect(grpcOf({ FINAM_ADDRESS: address })).toMatchObject({ address });
    }
  });
});

describe("readGrpcFeed() TLS", () => {
  test("readGrpcFeed() refuses TLS settings while TLS is off, and half a pair", () => {
    const files = { "/ca": PEM, "/cert": PEM };
    expect(problemsWith({ FINAM_TLS: "off", FINAM_TLS_CA_FILE: "/ca" }, files)).toEqual([
      "Cannot use FINAM_TLS_CA_FILE as it must not be set unless FINAM_TLS is on: it is set (set FINAM_TLS=on)",
    ]);
    expect(problemsWith({ FINAM_TLS_CERT_FILE: "/cert" }, files)).toEqual([
      "Cannot use FINAM_TLS_KEY_FILE as it must be set together with FINAM_TLS_CERT_FILE: it is not set",
    ]);
  });

  test("readGrpcFeed() warns of what travels unencrypted, but not within this machine", () => {
    const off = { ...FINAM, FINAM_TLS: "off" };
    const remote = { ...off, FINAM_ADDRESS: "md.example:443" };
    expect(warningsOf(remote)).toEqual(["FINAM_TLS is off: the prices of feed finam travel unencrypted"]);
    expect(warningsOf({ ...remote, FINAM_TOKEN: "canary" })).toEqual([
      "FINAM_TLS is off: the token and the prices of feed finam travel unencrypted",
    ]);
    for (const address of ["127.0.0.1:1", "localhost:1", "[::1]:1"]) {
      expect(warningsOf({ ...off, FINAM_ADDRESS: address, FINAM_TOKEN: "canary" })).toEqual([]);
    }
    // Where the profile's address leads to is not known here.
    expect(warningsOf(off)).toEqual(["FINAM_TLS is off: the prices of feed finam travel unencrypted"]);
  });
});
