// An oracle that cannot fail proves nothing: each kind of damage is done to a good run, and must be found.
import { describe, expect, test } from "bun:test";
import type { ExpectedQuote } from "../../src/simulator/venue-dialect.ts";
import type { KcatRecord } from "./kcat.ts";
import { type Evidence, judge } from "./oracle.ts";

const QUOTES = 6;

function intent(n: number): ExpectedQuote {
  const sequence = String(100 + n);
  return {
    symbol: "BTC",
    bidPrice: `${n}.0`,
    bidSize: "1",
    askPrice: `${n}.5`,
    askSize: "2",
    sequence,
    venueTimeMs: null,
  };
}

function record(
  n: number,
  changes: { session?: string; seq?: number; partition?: number; gap?: object } = {},
): KcatRecord {
  const { session = "s1", seq = n, partition = 0, gap } = changes;
  const { sequence: venueSequence, bidPrice, bidSize, askPrice, askSize } = intent(n);
  const payload = { bidPrice, bidSize, askPrice, askSize, venueSequence, instrumentSequence: seq };
  return {
    topic: "q",
    partition,
    offset: n,
    timestampMs: 0,
    key: "v:BTC",
    headers: [
      ["source", "v"],
      ["symbol", "BTC"],
      ["session", session],
      ["seq", String(seq)],
    ],
    value: JSON.stringify({ payload, metadata: { session, ...(gap === undefined ? {} : { gap }) } }),
  };
}

function event(eventType: string, payload: object): KcatRecord {
  const value = { eventType, payload: { source: "v", symbol: "BTC", ...payload }, metadata: { session: "s1" } };
  return { topic: "e", partition: 0, offset: 0, timestampMs: 0, key: "v", headers: [], value: JSON.stringify(value) };
}

function ledger(
  changes: {
    accepted?: number;
    recovered?: number;
    acked?: number;
    inMemory?: number;
    onSpool?: number;
    dropped?: Record<string, number>;
  } = {},
) {
  const { accepted = QUOTES, recovered = 0, acked = QUOTES, inMemory = 0, onSpool = 0, dropped = {} } = changes;
  const account = { source: "v", accepted, recovered, acked, inMemory, onSpool, dropped };
  return { session: "s1", isFinal: true, accounts: [account] };
}

/** A run in which all went well, with parts of it replaced. */
function run(changes: Partial<Evidence> = {}): Evidence {
  return {
    intents: new Map([["v:BTC", from(1, QUOTES).map(intent)]]),
    records: from(1, QUOTES).map((n) => record(n)),
    events: [],
    ledgers: [ledger()],
    contiguousSources: ["v"],
    ...changes,
  };
}

