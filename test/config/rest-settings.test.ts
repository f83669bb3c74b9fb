import { describe, expect, test } from "bun:test";
import { describeConfigTable } from "../../src/config/describe-config.ts";
import { configOf, type Files, loadedOf, problemsOf, warningsOf } from "./fixtures.ts";

const OANDA = { FEEDS: "oanda", OANDA_SYMBOLS: "EUR_USD" };
const PEM = "-----BEGIN CERTIFICATE-----\n";

type More = Readonly<Record<string, string>>;

/** The REST feed with these variables beside the needed ones. */
function restOf(more: More, files: Files = {}) {
  const feed = configOf({ ...OANDA, ...more }, files).feeds.find(({ name }) => name === "oanda");
  if (feed?.transport !== "rest") throw new Error("oanda is no REST feed");
  return feed;
}

function problemsWith(more: More, files: Files = {}): string[] {
  return problemsOf({ ...OANDA, ...more }, files);
}

describe("readRestFeed() values", () => {
  test("readRestFeed() leaves to the profile what is not set", () => {
    expect(restOf({})).toEqual({
      name: "oanda",
      isEnabled: true,
      venue: "oanda",
      profileFile: null,
      symbols: ["EUR_USD"],
      maxRetries: 10,
      initialDelayMs: 1000,
      maxDelayMs: 60_000,
      staleAfterMs: null,
      transport: "rest",
      url: null,
      pollIntervalMs: null,
      timeoutMs: null,
      maxBodyBytes: null,
      publishUnchanged: "off",
      account: null,
      token: null,
      tokenFile: null,
      ca: null,
    });
  });

  test("readRestFeed() takes every variable", () => {
    const feed = restOf(
      {
        OANDA_URL: "https://api-fxpractice.oanda.com",
        OANDA_POLL_INTERVAL_MS: "250",
        OANDA_TIMEOUT_MS: "2000",
        OANDA_MAX_BODY_BYTES: "65536",
        OANDA_PUBLISH_UNCHANGED: "On",
        OANDA_ACCOUNT: "101-001-1234567-001",
        OANDA_TOKEN: "canary",
        OANDA_TLS_CA_FILE: "/ca",
      },
      { "/ca": PEM },
    );
    expect(feed).toMatchObject({
      url: "https://api-fxpractice.oanda.com",
      pollIntervalMs: 250,
      timeoutMs: 2000,
      maxBodyBytes: 65_536,
      publishUnchanged: "on",
      account: "101-001-1234567-001",
      ca: { path: "/ca", pem: PEM },
    });
    expect(feed.token?.reveal()).toBe("canary");
  });

  test("readRestFeed() reads the token from a file and shows it nowhere", () => {
    const files = { "/run/token": "canary\n" };
    const loaded = loadedOf({ ...OANDA, OANDA_TOKEN_FILE: "/run/token" }, files);
    expect(JSON.stringify(loaded) + describeConfigTable(loaded)).not.toContain("canary");
    expect(restOf({ OANDA_TOKEN_FILE: "/run/token" }, files).token?.reveal()).toBe("canary");
  });

  test("readRestFeed() refuses what has another form, all at once", () => {
    const problems = problemsWith({
      OANDA_URL: "wss://h",
      OANDA_POLL_INTERVAL_MS: "49",
      OANDA_TIMEOUT_MS: "30001",
      OANDA_MAX_BODY_BYTES: "1023",
      OANDA_PUBLISH_UNCHANGED: "true",
      OANDA_ACCOUNT: "a b",
    });
    expect(problems.map((problem) => /^Cannot use OANDA_(\S+) as it must (.*?): /.exec(problem)?.slice(1))).toEqual([
      ["URL", "be an http:// or https:// URL"],
      ["POLL_INTERVAL_MS", "be >= 50"],
      ["TIMEOUT_MS", "be <= 30000"],
      ["MAX_BODY_BYTES", "be >= 1024"],
      ["PUBLISH_UNCHANGED", "be one of off, on"],
      ["ACCOUNT", "be 1 to 256 printable ASCII characters without spaces"],
    ]);
  });

  test("readRestFeed() refuses variables of other transports", () => {
    for (const key of ["PING_INTERVAL_MS", "HOST", "PASSWORD"]) {
      expect(problemsWith({ [`OANDA_${key}`]: "1000" })[0]).toContain(`Cannot use OANDA_${key} as it must be a known`);
    }
  });
});

describe("readRestFeed() URL", () => {
  test("readRestFeed() keeps a URL as it was written", () => {
    for (const url of ["https://h.example", "http://127.0.0.1:1/v3/", "HTTPS://[::1]:9/x"]) {
      expect(restOf({ OANDA_URL: url })).toMatchObject({ url });
    }
  });

  test("readRestFeed() refuses what paths cannot be put behind, and hides what may be secret", () => {
    const wanted = (url: string) => {
      const [problem = ""] = problemsWith({ OANDA_URL: url });
      expect(problem).not.toContain("canary");
      return /must (.*?): /.exec(problem)?.[1];
    };
    for (const url of ["h:443", "https//h", "https:h", "https://", "https://h\tx", "https://h:99999", "https://ü"]) {
      expect(wanted(url)).toBe("be an http:// or https:// URL");
    }
    expect(wanted("https://canary:canary@h")).toBe("hold no user and no password");
    for (const url of ["https://h/?token=canary", "https://h/#canary", "https://h?", "https://h#"]) {
      expect(wanted(url)).toBe("have no query (?) and no fragment (#)");
    }
    expect(wanted(`https://h/${"x".repeat(2048)}`)).toBe("have at most 2048 characters");
  });

  test("readRestFeed() warns of what travels unencrypted, but not within this machine", () => {
    expect(warningsOf({ ...OANDA, OANDA_URL: "http://h.example" })).toEqual([
      "OANDA_URL is http://: the prices of feed oanda travel unencrypted",
    ]);
    expect(warningsOf({ ...OANDA, OANDA_URL: "http://h.example", OANDA_TOKEN: "canary" })).toEqual([
      "OANDA_URL is http://: the token and the prices of feed oanda travel unencrypted",
    ]);
    for (const url of ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1", "https://h.example"]) {
      expect(warningsOf({ ...OANDA, OANDA_URL: url, OANDA_TOKEN: "canary" })).toEqual([]);
    }
  });

  test("readRestFeed() refuses authorities that cannot be read, and any without TLS", () => {
    const start = "Cannot use OANDA_TLS_CA_FILE as it must ";
    expect(problemsWith({ OANDA_TLS_CA_FILE: "/none" })[0]).toStartWith(`${start}name a PEM file`);
    expect(problemsWith({ OANDA_TLS_CA_FILE: "/ca" }, { "/ca": "text" })[0]).toContain('there is none in "/ca"');
    expect(problemsWith({ OANDA_TLS_CA_FILE: "/ca", OANDA_URL: "http://127.0.0.1:1" }, { "/ca": PEM })).toEqual([
      `${start}not be set unless OANDA_URL is https://: it is set`,
    ]);
  });
});
