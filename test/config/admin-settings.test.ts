import { describe, expect, test } from "bun:test";
import { configOf, problemsOf, warningsOf } from "./fixtures.ts";

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\n";
const KEY = "-----BEGIN PRIVATE KEY-----\n";
const TOKEN = "0123456789abcdef";
const TLS = { ADMIN_TLS: "true", ADMIN_TLS_CERT_FILE: "/cert", ADMIN_TLS_KEY_FILE: "/key" };
const FILES = { "/cert": CERTIFICATE, "/key": KEY, "/ca": CERTIFICATE };

describe("readAdmin()", () => {
  test("refuses an address others can reach without a token and without client certificates", () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "edge-1"]) {
      const [problem] = problemsOf({ ADMIN_HOST: host });
      expect(problem).toContain("must be loopback unless ADMIN_TOKEN or ADMIN_TLS_CLIENT_CA_FILE is set");
    }
    for (const host of ["127.0.0.1", "::1", "localhost"]) expect(problemsOf({ ADMIN_HOST: host })).toEqual([]);
    expect(problemsOf({ ADMIN_HOST: "0.0.0.0", ...TLS }, FILES)).toHaveLength(1);
  });

  test("takes such an address with a token, or with client certificates", () => {
    expect(problemsOf({ ADMIN_HOST: "0.0.0.0", ADMIN_TOKEN: `ops:${TOKEN}` })).toEqual([]);
    const { admin } = configOf({ ADMIN_HOST: "0.0.0.0", ...TLS, ADMIN_TLS_CLIENT_CA_FILE: "/ca" }, FILES);
    expect(admin.tls?.clientCa?.pem).toBe(CERTIFICATE);
    expect(admin.tls?.key.pem.reveal()).toBe(KEY);
    expect(warningsOf({ ADMIN_HOST: "0.0.0.0", ...TLS, ADMIN_TLS_CLIENT_CA_FILE: "/ca" }, FILES)).toEqual([]);
  });

  test("reads one name:token per line of the file", () => {
    const text = `ann:${TOKEN}1\n\n  bob@desk:${TOKEN}:2\n`;
    const { admin } = configOf({ ADMIN_TOKEN_FILE: "/tokens" }, { "/tokens": text });
    expect(admin.tokens.map(({ name, token }) => [name, token.reveal()])).toEqual([
      ["ann", `${TOKEN}1`],
      ["bob@desk", `${TOKEN}:2`],
    ]);
  });

  test("refuses tokens that are short, without name, with blanks or there twice, and shows none of them", () => {
    const wrong = [
      "ann:short",
      TOKEN,
      `:${TOKEN}`,
      `ann:${TOKEN} x`,
      `ann:${TOKEN}\nann:${TOKEN}1`,
      `a:${TOKEN}\nb:${TOKEN}`,
    ];
    for (const text of wrong) {
      const problems = problemsOf({ ADMIN_TOKEN: text });
      expect([text, problems.length]).toEqual([text, 1]);
      expect(problems[0]).not.toContain(TOKEN);
    }
  });

  test("asks for the certificate where TLS is on, and for TLS where a certificate is named", () => {
    expect(problemsOf({ ADMIN_TLS: "true" })).toHaveLength(1);
    expect(problemsOf({ ADMIN_TLS_CERT_FILE: "/cert", ADMIN_TLS_KEY_FILE: "/key" }, FILES)).toHaveLength(2);
    expect(problemsOf({ ADMIN_TLS_CLIENT_CA_FILE: "/ca" }, FILES)[0]).toContain("ADMIN_TLS is true");
  });
});

describe("readWebSocketFeed() authorities", () => {
  test("reads the file of <FEED>_TLS_CA_FILE", () => {
    const feed = configOf({ FEEDS: "kraken", KRAKEN_TLS_CA_FILE: "/ca", KRAKEN_SYMBOLS: "BTC/USD" }, FILES).feeds[0];
    expect(feed).toMatchObject({ name: "kraken", ca: { path: "/ca", pem: CERTIFICATE } });
  });

  test("refuses a file that holds no certificate, and one beside a URL that is not encrypted", () => {
    const env = { FEEDS: "kraken", KRAKEN_TLS_CA_FILE: "/key", KRAKEN_SYMBOLS: "BTC/USD" };
    expect(problemsOf(env, FILES)[0]).toContain("KRAKEN_TLS_CA_FILE");
    const plain = problemsOf({ ...env, KRAKEN_TLS_CA_FILE: "/ca", KRAKEN_URL: "ws://127.0.0.1:1/" }, FILES);
    expect(plain).toEqual([
      "Cannot use KRAKEN_TLS_CA_FILE as it must not be set unless KRAKEN_URL is wss://: it is set",
    ]);
  });
});
