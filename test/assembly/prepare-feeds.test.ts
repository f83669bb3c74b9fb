import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { configSecrets } from "../../src/assembly/config-secrets.ts";
import { enabledFeeds } from "../../src/assembly/prepare-feeds.ts";
import { renderProblems } from "../../src/config/problems.ts";
import { testFixProfile } from "../venues/test-fix-profile.ts";
import { testProfile } from "../venues/test-profile.ts";
import { type Env, fixFeed, prepare } from "./prepared-feeds.ts";

const LP = {
  FEEDS: "lp",
  LP_HOST: "127.0.0.1",
  LP_PORT: "9880",
  LP_SENDER: "US",
  LP_TARGET: "THEM",
  LP_SYMBOLS: "EUR/USD",
};

const ED25519 = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const EC = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();

async function problemsOf(env: Env, files: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const { problems } = await prepare(env, files);
  return renderProblems(problems).split("\n").slice(0, -1);
}

describe("prepareFeeds()", () => {
  test("prepareFeeds() compiles feeds of both transports and numbers them densely", async () => {
    const { feeds } = await prepare({
      ...LP,
      FEEDS: "binance,lp,coinbase",
      LP_VENUE: "fix-generic",
      COINBASE_ENABLED: "false",
    });
    const enabled = enabledFeeds(feeds);
    expect(enabled.map(({ config, transport, feedIndex }) => [config.name, transport, feedIndex])).toEqual([
      ["binance", "websocket", 0],
      ["lp", "fix", 1],
    ]);
    expect(enabled.flatMap(({ instruments }) => instruments.map(({ id, feedIndex }) => [id, feedIndex]))).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 1],
    ]);
    expect(feeds.filter(({ feedIndex }) => feedIndex < 0).map(({ config }) => config.name)).toEqual([
      "coinbase",
      "lp-alpha",
    ]);
  });

  test("prepareFeeds() takes the hours of the profile where the feed has none of its own", async () => {
    const env = { ...LP, LP_VENUE: "fix-generic", LP_SESSION_DAYS: "Mon-Fri", LP_SESSION_START: "08:00" };
    expect((await fixFeed(env)).hours).toEqual({
      start: "08:00",
      end: "17:00",
      timeZone: "America/New_York",
      days: "Mon-Fri",
    });
  });

  test("prepareFeeds() takes depth and heartbeat of the feed into the venue", async () => {
    const { venue } = await fixFeed({ ...LP, LP_VENUE: "osl-fix", LP_SYMBOLS: "BTC/USD", LP_HEARTBEAT_S: "5" });
    expect(venue.limits).toMatchObject({ deadAfterMs: 15_000, staleAfterMs: 15_000 });
    expect(venue.book.isOneQuotePerSide).toBe(true);
  });

  test("prepareFeeds() reads a profile of its own", async () => {
    const files = { "/lp.json": JSON.stringify(testFixProfile()) };
    expect((await fixFeed({ ...LP, LP_PROFILE: "/lp.json" }, files)).venue.name).toBe("test-lp");
  });

  test("prepareFeeds() refuses a profile that is wrong, or of another transport", async () => {
    const env = { ...LP, LP_PROFILE: "/lp.json" };
    expect(await problemsOf(env, { "/lp.json": JSON.stringify(testFixProfile({ subscribe: ["263=1"] })) })).toEqual([
      "Cannot use LP_PROFILE as it must name a valid venue profile: Cannot use the venue profile /lp.json: " +
        "subscribe: 262 must hold {id}; subscribe: must hold {symbol}",
    ]);
    const seed = { BINANCE_PROFILE: "/lp.json" };
    expect((await problemsOf(seed, { "/lp.json": JSON.stringify(testFixProfile()) }))[0]).toContain(
      "transport: is fix, and the feed is one over websocket",
    );
    const lpAlpha = { LP_ALPHA_ENABLED: "true", LP_ALPHA_HOST: "h", LP_ALPHA_PORT: "1", LP_ALPHA_SENDER: "S" };
    const files = { "/ws.json": JSON.stringify(testProfile()) };
    expect((await problemsOf({ ...lpAlpha, LP_ALPHA_TARGET: "T", LP_ALPHA_PROFILE: "/ws.json" }, files))[0]).toContain(
      "transport: is websocket, and the feed is one over fix",
    );
  });

  test("prepareFeeds() reports all that settings and profile ask of each other at once", async () => {
    const env = {
      ...LP,
      LP_VENUE: "binance-fix",
      LP_HOST: "fix-md.binance.com",
      LP_DEPTH: "0",
      LP_HEARTBEAT_S: "120",
      LP_DICTIONARY: "/lp.xml",
    };
    expect(await problemsOf(env, { "/lp.xml": "<other/>" })).toEqual([
      'Cannot use LP_SYMBOLS as it must name symbols the venue takes: "EUR/USD" is not a symbol of binance-fix: want one ' +
        'like "BTCUSDT"',
      'Cannot use LP_DEPTH as it must be 1 to 5000 at binance-fix: current value is "0"',
      'Cannot use LP_HEARTBEAT_S as it must be 5 to 60 at binance-fix: current value is "120"',
      "Cannot use LP_TLS as it must be on: it is off, and binance-fix takes TLS only",
      "Cannot use LP_USERNAME as it must be set, as binance-fix wants it: it is not set",
      "Cannot use LP_PASSWORD as it must be set, as binance-fix wants it: it is not set",
      "Cannot use LP_DICTIONARY as it must name a FIX dictionary (QuickFIX XML): it holds no messages",
    ]);
  });

  test("prepareFeeds() lets a tunnel on this machine do the encryption, and takes a good dictionary", async () => {
    const env = { ...LP, LP_VENUE: "osl-fix", LP_SYMBOLS: "BTC/USD", LP_DICTIONARY: "/lp.xml" };
    expect((await fixFeed(env, { "/lp.xml": "<fix/>" })).settings.tls).toBeNull();
  });
});

