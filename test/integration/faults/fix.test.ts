// An LP spoils, loses, repeats and renumbers what it sends, while another LP and a venue over WebSocket run beside it. No
// session ends by it, what is missing is told, and the other feeds do not notice.
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { FixSimulator } from "../../../src/simulator/fix/fix-simulator.ts";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { type IngesterRig, type RigFeed, withRig } from "../../harness/ingester-rig.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import { FaultyFeed } from "./faulty-feed.ts";

const TEST_LIMIT_MS = 60_000;
const LOST = 5;
/** As many kinds as the simulator has. */
const GARBAGE_KINDS = 7;
const REPEATED = 50;
const SKIPPED = 1000;
const CROSSINGS = 3;
const ADMIN_LIMIT_MS = 2000;

const GAPS = "ingester_feed_sequence_gaps_total";
const BOOKS = "ingester_feed_adapter_events_total";
const REJECTS = "market_data_raw_parse_errors_total";

const FAULTY = "faulty";
/** Short heartbeats, and the whole book, so that increments add, change and delete. */
const SETTINGS = { HEARTBEAT_S: "1", DEPTH: "0" };
const FEEDS: readonly RigFeed[] = [
  { name: FAULTY, venue: "fix-generic", symbolCount: 3, ratePerSecond: 600, settings: SETTINGS },
  { name: "calm", venue: "fxspotstream", symbolCount: 2, ratePerSecond: 200, settings: { HEARTBEAT_S: "1" } },
  { name: "kraken", venue: "kraken", symbolCount: 2, ratePerSecond: 200 },
];
const OTHERS = FEEDS.map((feed) => feed.name).filter((name) => name !== FAULTY);

let kafka: TestKafka;

describeWithOwnKafka("the program while an LP sends what it should not", () => {
  beforeAll(async () => {
    kafka = await startKafka();
  }, KAFKA_START_TIMEOUT_MS);

  afterAll(async () => {
    await kafka.stop();
  });

  test(
    "lost and damaged messages are asked for: replayed ones mend the books and are never published",
    () =>
      throughFaults(async (feed, rig) => {
        const { commands } = feed.lp;
        const requests = feed.sent("V").length;
        await hole(feed, () => commands.loseMessages(drawSymbol(rig, feed.lp), LOST, "kept"));
        await hole(feed, () => commands.damageNext("checksum"), 1);
        await hole(feed, () => commands.damageNext("bodyLength"), 1);
        // What was lost came again: no book had to be asked for anew.
        expect(feed.sent("V").length).toBe(requests);
        await repeat(feed, rig);
      }),
    TEST_LIMIT_MS,
  );

  test(
    "numbers that are filled or skipped tell of lost data: every book is asked for anew",
    () =>
      throughFaults(async (feed, rig) => {
        const { lp } = feed;
        const { commands } = lp;
        await newBooks(feed, () => hole(feed, () => commands.loseMessages(drawSymbol(rig, lp), LOST, "gone")));
        await newBooks(feed, () => skip(feed, rig, "gapFill"));
        await newBooks(feed, () => skip(feed, rig, "reset"));
      }),
    TEST_LIMIT_MS,
  );

  test(
    "garbage, splits, joins, test requests, resend requests and unknown entries cost no session and no quote",
    () =>
      throughFaults(async (feed, rig) => {
        const { lp } = feed;
        const { commands } = lp;
        await garbage(feed);
        await feed.survive(() => commands.splitWrites(1));
        await feed.survive(() => commands.joinWrites(200));
        await feed.survive(() => commands.joinWrites(0));
        await feed.survive(async () => {
          commands.testRequest();
          await feed.untilSent("0", 1, "|112=TEST-");
        });
        await feed.survive(async () => {
          commands.resendRequest(1);
          // We never send a message again: all is filled.
          await feed.untilSent("4", 1, "|123=Y|");
        });
        await unknownEntry(feed, rig);
      }),
    TEST_LIMIT_MS,
  );

  test(
    "a crossed book is not published but asked for anew, and what is missed meanwhile is told",
    () =>
      throughFaults(async (feed, rig) => {
        for (let time = 0; time < CROSSINGS; time++) {
          await wrongBook(feed, rig, (symbol) => feed.lp.commands.crossBook(symbol));
        }
      }),
    TEST_LIMIT_MS,
  );
});

/** A life of the program in which the LP fails; at its end the oracle judges. */
async function throughFaults(faults: (feed: FaultyFeed, rig: IngesterRig) => Promise<void>): Promise<void> {
  await withRig({ kafka, feeds: FEEDS }, async (rig) => {
    await rig.createTopics();
    await rig.startLive(30);
    const feed = new FaultyFeed(rig, FAULTY);
    await faults(feed, rig);

    await rig.quiet();
    const metrics = await rig.metrics();
    expect(metrics.sum("market_data_raw_disconnections_total")).toBe(0);
    expect(metrics.sum("ingester_feed_sequence_regressions_total")).toBe(0);
    for (const source of OTHERS)
      for (const name of [GAPS])
        expect({ source, name, value: metrics.sum(name, { source }) }).toMatchObject({ value: 0 });
    expect((await rig.finish()).code).toBe(0);
    const verdict = await rig.judge();
    expect(verdict.findings).toEqual([]);
    expect(await rig.judge({ except: [FAULTY] })).toMatchObject({ declaredMissing: 0, declaredDropped: 0 });
    expect(await feed.endCodes()).toEqual([]);
    const text = await readTopicWithKcat(kafka.bootstrap.plain, rig.topic);
    expect(text.filter(({ value }) => value?.includes("\\u000143=Y\\u0001"))).toEqual([]);
  });
}

