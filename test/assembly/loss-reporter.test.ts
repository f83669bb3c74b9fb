import { describe, expect, test } from "bun:test";
import { LossReporter } from "../../src/assembly/loss-reporter.ts";
import type { FeedEvent } from "../../src/domain/feed-event.ts";
import { Ledger } from "../../src/pipeline/ledger.ts";
import { appendRecord } from "../../src/publish/batch-split.ts";
import { RecordBatchBuilder } from "../../src/publish/record-batch.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };

function setUp() {
  const ledger = new Ledger(["a", "b"]);
  const events: FeedEvent[] = [];
  const noted: string[] = [];
  const room = { forEvents: true, tries: 0 };
  let untold = 0;
  const reporter = new LossReporter(SILENT);
  const attach = () =>
    reporter.attach({
      ledger,
      pipeline: { noteLost: (source, symbol, from, to) => noted.push(`${source}:${symbol} ${from}-${to}`) },
      feedNames: ["a", "b"],
      session: "now",
      nowUs: () => 5,
      publishEvent: (event) => {
        room.tries++;
        if (room.forEvents) events.push(event);
        return room.forEvents;
      },
      onUntold: () => untold++,
    });
  const dropped = (reason: "spool_full" | "spool_damaged") =>
    ledger.rows(NOTHING_HELD).map((row) => row.dropped[reason]);
  return { reporter, attach, events, noted, room, dropped, untold: () => untold };
}

const NOTHING_HELD = {
  inMemory: new Float64Array(2),
  onSpool: new Float64Array(2),
  notYetAccepted: new Float64Array(2),
};

/** A batch of quotes of `a:X` with these numbers. */
function batchOf(session: string, ...numbers: number[]): Buffer {
  const builder = new RecordBatchBuilder(100_000, 2);
  const header = (key: string, text: string) => ({ key, value: Buffer.from(text) });
  builder.begin(1, 0);
  for (const number of numbers) {
    const headers = [
      header("source", "a"),
      header("symbol", "X"),
      header("session", session),
      header("seq", `${number}`),
    ];
    appendRecord(builder, { timestampMs: 1, key: Buffer.from("a:X"), value: Buffer.from("{}"), headers });
  }
  return builder.seal("none").bytes;
}

describe("LossReporter", () => {
  test("counts at once what the disk gave up, and tells which quotes it was when their bytes follow", () => {
    const { reporter, attach, events, noted, dropped } = setUp();
    attach();
    reporter.onSpoolLoss({ topic: "q", reason: "spool_full", recordCount: 3, countsByFeed: Int32Array.of(3, 0) });
    expect(dropped("spool_full")).toEqual([3, 0]);
    expect(events).toEqual([]);
    reporter.onLostBatch(batchOf("now", 7, 8, 9), "spool_full");
    expect(noted).toEqual(["a:X 7-9"]);
    expect(events).toEqual([
      {
        type: "market-data.dropped",
        timeUs: 5,
        source: "a",
        symbol: "X",
        reason: "spool_full",
        count: 3,
        fromSequence: 7,
        toSequence: 9,
      },
    ]);
  });

  test("numbers of an earlier life carry their session, and no quote of this life is told", () => {
    const { reporter, attach, events, noted } = setUp();
    attach();
    reporter.onLostBatch(batchOf("then", 7), "spool_expired");
    expect(noted).toEqual([]);
    expect(events).toMatchObject([{ session: "then", fromSequence: 7, toSequence: 7 }]);
  });

  test("damage is told per source, as its quotes cannot be named", () => {
    const { reporter, attach, events } = setUp();
    attach();
    reporter.onSpoolLoss({ topic: "q", reason: "spool_damaged", recordCount: 5, countsByFeed: Int32Array.of(2, 3) });
    expect(events).toMatchObject([
      { source: "a", reason: "spool_damaged", count: 2 },
      { source: "b", reason: "spool_damaged", count: 3 },
    ]);
    expect(events.every((event) => !("symbol" in event))).toBe(true);
  });

  test("what is missing without a trace is told as nobody's", () => {
    const { reporter, attach, events } = setUp();
    attach();
    reporter.onSpoolLoss({ topic: "q", reason: "spool_damaged", recordCount: 5, countsByFeed: Int32Array.of(0, 0) });
    expect(events).toMatchObject([{ source: "*", reason: "spool_damaged", count: 5 }]);
  });

  test("losses found before the rest of the program is there are counted and told later", () => {
    const { reporter, attach, events, room, dropped } = setUp();
    room.forEvents = false;
    reporter.onSpoolLoss({ topic: "q", reason: "spool_damaged", recordCount: 2, countsByFeed: Int32Array.of(2, 0) });
    attach();
    expect(dropped("spool_damaged")).toEqual([2, 0]);
    room.forEvents = true;
    reporter.retell();
    expect(events).toMatchObject([{ source: "a", count: 2 }]);
  });

  test("events that find no room wait in order, up to a bound; beyond it they are counted", () => {
    const { reporter, attach, events, room, untold } = setUp();
    attach();
    room.forEvents = false;
    for (let number = 1; number <= 1003; number++) reporter.onLostBatch(batchOf("now", number), "spool_full");
    expect(untold()).toBe(3);
    // Each try is a line in the log.
    expect(room.tries).toBe(1);
    room.forEvents = true;
    reporter.retell();
    expect(events).toHaveLength(1000);
    expect(events[0]).toMatchObject({ fromSequence: 1 });
    expect(events[999]).toMatchObject({ fromSequence: 1000 });
  });

  test("bytes that are no batch are passed over", () => {
    const { reporter, attach, events } = setUp();
    attach();
    reporter.onLostBatch(Buffer.from("no batch"), "spool_full");
    expect(events).toEqual([]);
  });
});