describe("prepareFeeds() and the password of a FIX feed", () => {
  const binance = { ...LP, LP_VENUE: "binance-fix", LP_SYMBOLS: "BTCUSDT", LP_USERNAME: "key" };

  test("prepareFeeds() takes a key that can sign", async () => {
    expect(
      (await fixFeed({ ...binance, LP_PASSWORD_FILE: "/key" }, { "/key": ED25519 })).venue.logon.signature,
    ).not.toBeNull();
  });

  test("prepareFeeds() refuses another key, and what is none, without showing it", async () => {
    for (const password of [EC, "canary-canary", "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----"]) {
      const problems = await problemsOf({ ...binance, LP_PASSWORD: password });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toStartWith("Cannot use LP_PASSWORD as it must be a key that can sign the logon: ");
      expect(problems[0]).not.toContain("canary");
      expect(problems[0]).not.toContain(password.split("\n")[1] ?? "canary");
    }
  });

  test("prepareFeeds() refuses a password that would end its field", async () => {
    const problems = await problemsOf({ ...LP, LP_VENUE: "fix-generic", LP_PASSWORD: "canary\u000149=YOU" });
    expect(problems).toEqual([
      "Cannot use LP_PASSWORD as it must hold no control characters and no line ends: it does",
    ]);
  });

  test("configSecrets() lists the passwords and keys of FIX feeds", async () => {
    const pem = "-----BEGIN PRIVATE KEY-----\ncanary\n";
    const { config } = await prepare(
      {
        ...LP,
        LP_VENUE: "fix-generic",
        LP_PASSWORD: "canary",
        LP_TLS: "on",
        LP_TLS_CERT_FILE: "/cert",
        LP_TLS_KEY_FILE: "/key",
      },
      { "/cert": "-----BEGIN CERTIFICATE-----", "/key": pem },
    );
    expect(configSecrets(config)).toEqual(["canary", pem]);
  });
});
