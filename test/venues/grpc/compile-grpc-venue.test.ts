import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadProtoFiles } from "../../../src/adapters/grpc/load-proto-files.ts";
import { compileGrpcVenue } from "../../../src/venues/grpc/compile-grpc-venue.ts";
import { EMBEDDED_PROTOS } from "../../../src/venues/grpc/embedded-protos.ts";
import { findGrpcProfileProblems } from "../../../src/venues/grpc/grpc-profile-checks.ts";
import { grpcProfileSchema } from "../../../src/venues/grpc/grpc-profile-schema.ts";
import { bindEverything, everythingProfile, loadEverything, quoteRule } from "./grpc-test-venue.ts";

const { schema, encode } = await loadEverything();

function problemsOf(changes: object): string {
  try {
    bindEverything(schema, changes);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

const ASK = { price: "one.ask" };

describe("bind(): what does not fit is told", () => {
  test.each([
    [
      "a field that is not there",
      { bid: { price: "one.bidd" }, ask: ASK },
      'bid.price: message t.Quote has no field "bidd": it has symbol, bid, ask',
    ],
    [
      "a double",
      { bid: { price: "one.bid_double" }, ask: ASK },
      "bid_double is a double, which cannot hold a price exactly",
    ],
    ["an integer as text", { bid: { price: "one.bid_scaled" }, ask: ASK }, 'kind "scaled" reads whole numbers'],
    ["units and nano as text", { bid: { price: "one.bid_money" }, ask: ASK }, 'kind "unitsNano" reads it'],
    ["a decimal as text", { bid: { price: "one.bid_decimal" }, ask: ASK }, 'kind "decimal" reads it'],
    [
      "text as a scaled integer",
      { bid: { price: { path: "one.bid", kind: "scaled" } }, ask: ASK },
      "a whole number is wanted",
    ],
    ["text as units and nano", { bid: { price: { path: "one.bid", kind: "unitsNano" } }, ask: ASK }, "has no fields"],
    ["a list without *", { bid: { price: "quotes.bid" }, ask: ASK }, "write quotes.* for each element"],
    [
      "levels that are no list",
      { bid: { levels: "one.time", price: "price" }, ask: ASK },
      "one.time is no list of messages",
    ],
    [
      "a stamp of another kind",
      { bid: { price: "one.bid" }, ask: ASK, time: { path: "one.time_ns", format: "iso8601" } },
      'holds no time of format "iso8601"',
    ],
    [
      "a stamp that is none",
      { bid: { price: "one.bid" }, ask: ASK, time: { path: "one.bid_money", format: "timestamp" } },
      'has no field "seconds"',
    ],
    ["a map", { bid: { price: "tags" }, ask: ASK }, "tags is a map, which is not supported"],
    ["a symbol that is no string", { symbol: "code", bid: { price: "one.bid" }, ask: ASK }, "a symbol is a string"],
  ])("%s", (_, mapping, wanted) => {
    expect(problemsOf(quoteRule(mapping))).toContain(wanted);
  });

  test("all at once", () => {
    const problems = problemsOf({
      subscribe: { symbol: "{symbols}", depth: "deep" },
      ...quoteRule({ bid: { price: "one.nope" }, ask: { price: "one.neither" } }),
    });
    for (const wanted of ['has no field "symbol"', '"deep" is no int32', '"nope"', '"neither"'])
      expect(problems).toContain(wanted);
  });

  test.each([
    [{ when: { mode: "HALF" } }, 'never "HALF": it is one of NONE, FULL'],
    [{ when: { beat: "yes" } }, "beat is of type bool and never"],
    [{ when: { code: { is: "present" } } }, "is never said to be absent"],
    [{ when: { numbers: 5 } }, "it can only be present or absent"],
  ])("a condition %p", (rule, wanted) => {
    const { messages } = quoteRule({ bid: { price: "one.bid" }, ask: ASK }) as { messages: object[] };
    expect(problemsOf({ messages: [{ kind: "ignore", ...rule }, ...messages] })).toContain(wanted);
  });

  test("a service, or a method, that is not there: the near ones are named", () => {
    const venue = (method: string) => () => compileGrpcVenue(everythingProfile({ method })).bind(schema);
    expect(venue("t.R/Watch")).toThrow("there is no service t.R: it has t.S");
    expect(venue("t.S/Wotch")).toThrow("service t.S has no method Wotch: it has Watch");
    expect(venue("t.S/Once")).toThrow("it answers once and streams nothing");
  });

  test("a request that does not fit", () => {
    const cases = [
      [{ symbols: "{symbols}", mode: "HALF" }, '"HALF" is no Mode'],
      [{ symbols: ["{symbols}"], depth: 3_000_000_000 }, "is no int32"],
      [{ symbols: "{symbols}", inner: 5 }, "wanted an object for t.Inner"],
      [{ symbols: "{symbols}", depth: [1] }, "wanted one value"],
      [{ symbols: "{symbols}", tags: {} }, "not supported"],
    ] as const;
    for (const [subscribe, wanted] of cases)
      expect(problemsOf({ subscribe })).toContain(wanted.replace("Mode", "enum"));
  });

  test("what one request cannot hold: an unsubscribe and a reply on a server-streaming call", () => {
    expect(problemsOf({ unsubscribe: { symbols: "{symbols}" } })).toContain("the call takes one request only");
    const { messages } = quoteRule({ bid: { price: "one.bid" }, ask: ASK }) as { messages: object[] };
    const ping = { kind: "heartbeat", when: { beat: true }, reply: { nonce: "{nonce}" } };
    expect(problemsOf({ messages: [ping, ...messages] })).toContain("reply: the call takes one request only");
    expect(problemsOf({ method: "t.S/Talk", messages: [ping, ...messages] })).toBe("");
  });
});

describe("requests and control messages", () => {
  const rules = [
    {
      kind: "ack",
      when: { answers: { is: "present" } },
      symbol: "answers.list.*.symbol",
      success: { "answers.list.*.mode": "FULL" },
      reason: ["answers.list.*.why"],
    },
    { kind: "heartbeat", when: { beat: true }, reply: { nonce: "{nonce}", depth: 1 } },
    { kind: "refusal", when: { code: 5 }, reason: ["failure"] },
    { kind: "reconnect", when: { code: 6 }, reason: ["failure"] },
    { kind: "fatal", when: { code: 7 }, reason: ["failure"], isRateLimit: true },
    { kind: "quote", when: {}, quote: { symbol: "one.symbol", bid: { price: "one.bid" }, ask: ASK } },
  ];
  const stream = bindEverything(schema, {
    method: "t.S/Talk",
    subscribe: {
      symbols: { $each: "x:{symbol}" },
      mode: "FULL",
      inner: { share: 0.5, key: "AQI=", flag: true, far: "-2" },
    },
    limits: { symbolsPerRequest: 2 },
    messages: rules,
  });

  test("subscribeRequests() splits by symbolsPerRequest", () => {
    const requests = stream.subscribeRequests(["A", "B", "C"]);
    expect(requests.map(({ symbols }) => symbols)).toEqual([["A", "B"], ["C"]]);
    expect(Buffer.from(requests[1].message).toString("latin1")).toContain("x:C");
    expect(stream.unsubscribeRequests(["A"])).toEqual([]);
  });

  test("readControl() says what a message means", () => {
    stream.subscribeRequests(["A", "B", "C"]);
    const list = [{ symbol: "A", mode: "FULL" }, { symbol: "B", why: "no\nsuch" }, { symbol: "Z" }];
    expect(stream.readControl(encode({ answers: { list } }))).toEqual({
      kind: "answers",
      acked: ["A"],
      refused: [{ symbol: "B", reason: "no such" }],
    });
    expect(stream.readControl(encode({ beat: true, nonce: "18446744073709551615" }))).toEqual({
      kind: "reply",
      message: Uint8Array.from([0x30, ...Array(9).fill(0xff), 1, 0x10, 1]),
    });
    expect(stream.readControl(encode({ code: 5, failure: "bad" }))).toEqual({ kind: "refusal", reason: "bad" });
    expect(stream.readControl(encode({ code: 6, failure: "bye" }))).toEqual({ kind: "reconnect", reason: "bye" });
    expect(stream.readControl(encode({ code: 7, failure: "slow" }))).toMatchObject({
      kind: "fatal",
      isRateLimit: true,
    });
    expect(stream.readControl(Buffer.from([0xff]))).toEqual({ kind: "none" });
    expect(stream.readControl(encode({}))).toEqual({ kind: "none" });
  });
});

describe("profiles", () => {
  test.each(["finam", "quotes-units", "quotes-book"])("%s fits its .proto", async (name) => {
    const file = join(import.meta.dir, `../../../config/venues/${name}.json`);
    const profile = grpcProfileSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    expect(profile.name).toBe(name);
    expect(findGrpcProfileProblems(profile)).toEqual([]);
    const files = { paths: profile.proto as string[], includes: [], embedded: EMBEDDED_PROTOS, readText: () => null };
    expect(compileGrpcVenue(profile).bind(await loadProtoFiles(files)).path).toBe(`/${profile.method}`);
  });

  test.each([
    [{ subscribe: { symbols: ["X"] } }, "subscribe: names no symbol"],
    [{ subscribe: { symbols: ["{symbol}"] } }, "needs limits.symbolsPerRequest 1"],
    [{ subscribe: { symbols: "{symbols}", depth: "{id}" } }, "may hold symbols only"],
    [{ ackTimeoutMs: 5 }, "must be 0 when no rule is of kind ack"],
    [{ sequence: { kind: "linked" } }, ".previousSequence: is needed"],
    [{ symbols: { default: ["a b"] } }, "is not a symbol of"],
    [{ symbols: { default: ["A"], pattern: "(" } }, "symbols.pattern"],
    [{ messages: [{ kind: "ignore", when: {} }] }, "must have a rule of kind quote"],
  ])("findGrpcProfileProblems() finds %p", (changes, wanted) => {
    expect(findGrpcProfileProblems(everythingProfile(changes)).join("; ")).toContain(wanted);
  });

  test.each([
    [{ address: "host" }],
    [{ address: "http://host:1" }],
    [{ method: "Service.Method" }],
    [{ metadata: { "x-bin": "a" } }],
    [{ metadata: { "x-a": "{secret}" } }],
    [{ proto: [] }],
    [{ surprise: 1 }],
  ])("the schema refuses %p", (changes) => {
    expect(() => everythingProfile(changes)).toThrow();
  });
});
