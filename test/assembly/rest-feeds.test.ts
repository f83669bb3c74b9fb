import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { checkFeed, type FeedCheck } from "../../src/assembly/check-feed.ts";
import { configSecrets } from "../../src/assembly/config-secrets.ts";
import { createAdapter } from "../../src/assembly/create-adapter.ts";
import { renderProblems } from "../../src/config/problems.ts";
import { FakeRestServer, type RestAnswer } from "../harness/fake-rest-server.ts";
import { adapterParts, type Env, prepare, restFeed } from "./prepared-feeds.ts";

const OANDA = { FEEDS: "oanda", OANDA_SYMBOLS: "EUR_USD", OANDA_ACCOUNT: "101-001", OANDA_TOKEN: "canary-token" };
let server: FakeRestServer;

beforeEach(() => {
  server = new FakeRestServer();
});

afterEach(() => server.stop());

async function problemsOf(env: Env, files: Env = {}): Promise<string[]> {
  const { problems } = await prepare(env, files);
  return renderProblems(problems).split("\n").slice(0, -1);
}

describe("prepareFeeds() of REST feeds", () => {
  test("prepareFeeds() takes the feed's own settings into the venue", async () => {
    const { venue, transport } = await restFeed({
      ...OANDA,
      OANDA_URL: "https://api-fxpractice.oanda.com/",
      OANDA_POLL_INTERVAL_MS: "20000",
      OANDA_TIMEOUT_MS: "2000",
      OANDA_MAX_BODY_BYTES: "65536",
    });
    expect(transport).toBe("rest");
    expect(venue.target).toBe("https://api-fxpractice.oanda.com/v3/accounts/{account}/pricing");
    expect(venue.polling).toMatchObject({ intervalMs: 20_000, timeoutMs: 2000, maxBodyBytes: 65_536 });
    expect(venue.limits).toMatchObject({ staleAfterMs: 42_000, deadAfterMs: 88_000 });
  });

  test("prepareFeeds() wants account and token where the profile does, all at once", async () => {
    expect(await problemsOf({ FEEDS: "oanda", OANDA_SYMBOLS: "EUR_USD", OANDA_STALE_AFTER_MS: "1000" })).toEqual([
      'Cannot use OANDA_STALE_AFTER_MS as it must be > 1000, the interval of the polls: current value is "1000"',
      "Cannot use OANDA_ACCOUNT as it must be set, as oanda wants it: it is not set",
      "Cannot use OANDA_TOKEN as it must be set, as oanda wants it: it is not set",
    ]);
  });

  test("prepareFeeds() refuses account and token where the profile has no use for them", async () => {
    const env = { FEEDS: "kr", KR_VENUE: "kraken-rest", KR_SYMBOLS: "XBTUSD", KR_ACCOUNT: "1", KR_TOKEN: "canary" };
    expect(await problemsOf(env)).toEqual([
      "Cannot use KR_ACCOUNT as it must not be set, as kraken-rest has no use for it: it is set",
      "Cannot use KR_TOKEN as it must not be set, as kraken-rest has no use for it: it is set",
    ]);
  });

  test("prepareFeeds() refuses a token that is no header, without showing it", async () => {
    for (const token of ["canary canary", "canary\ncanary", "canarü"]) {
      expect(await problemsOf({ ...OANDA, OANDA_TOKEN: token })).toEqual([
        "Cannot use OANDA_TOKEN as it must hold printable ASCII characters without spaces and line ends: it holds others",
      ]);
    }
  });

  test("prepareFeeds() names the symbols the venue cannot have", async () => {
    expect((await problemsOf({ ...OANDA, OANDA_SYMBOLS: "EUR/USD" }))[0]).toContain(
      'Cannot use OANDA_SYMBOLS as it must name symbols the venue takes: Cannot use the symbols: "EUR/USD" is not a symbol',
    );
  });

  test("configSecrets() holds the token", async () => {
    expect(configSecrets((await prepare(OANDA)).config)).toEqual(["canary-token"]);
  });
});