/** A hole in the numbers: told once, asked for, and the session goes on. */
async function hole(feed: FaultyFeed, fault: () => void, rejects = 0): Promise<void> {
  const gaps = await feed.count(GAPS);
  const rejected = await feed.count(REJECTS);
  const asked = feed.sent("2").length;
  await feed.survive(async () => {
    fault();
    await feed.untilSent("2", asked + 1);
    await feed.untilMore(GAPS, gaps);
  });
  expect(await feed.count(REJECTS)).toBeGreaterThanOrEqual(rejected + rejects);
}

/** Numbers are skipped by a SequenceReset: told as a hole that nothing fills. */
async function skip(feed: FaultyFeed, rig: IngesterRig, mode: "gapFill" | "reset"): Promise<void> {
  const gaps = await feed.count(GAPS);
  const asked = feed.sent("2").length;
  await feed.survive(async () => {
    feed.lp.commands.resetSequence(mode, rig.counterparty(FAULTY).nextOutgoing + SKIPPED);
    await feed.untilMore(GAPS, gaps);
  });
  expect(feed.sent("2").length).toBe(asked);
}

/** The books cannot be trusted: after the fault every symbol is asked for anew, by an id that was never used. */
async function newBooks(feed: FaultyFeed, fault: () => Promise<void>): Promise<void> {
  const before = feed.sent("V", "|263=1|").length;
  await fault();
  await feed.untilSent("V", before + 3, "|263=1|");
  const ids = feed.sent("V", "|263=1|").map((text) => /\|262=([^|]*)\|/.exec(text)?.[1]);
  expect(new Set(ids).size).toBe(ids.length);
}

/** Each kind of garbage between two messages costs itself alone: every message around it is taken. */
async function garbage(feed: FaultyFeed): Promise<void> {
  const gaps = await feed.count(GAPS);
  const rejected = await feed.count(REJECTS);
  await feed.survive(async () => {
    for (let kind = 1; kind <= GARBAGE_KINDS; kind++) {
      feed.lp.sendGarbage();
      // Were no message between them, two would be one.
      const { quotesSent } = feed.lp.stats();
      const isSeen = async () =>
        (await feed.count(REJECTS)) >= rejected + kind && feed.lp.stats().quotesSent > quotesSent;
      await waitUntil(isSeen, { limitMs: ADMIN_LIMIT_MS, what: `garbage of kind ${kind}` });
    }
  });
  expect(await feed.count(GAPS)).toBe(gaps);
}

/** Messages of before again, marked as possible duplicates, while nothing else is sent: heard, and not published. */
async function repeat(feed: FaultyFeed, rig: IngesterRig): Promise<void> {
  await feed.survive(async () => {
    await rig.quiet();
    const accepted = await feed.count("ingester_quotes_accepted_total");
    const heard = await feed.count("ingester_feed_messages_total");
    feed.lp.commands.repeatLast(REPEATED);
    const isHeard = async () => (await feed.count("ingester_feed_messages_total")) >= heard + REPEATED;
    await waitUntil(isHeard, { limitMs: ADMIN_LIMIT_MS, what: "repeated messages" });
    expect(await feed.count("ingester_quotes_accepted_total")).toBe(accepted);
    for (const { name } of FEEDS) rig.venue(name).resume();
  });
}

/** A deletion of what no book has is counted, and nothing is wrong. */
async function unknownEntry(feed: FaultyFeed, rig: IngesterRig): Promise<void> {
  const count = async () => (await rig.metrics()).sum(BOOKS, { source: FAULTY, kind: "unknownEntries" });
  const before = await count();
  const requests = feed.sent("V").length;
  await feed.survive(async () => {
    feed.lp.commands.deleteUnknown(drawSymbol(rig, feed.lp));
    await waitUntil(async () => (await count()) === before + 1, { limitMs: ADMIN_LIMIT_MS, what: "unknown entry" });
  });
  expect(feed.sent("V").length).toBe(requests);
}

/** A book that cannot be right is asked for anew, and the others are left alone. */
async function wrongBook(feed: FaultyFeed, rig: IngesterRig, fault: (symbol: string) => void): Promise<void> {
  const symbol = drawSymbol(rig, feed.lp);
  const before = feed.sent("V", "|263=1|").length;
  await feed.survive(async () => {
    fault(symbol);
    await feed.untilSent("V", before + 1, "|263=1|");
  });
  const asked = feed.sent("V", "|263=1|").slice(before);
  expect(asked.map((text) => /\|55=([^|]*)\|/.exec(text)?.[1])).toEqual([symbol]);
}

function drawSymbol(rig: IngesterRig, lp: FixSimulator): string {
  return lp.symbols[Math.floor(rig.chance() * 3)];
}
