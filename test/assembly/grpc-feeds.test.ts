import { afterAll, describe, expect, test } from "bun:test";
import { checkFeed, type FeedCheck } from "../../src/assembly/check-feed.ts";
import { configSecrets } from "../../src/assembly/config-secrets.ts";
import { createAdapter } from "../../src/assembly/create-adapter.ts";
import { renderProblems } from "../../src/config/problems.ts";
import { PLAIN_PROTO, PlainGrpcServer, plainEvent } from "../harness/grpc-plain-venue.ts";
import { adapterParts, type Env, grpcFeed, prepare } from "./prepared-feeds.ts";

const FINAM = { FEEDS: "finam", FINAM_SYMBOLS: "SBER@MISX", FINAM_TOKEN: "canary-token" };

const PLAIN_PROFILE = {
  transport: "grpc",
  name: "plain",
  description: "Plain words",
  tls: "optional",
  proto: ["/protos/plain.proto"],
  method: "plain.Quotes/Talk",
  metadata: { authorization: "Bearer {token}" },
  symbols: { default: ["A"] },
  subscribe: { symbols: "{symbols}" },
  ackTimeoutMs: 500,
  messages: [
    {
      kind: "quote",
      when: { quote: { is: "present" } },
      quote: { symbol: "quote.symbol", bid: { price: "quote.bid" }, ask: { price: "quote.ask" } },
    },
    {
      kind: "ack",
      when: { answer: { is: "present" } },
      symbol: "answer.symbol",
      success: { "answer.refusal": "" },
      reason: ["answer.refusal"],
    },
  ],
};

const server = await PlainGrpcServer.start();

afterAll(() => server.stop());

const PLAIN = {
  FEEDS: "p",
  P_PROFILE: "/plain.json",
  P_SYMBOLS: "A,B",
  P_ADDRESS: `127.0.0.1:${server.port}`,
  P_TLS: "off",
  P_TOKEN: "canary-token",
};

function plainFiles(changes: object = {}, proto = PLAIN_PROTO): Env {
  return { "/plain.json": JSON.stringify({ ...PLAIN_PROFILE, ...changes }), "/protos/plain.proto": proto };
}

async function problemsOf(env: Env, files: Env = {}): Promise<string[]> {
  const { problems } = await prepare(env, files);
  return renderProblems(problems).split("\n").slice(0, -1);
}

describe("prepareFeeds() of gRPC feeds", () => {
  test("prepareFeeds() takes the profile's address and the feed's own settings, and reads the profile's files", async () => {
    const feed = await grpcFeed({ ...FINAM, FINAM_KEEPALIVE_MS: "20000", FINAM_FIRST_MESSAGE_MS: "0" });
    expect(feed.address).toBe("api.finam.ru:443");
    expect(feed.venue).toMatchObject({ keepalive: { everyMs: 20_000, timeoutMs: 10_000 }, firstMessageMs: 0 });
    expect(feed.schema === null ? null : feed.venue.bind(feed.schema)).toMatchObject({
      path: "/grpc.tradeapi.v1.marketdata.MarketDataService/SubscribeQuote",
      streaming: "server",
    });
    expect((await grpcFeed({ ...FINAM, FINAM_ADDRESS: "10.0.0.1:443" })).address).toBe("10.0.0.1:443");
  });

  test("prepareFeeds() wants address, token and TLS where the profile does", async () => {
    expect(await problemsOf({ FEEDS: "q", Q_VENUE: "quotes-units", Q_SYMBOLS: "SBER" })).toEqual([
      "Cannot use Q_ADDRESS as it must be set, as quotes-units has no address of its own: it is not set",
    ]);
    expect(await problemsOf({ FEEDS: "finam", FINAM_SYMBOLS: "SBER", FINAM_TLS: "off" })).toEqual([
      'Cannot use FINAM_SYMBOLS as it must name symbols the venue takes: "SBER" is not a symbol of finam: want one like ' +
        '"SBER@MISX"',
      "Cannot use FINAM_TLS as it must be on: it is off, and finam takes TLS only",
      "Cannot use FINAM_TOKEN as it must be set, as finam wants it: it is not set",
    ]);
    const tunnel = { ...FINAM, FINAM_TLS: "off", FINAM_ADDRESS: "localhost:8443" };
    expect((await grpcFeed(tunnel)).config.tls).toBeNull();
  });

  test("prepareFeeds() refuses a token that no venue wants, and one that is no metadata", async () => {
    const units = { FEEDS: "q", Q_VENUE: "quotes-units", Q_SYMBOLS: "SBER", Q_ADDRESS: "h:1", Q_TOKEN: "canary" };
    expect(await problemsOf(units)).toEqual([
      "Cannot use Q_TOKEN as it must not be set, as quotes-units has no use for it: it is set",
    ]);
    expect(await problemsOf({ ...FINAM, FINAM_TOKEN: "canary\ncanary" })).toEqual([
      "Cannot use FINAM_TOKEN as it must hold printable ASCII characters without spaces and line ends: it holds others",
    ]);
  });

  test("prepareFeeds() reads the feed's own .proto files in place of the profile's", async () => {
    const feed = await grpcFeed(
      { ...PLAIN, P_PROTO_PATH: "own.proto", P_PROTO_INCLUDE: "/own" },
      {
        ...plainFiles({ proto: "reflection" }),
        "/own/own.proto": PLAIN_PROTO,
      },
    );
    expect(feed.schema).not.toBeNull();
  });

  test("prepareFeeds() leaves what the venue's reflection tells for later", async () => {
    expect((await grpcFeed(PLAIN, plainFiles({ proto: "reflection" }))).schema).toBeNull();
  });

  test("prepareFeeds() names what is wrong with .proto files, with file and line", async () => {
    const files = plainFiles({}, `import "missing.proto";\n${PLAIN_PROTO}`);
    const [missing = ""] = await problemsOf(PLAIN, files);
    expect(missing).toStartWith("Cannot use P_PROFILE as it must name .proto files that hold what the profile names: ");
    expect(missing).toContain('/protos/plain.proto:1: import "missing.proto" was not found');
    const [absent = ""] = await problemsOf({ ...FINAM, FINAM_PROTO_PATH: "/none.proto" });
    expect(absent).toStartWith("Cannot use FINAM_PROTO_PATH as it must name .proto files");
    expect(absent).toContain("/none.proto: there is no such file");
  });

  test("prepareFeeds() names what the profile has and the files do not", async () => {
    const [method = ""] = await problemsOf(PLAIN, plainFiles({ method: "plain.Quotes/Talc" }));
    expect(method).toContain("Cannot use P_PROFILE");
    expect(method).toContain("Talk");
    const [field = ""] = await problemsOf(PLAIN, plainFiles({ subscribe: { simbols: "{symbols}" } }));
    expect(field).toContain("subscribe.simbols");
    const [own = ""] = await problemsOf({ ...FINAM, FINAM_PROTO_PATH: "/protos/plain.proto" }, plainFiles());
    expect(own).toContain("Cannot use FINAM_PROTO_PATH");
  });

  test("configSecrets() holds token and key", async () => {
    expect(configSecrets((await prepare(FINAM)).config)).toEqual(["canary-token"]);
  });
});

