import { describe, expect, test } from "bun:test";
import { IngestError } from "../../src/domain/ingest-error.ts";
import { checkProfile, loadProfile } from "../../src/venues/load-profile.ts";
import { FLAT_QUOTE, type ProfileInput, testProfile } from "./test-profile.ts";

/** The message of the error that a profile causes. */
function problemOf(content: unknown): string {
  try {
    checkProfile(content, "lp.json");
  } catch (error) {
    expect(error).toBeInstanceOf(IngestError);
    expect((error as IngestError).code).toBe("config_invalid");
    expect((error as IngestError).retry).toBe("never");
    return (error as IngestError).message;
  }
  return "no problem";
}

const quoteRule = (quote: unknown) => [{ kind: "quote", when: {}, quote }] as ProfileInput["messages"];

describe("loadProfile()", () => {
  test("fills in the defaults", () => {
    const profile = loadProfile(JSON.stringify(testProfile()), "lp.json", "websocket");
    expect(profile.limits).toEqual({
      symbolsPerConnection: 10,
      symbolsPerRequest: 10,
      messageSpacingMs: 0,
      connects: { count: 10, windowMs: 10_000 },
      maxMessageBytes: 1_048_576,
      maxSessionMs: 0,
      deadAfterMs: 30_000,
      staleAfterMs: 15_000,
    });
    expect(profile.sequence).toEqual({
      kind: "none",
      isEqualDuplicate: true,
      scope: "symbol",
      resetValue: null,
      onGap: "continue",
    });
    expect(profile.ping).toBeNull();
  });

  test("says that a text is no JSON, and where it comes from", () => {
    expect(() => loadProfile("{", "lp.json", "websocket")).toThrow("Cannot use the venue profile lp.json: is no JSON");
  });

  test("names a member it does not know by its path", () => {
    expect(problemOf(testProfile({ limits: { symbolsPerConnection: 1, symbolPerRequest: 1 } as never }))).toBe(
      "Cannot use the venue profile lp.json: limits.symbolPerRequest: is not a name a profile knows",
    );
  });

  test("reports all problems of the shape at once", () => {
    const problem = problemOf({ ...testProfile(), url: "http://x", sequence: { kind: "rising" }, name: "Not A Name" });
    for (const path of ["url:", "sequence.kind:", "name:"]) expect(problem).toContain(path);
  });

  test("reports all problems of the meaning at once", () => {
    const problem = problemOf(testProfile({ sequence: { kind: "linked" }, ackTimeoutMs: 1000 }));
    expect(problem).toContain("messages.0.quote.sequence: is needed for sequence.kind linked");
    expect(problem).toContain("messages.0.quote.previousSequence: is needed");
    expect(problem).toContain("ackTimeoutMs: must be 0 when no rule is of kind ack");
  });

  test.each<[string, Partial<Record<keyof ProfileInput, unknown>>, string]>([
    [
      "a rule of an unknown kind",
      { messages: [{ kind: "trade", when: {} }] },
      "messages.0.kind: Must be quote, heartbeat",
    ],
    ["no rule for quotes", { messages: [{ kind: "ignore", when: {} }] }, "messages: must have a rule of kind quote"],
    [
      "a rule that matches nothing",
      { messages: [...quoteRule(FLAT_QUOTE), { kind: "ignore" }] },
      "messages.1: must have either when or frameText",
    ],
    [
      "a frame text that looks like JSON",
      { messages: [{ kind: "heartbeat", frameText: "{}" }] },
      "messages.0.frameText: Must not start with",
    ],
    ["an unknown placeholder", { subscribe: { a: "{symbl}" } }, "subscribe: Must use known placeholders only: {symbl}"],
    [
      "one symbol where several go",
      { subscribe: { a: "{symbol}" } },
      "subscribe: {symbol} outside $each needs limits.symbolsPerRequest 1",
    ],
    [
      "symbols in an opening",
      { opening: [{ op: "hello" }, { op: "sub", args: [{ $each: "x" }] }] },
      "opening.1: must not name symbols, as it is sent before them",
    ],
    [
      "an unknown placeholder in an opening",
      { opening: [{ op: "{who}" }] },
      "opening.0: Must use known placeholders only",
    ],
    [
      "an ack that lists, without a request to compare with",
      { messages: [...quoteRule(FLAT_QUOTE), { kind: "ack", when: {}, symbol: "s.*", othersRefused: true }] },
      "messages.1.othersRefused: needs id, to know what was asked for, and symbol",
    ],
    [
      "an answer with the id of a request",
      { messages: [...quoteRule(FLAT_QUOTE), { kind: "answer", when: {}, message: { id: "{id}" } }] },
      "messages.1.message: An answer may hold {value} only, which {id} is not",
    ],
    [
      "an answer that repeats nothing it knows",
      { messages: [...quoteRule(FLAT_QUOTE), { kind: "answer", when: {}, message: { pong: "{value}" } }] },
      "messages.1.value: is needed for the {value} in message",
    ],
    [
      "an answer with a value of no use",
      { messages: [...quoteRule(FLAT_QUOTE), { kind: "answer", when: {}, value: "ping", message: { pong: 1 } }] },
      "messages.1.value: is of no use without {value} in message",
    ],
    [
      "an ack by id without an id",
      { messages: [...quoteRule(FLAT_QUOTE), { kind: "ack", when: {}, id: "id" }] },
      "subscribe: must hold {id}",
    ],
    ["a symbol pattern that is none", { symbols: { default: ["A"], pattern: "(" } }, "symbols.pattern:"],
    [
      "a default symbol beside the pattern",
      { symbols: { default: ["a-b"], pattern: "^[A-Z]+$" } },
      'symbols.default: "a-b" is not a symbol',
    ],
    [
      "numbers counted over the connection",
      { sequence: { kind: "increasing", scope: "connection" } },
      "sequence.scope: Must be symbol",
    ],
    [
      "two ways to ping",
      { ping: { everyMs: 1, frame: true, text: "ping" } },
      "ping: Must have exactly one of frame, text, message",
    ],
    [
      "a path with an empty segment",
      { messages: quoteRule({ ...FLAT_QUOTE, symbol: "a..b" }) },
      "messages.0.quote.symbol: Must be a path",
    ],
    [
      "an array index out of reach",
      { messages: quoteRule({ ...FLAT_QUOTE, bid: { price: "b.8" } }) },
      "messages.0.quote.bid.price: Must be a path or { path, optional } (Must not use an array index above 7)",
    ],
    [
      "price beside levels",
      { messages: quoteRule({ ...FLAT_QUOTE, bid: { price: "b", levels: "c" } }) },
      "messages.0.quote.bid: Must have either price or levels",
    ],
    [
      "size beside levels",
      { messages: quoteRule({ ...FLAT_QUOTE, bid: { size: "b", levels: "c" } }) },
      "messages.0.quote.bid: Must not have size beside levels",
    ],
    [
      "two lists in one quote",
      { messages: quoteRule({ ...FLAT_QUOTE, bid: { price: "x.*.b" }, ask: { price: "y.*.a" } }) },
      "all * of a quote must stand for the same list",
    ],
    [
      "* in a condition",
      { messages: [{ kind: "quote", when: { "a.*": 1 }, quote: FLAT_QUOTE }] },
      "messages.0.when: Must not use * in a condition",
    ],
    [
      "a filter in a quote",
      { messages: quoteRule({ ...FLAT_QUOTE, symbol: "a.[b=c].s" }) },
      "[key=value] is for symbol, id and reason of other rules only",
    ],
    [
      "a condition that tests nothing",
      { messages: [{ kind: "quote", when: { a: {} }, quote: FLAT_QUOTE }] },
      "messages.0.when.a: Must test something",
    ],
    [
      "a template without the symbol",
      { messages: quoteRule({ ...FLAT_QUOTE, symbol: { path: "s", template: "x" } }) },
      "messages.0.quote.symbol.template: Must hold {symbol}",
    ],
    [
      "an unknown time format",
      { messages: quoteRule({ ...FLAT_QUOTE, time: { path: "t", format: "minutes" } }) },
      "messages.0.quote.time.format:",
    ],
  ])("refuses %s", (_, changes, expected) => {
    expect(problemOf(testProfile(changes as Partial<ProfileInput>))).toContain(expected);
  });

  test.each([[null], [1], ["text"], [[]], [{}]])("refuses %p as a profile", (content) => {
    expect(problemOf(content)).toContain("Cannot use the venue profile lp.json: ");
  });
});