function from(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function kinds(evidence: Evidence): string[] {
  return [...new Set(judge(evidence).findings.map((finding) => finding.kind))].sort();
}

const DROPPED_3 = { reasons: ["dropped"], fromInstrumentSequence: 3, toInstrumentSequence: 3 };
const DROP_EVENT_3 = event("market-data.dropped", { reason: "memory_full", count: 1, fromSequence: 3, toSequence: 3 });
/** Our number 3 was dropped: its record is missing, and the next one has this note. */
function without3(gap?: object): KcatRecord[] {
  return [record(1), record(2), record(4, gap && { gap }), record(5), record(6)];
}

const LEDGER_DROPPED_1 = ledger({ acked: 5, dropped: { memory_full: 1 } });
/** The venue's fourth quote never reached us. */
function neverCame(gap?: object): KcatRecord[] {
  return [...from(1, 3).map((n) => record(n)), record(5, { seq: 4, ...(gap && { gap }) }), record(6, { seq: 5 })];
}

const LEDGER_5 = ledger({ accepted: 5, acked: 5 });

describe("judge()", () => {
  test("has nothing to say of a good run, and counts it", () => {
    expect(judge(run())).toEqual({
      findings: [],
      sent: QUOTES,
      records: QUOTES,
      distinct: QUOTES,
      duplicates: 0,
      declaredMissing: 0,
      declaredDropped: 0,
    });
  });

  test("finds a lost record, acked or not", () => {
    expect(kinds(run({ records: without3() }))).toEqual(["lost", "undeclared_gap"]);
    expect(kinds(run({ records: [] }))).toEqual(["lost"]);
    expect(kinds(run({ records: from(1, 5).map((n) => record(n)), ledgers: [] }))).toEqual(["lost"]);
    expect(kinds(run({ intents: new Map(), records: from(1, 5).map((n) => record(n)) }))).toEqual(["lost"]);
  });

  test("finds a quote that never came and is not told of; a note of `stale` does not explain it", () => {
    expect(kinds(run({ records: neverCame(), ledgers: [LEDGER_5] }))).toEqual(["lost", "undeclared_gap"]);
    const stale = { reasons: ["stale"] };
    expect(kinds(run({ records: neverCame(stale), ledgers: [LEDGER_5] }))).toEqual(["lost", "undeclared_gap"]);
    const records = neverCame({ reasons: ["disconnect"] });
    expect(judge(run({ records, ledgers: [LEDGER_5] }))).toMatchObject({ findings: [], declaredMissing: 1 });
  });

  test("wants the event beside the note of a jump in the venue's numbers", () => {
    const records = neverCame({ reasons: ["sequence"], fromVenueSequence: "103", toVenueSequence: "105" });
    expect(kinds(run({ records, ledgers: [LEDGER_5] }))).toEqual(["undeclared_gap"]);
    const jump = { from: "103", to: "105" };
    const isTold = (told: object) =>
      kinds(run({ records, events: [event("market-data.sequence-gap", { ...jump, ...told })], ledgers: [LEDGER_5] }));
    expect(isTold({})).toEqual([]);
    // Without a symbol it tells of all of them.
    expect(isTold({ symbol: undefined })).toEqual([]);
    expect(isTold({ symbol: "ETH" })).toEqual(["undeclared_gap"]);
    expect(isTold({ symbol: undefined, source: "w" })).toEqual(["undeclared_gap"]);
  });

  test("of a book only a new top must be published, and no crossed one", () => {
    const sameTop = { ...intent(2), sequence: "103" };
    const crossed = { ...intent(4), bidPrice: "4.6" };
    const intents = new Map([["v:BTC", [intent(1), intent(2), sameTop, crossed, intent(5)]]]);
    const records = [record(1), record(2), record(5, { seq: 3 })];
    const book = { intents, records, ledgers: [ledger({ accepted: 3, acked: 3 })], contiguousSources: [] };
    expect(kinds(run(book))).toEqual(["lost"]);
    expect(judge(run({ ...book, bookSources: ["v"] }))).toMatchObject({ findings: [], declaredMissing: 0 });
    // It stays the top for two messages, and the second of them is the one that was read.
    const second = { ...record(2), value: record(2).value?.replace('"102"', '"103"') ?? null };
    expect(kinds(run({ ...book, records: [record(1), second, record(5, { seq: 3 })], bookSources: ["v"] }))).toEqual(
      [],
    );
    const without2 = { records: [record(1), record(5, { seq: 2 })], ledgers: [ledger({ accepted: 2, acked: 2 })] };
    expect(kinds(run({ ...book, ...without2, bookSources: ["v"] }))).toEqual(["lost"]);
  });

  test("finds duplicates beyond those explained, and two quotes under one number", () => {
    const records = [...from(1, 4).map((n) => record(n)), record(3), record(4), record(5), record(6)];
    expect(kinds(run({ records }))).toEqual(["duplicated"]);
    expect(judge(run({ records, duplicatesMax: 2 }))).toMatchObject({ findings: [], duplicates: 2 });
    expect(kinds(run({ records: [...run().records, record(5, { seq: 6 })], duplicatesMax: 1 }))).toEqual(["invented"]);
  });

  test("finds records out of order", () => {
    const swapped = [record(1), record(3), record(2), record(4), record(5), record(6)];
    expect(kinds(run({ records: swapped }))).toContain("reordered");
    // Our numbers rise, the venue's quotes do not.
    const relabelled = [record(1), record(3, { seq: 2 }), record(2, { seq: 3 }), ...from(4, 6).map((n) => record(n))];
    expect(kinds(run({ records: relabelled }))).toContain("reordered");
    const stray = [...from(1, 5).map((n) => record(n)), record(6, { partition: 1 })];
    expect(kinds(run({ records: stray }))).toEqual(["reordered"]);
  });

  test("finds an older session that writes after the newer one", () => {
    const records = [
      ...from(1, 3).map((n) => record(n)),
      record(5, { session: "s2", seq: 1 }),
      record(4),
      record(6, { session: "s2", seq: 2 }),
    ];
    expect(kinds(run({ records, ledgers: [] }))).toContain("reordered");
  });

  test("takes a new session as telling of what was in memory", () => {
    const records = [record(1), record(2), record(5, { session: "s2", seq: 1 }), record(6, { session: "s2", seq: 2 })];
    const ledgers = [{ ...ledger({ accepted: 4, acked: 2, inMemory: 2 }), isFinal: false }];
    expect(judge(run({ records, ledgers }))).toMatchObject({ findings: [], declaredMissing: 2 });
  });

  test("finds a record of no quote", () => {
    const records = [...from(1, 6).map((n) => record(n)), record(9, { seq: 7 })];
    expect(kinds(run({ records, ledgers: [ledger({ accepted: 7, acked: 7 })], contiguousSources: [] }))).toEqual([
      "invented",
    ]);
  });

  test("wants a drop told by the note, by the events and by the ledger", () => {
    const good = { records: without3(DROPPED_3), events: [DROP_EVENT_3], ledgers: [LEDGER_DROPPED_1] };
    expect(judge(run(good))).toMatchObject({ findings: [], declaredDropped: 1, declaredMissing: 1 });
    expect(kinds(run({ ...good, records: without3() }))).toEqual(["lost", "undeclared_gap"]);
    expect(kinds(run({ ...good, events: [] }))).toEqual(["undeclared_gap"]);
    const elsewhere = { ...DROPPED_3, fromInstrumentSequence: 4, toInstrumentSequence: 4 };
    expect(kinds(run({ ...good, records: without3(elsewhere) }))).toEqual(["undeclared_gap"]);
    expect(kinds(run({ ...good, ledgers: [ledger({ acked: 5 })] }))).toEqual(["imbalance", "undeclared_gap"]);
  });

  test("wants a drop from the spool told by the events alone, as the record behind it was written before", () => {
    const dropped = { reason: "spool_full", count: 1, fromSequence: 3, toSequence: 3 };
    const ledgers = [ledger({ acked: 5, dropped: { spool_full: 1 } })];
    const events = [event("market-data.dropped", dropped)];
    expect(judge(run({ records: without3(), events, ledgers }))).toMatchObject({ findings: [], declaredDropped: 1 });
    const elsewhere = [event("market-data.dropped", { ...dropped, fromSequence: 4, toSequence: 4 })];
    expect(kinds(run({ records: without3(), events: elsewhere, ledgers }))).toEqual(["lost", "undeclared_gap"]);
  });

  test("wants no more missing than events tell as unreadable, where a batch was damaged", () => {
    const ledgers = [ledger({ acked: 5, dropped: { spool_damaged: 1 } })];
    const events = [event("market-data.dropped", { symbol: undefined, reason: "spool_damaged", count: 1 })];
    expect(judge(run({ records: without3(), events, ledgers }))).toMatchObject({ findings: [], declaredDropped: 1 });
    const records = [record(1), record(4), record(5), record(6)];
    const less = [ledger({ accepted: 5, acked: 4, dropped: { spool_damaged: 1 } })];
    expect(kinds(run({ records, events, ledgers: less }))).toEqual(["undeclared_gap"]);
    // The second is one of those that the spool misses without knowing whose they were.
    expect(kinds(run({ records, events, ledgers: less, missingOnSpool: 1 }))).toEqual([]);
  });

  test("finds more quotes missing than a drop tells of", () => {
    const records = [record(1), record(2), record(5, { seq: 4, gap: DROPPED_3 }), record(6, { seq: 5 })];
    const ledgers = [ledger({ accepted: 5, acked: 4, dropped: { memory_full: 1 } })];
    expect(kinds(run({ records, events: [DROP_EVENT_3], ledgers }))).toEqual(["lost"]);
  });

  test("finds a ledger that does not balance, in itself or against the topic", () => {
    expect(kinds(run({ ledgers: [ledger({ accepted: 7 })] }))).toEqual(["imbalance"]);
    expect(kinds(run({ ledgers: [ledger({ accepted: 5, acked: 5 })] }))).toEqual(["imbalance"]);
    expect(kinds(run({ ledgers: [ledger({ acked: 5, inMemory: 1 })] }))).toEqual(["imbalance"]);
    expect(kinds(run({ ledgers: [ledger({ accepted: 7, acked: 7 })] }))).toEqual(["lost"]);
  });

  test("counts what an earlier life accepted and this one wrote, and finds what nobody wrote", () => {
    const spooled = { ...ledger({ acked: 4, onSpool: 2 }), session: "s1" };
    const recovered = { ...ledger({ accepted: 0, recovered: 2, acked: 2 }), session: "s2" };
    expect(kinds(run({ ledgers: [spooled, recovered] }))).toEqual([]);
    expect(kinds(run({ ledgers: [spooled] }))).toEqual(["imbalance"]);
    const tooMany = { ...ledger({ accepted: 0, recovered: 2, acked: 3 }), session: "s2" };
    expect(kinds(run({ ledgers: [spooled, tooMany] }))).toEqual(["imbalance", "lost"]);
  });

  test("takes the last quotes as told when the ledger's last word counts them as lost at the shutdown", () => {
    const records = from(1, 4).map((n) => record(n));
    expect(judge(run({ records, ledgers: [ledger({ acked: 4, dropped: { shutdown: 2 } })] }))).toMatchObject({
      findings: [],
      declaredMissing: 2,
    });
    expect(kinds(run({ records, ledgers: [ledger({ accepted: 5, acked: 4, dropped: { shutdown: 1 } })] }))).toEqual([
      "lost",
    ]);
  });

  test("wants the events to tell of drops that no later record follows", () => {
    const records = from(1, 4).map((n) => record(n));
    const ledgers = [ledger({ acked: 4, dropped: { memory_full: 2 } })];
    expect(kinds(run({ records, ledgers }))).toEqual(["lost", "undeclared_gap"]);
    const events = [event("market-data.dropped", { reason: "memory_full", count: 2, fromSequence: 5, toSequence: 6 })];
    expect(judge(run({ records, ledgers, events }))).toMatchObject({ findings: [], declaredDropped: 2 });
    const earlier = [event("market-data.dropped", { reason: "memory_full", count: 2, fromSequence: 3, toSequence: 4 })];
    expect(kinds(run({ records, ledgers, events: earlier }))).toEqual(["lost"]);
  });

  test("takes quotes after an orderly stop as told by its event, and only then", () => {
    const records = from(1, 4).map((n) => record(n));
    const cut = { records, ledgers: [ledger({ accepted: 4, acked: 4 })], isCutWhileSending: true };
    expect(kinds(run(cut))).toEqual(["lost"]);
    const events = [event("market-data.feed-status", { from: "live", to: "stopped" })];
    expect(kinds(run({ ...cut, events }))).toEqual([]);
    expect(kinds(run({ ...cut, events, isCutWhileSending: false }))).toEqual(["lost"]);
  });

  test("takes no offence at a quote the venue sent again", () => {
    const intents = new Map([["v:BTC", [1, 2, 2, 3, 4, 5, 6, 6].map(intent)]]);
    expect(kinds(run({ intents }))).toEqual([]);
  });

  test("keeps its list short and says how much there is", () => {
    const records = from(1, 50).map((n) => record(n, { seq: n + 100 - (n % 2) * 60 }));
    const { findings } = judge(run({ intents: new Map(), records, ledgers: [], contiguousSources: [] }));
    expect(findings.length).toBeLessThan(100);
    expect(findings.at(-1)?.message).toContain("findings in all");
  });
});