/** One try of the plain venue. */
async function check(more: Env = {}, changes: object = {}): Promise<FeedCheck> {
  return await checkFeed(await grpcFeed({ ...PLAIN, ...more }, plainFiles(changes)), adapterParts());
}

describe("checkFeed() of a gRPC feed", () => {
  function answer(refused: readonly string[]): void {
    server.onRequest = (call, { symbols }) => {
      for (const symbol of symbols) {
        const refusal = refused.includes(symbol) ? "no such symbol" : "";
        call.write(plainEvent({ answer: { symbol, refusal } }));
        if (refusal === "") call.write(plainEvent({ quote: { symbol, bid: "1.10", ask: "1.20" } }));
      }
    };
  }

  test("checkFeed() waits for a quote of every symbol", async () => {
    answer([]);
    const row = await check();
    expect(row).toMatchObject({ subject: "feed p", variable: "P_ADDRESS", isGood: true });
    expect(row.detail).toMatch(/^127\.0\.0\.1:\d+: 2 of 2 symbols quoted in \d+ ms$/);
    const [call] = server.calls;
    expect(call?.metadata.get("authorization") ?? ["Bearer canary-token"]).toEqual(["Bearer canary-token"]);
  });

  test("checkFeed() blames the symbols where one is refused", async () => {
    answer(["B"]);
    const row = await check();
    expect(row).toMatchObject({ variable: "P_SYMBOLS", isGood: false });
    expect(row.detail).toContain("B refused: no such symbol");
  });

  test("checkFeed() blames the token, the address, the definition", async () => {
    server.onRequest = (call) => call.emit("error", { code: 16, details: "no such token canary" });
    expect(await check()).toMatchObject({ variable: "P_TOKEN", isGood: false });
    answer([]);
    expect(await check({ P_ADDRESS: "127.0.0.1:1" })).toMatchObject({ variable: "P_ADDRESS", isGood: false });
    // The server has no such service: it knows plain.Quotes alone.
    const proto = PLAIN_PROTO.replaceAll("service Quotes", "service Other");
    const feed = await grpcFeed(PLAIN, plainFiles({ method: "plain.Other/Talk" }, proto));
    expect(await checkFeed(feed, adapterParts())).toMatchObject({ variable: "P_PROFILE", isGood: false });
    expect(await check({}, { proto: "reflection" })).toMatchObject({ variable: "P_PROFILE", isGood: false });
  });

  test("createAdapter() names where it connects to", async () => {
    const feed = await grpcFeed(PLAIN, plainFiles());
    expect(createAdapter(feed, adapterParts())).toMatchObject({ transport: "grpc", target: PLAIN.P_ADDRESS });
  });

  test("createAdapter() reads the token's file anew where the venue does not take the token", async () => {
    const { P_TOKEN: _, ...env } = { ...PLAIN, P_TOKEN_FILE: "/run/token" };
    const feed = await grpcFeed(env, { ...plainFiles(), "/run/token": "stale-token\n" });
    const seen: unknown[] = [];
    server.onRequest = (call, { symbols }) => {
      const [token] = call.metadata.get("authorization");
      seen.push(token);
      if (token !== "Bearer fresh-token") call.emit("error", { code: 16, details: "expired" });
      else for (const symbol of symbols) call.write(plainEvent({ quote: { symbol, bid: "1", ask: "2" } }));
    };
    const parts = {
      ...adapterParts(),
      readSecret: async (path: string) => (path === "/run/token" ? "fresh-token" : null),
    };
    expect(await checkFeed(feed, parts)).toMatchObject({ isGood: true });
    expect(new Set(seen)).toEqual(new Set(["Bearer stale-token", "Bearer fresh-token"]));
  });
});