describe("createAdapter() of a REST feed", () => {
  test("createAdapter() puts every setting where it belongs in the request", async () => {
    const feed = await restFeed({ ...OANDA, OANDA_URL: server.url });
    const parts = adapterParts();
    const adapter = createAdapter(feed, parts);
    expect(adapter).toMatchObject({ transport: "rest", target: `${server.url}/v3/accounts/{account}/pricing` });
    expect(parts.budget.status().map(({ host }) => `http://${host}`)).toEqual([server.url]);
    server.onRequest = () => ({ kind: "answer", status: 401 });
    await check({ ...OANDA, OANDA_URL: server.url });
    const [request] = server.requests;
    expect(request?.target).toBe("/v3/accounts/101-001/pricing?instruments=EUR_USD");
    expect(request?.headers.get("authorization")).toBe("Bearer canary-token");
    expect(request?.headers.get("user-agent")).toStartWith("edge-ingester/");
  });
});

/** One try of a feed. */
async function check(env: Env): Promise<FeedCheck> {
  return await checkFeed(await restFeed(env), adapterParts());
}

describe("checkFeed() of a REST feed", () => {
  const binance = () => ({
    FEEDS: "b",
    B_VENUE: "binance-rest",
    B_SYMBOLS: "BTCUSDT,ETHUSDT",
    B_URL: server.url,
    B_POLL_INTERVAL_MS: "50",
  });
  const quoteOf = (symbol: string) => ({ symbol, bidPrice: "1.10", bidQty: "2", askPrice: "1.20", askQty: "3" });

  function answerWith(answer: RestAnswer): void {
    server.onRequest = () => answer;
  }

  test("checkFeed() waits for a quote of every symbol", async () => {
    answerWith({ kind: "answer", body: JSON.stringify([quoteOf("BTCUSDT"), quoteOf("ETHUSDT")]) });
    const row = await check(binance());
    expect(row).toMatchObject({ subject: "feed b", variable: "B_URL", isGood: true });
    expect(row.detail).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/api\/v3\/ticker\/bookTicker: 2 of 2 symbols quoted in \d+ ms$/,
    );
  });

  test("checkFeed() blames the symbols where one is refused", async () => {
    server.onRequest = ({ query }) => {
      const symbols = JSON.parse(query.get("symbols") ?? "[]") as string[];
      return symbols.includes("ETHUSDT")
        ? { kind: "answer", status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' }
        : { kind: "answer", body: JSON.stringify(symbols.map(quoteOf)) };
    };
    const row = await check(binance());
    expect(row).toMatchObject({ variable: "B_SYMBOLS", isGood: false });
    expect(row.detail).toContain("1 of 2 symbols quoted");
    expect(row.detail).toContain("ETHUSDT refused: -1121: Invalid symbol.");
  });

  test("checkFeed() blames the token where the venue does not take it, and the URL where nobody listens", async () => {
    answerWith({ kind: "answer", status: 401, body: '{"errorMessage":"Insufficient authorization"}' });
    const row = await check({ ...OANDA, OANDA_URL: server.url });
    expect(row).toMatchObject({ variable: "OANDA_TOKEN", isGood: false });
    expect(row.detail).toContain("Insufficient authorization");
    const url = server.url;
    server.stop();
    expect(await check({ ...binance(), B_URL: url })).toMatchObject({ variable: "B_URL", isGood: false });
  });

  test("checkFeed() blames what bounds the answers", async () => {
    answerWith({ kind: "answer", body: " ".repeat(2000) });
    expect(await check({ ...binance(), B_MAX_BODY_BYTES: "1024" })).toMatchObject({ variable: "B_MAX_BODY_BYTES" });
    answerWith({ kind: "hold" });
    expect(await check({ ...binance(), B_TIMEOUT_MS: "100" })).toMatchObject({ variable: "B_TIMEOUT_MS" });
  });
});
