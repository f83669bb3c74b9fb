import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import type { ExpectedQuote } from "../../src/simulator/venue-dialect.ts";
import { runBinary, startBinary } from "../e2e/binary.ts";
import { KAFKA_START_TIMEOUT_MS, sharedKafka, uniqueTopic } from "../harness/kafka.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import { type KcatRecord, readTopicWithKcat } from "../harness/kcat.ts";

const VENUES = ["binance", "coinbase", "kraken", "okx", "bybit", "bitstamp"];
const QUOTES_PER_VENUE = 300;

/** What a quote record says, as the test compares it. */
interface RecordValue {
  readonly aggregateId: string;
  readonly payload: Readonly<Record<string, string | number | null>> & { readonly rawPayload: unknown };
  readonly metadata: { readonly session: string; readonly gap?: unknown };
}

let kafka: TestKafka;
beforeAll(async () => {
  kafka = await sharedKafka();
}, KAFKA_START_TIMEOUT_MS);

describe("the compiled binary, six simulated venues, a real broker, kcat", () => {
  const sent = new Map<string, ExpectedQuote[]>();
  const venues: Simulator[] = [];
  let records: KcatRecord[] = [];
  let topic = "";
  let exitCode = -1;

  beforeAll(async () => {
    topic = uniqueTopic("e2e");
    const env: Record<string, string> = {
      FEEDS: VENUES.join(","),
      KAFKA_BROKERS: kafka.bootstrap.plain,
      KAFKA_TOPIC: topic,
      KAFKA_EVENTS_TOPIC: `${topic}.events`,
      KAFKA_REJECTED_TOPIC: `${topic}.rejected`,
      KAFKA_TOPIC_PARTITIONS: "4",
      ADMIN_PORT: "0",
      CONNECTS_PER_SECOND: "100",
      INSTANCE_ID: "e2e",
    };
    for (const venue of VENUES) {
      const simulator = startSimulator({
        venue,
        seed: 11,
        ratePerSecond: 400,
        quoteLimit: QUOTES_PER_VENUE,
        onSent: (symbol, quote) => {
          const key = `${venue}:${symbol}`;
          sent.set(key, [...(sent.get(key) ?? []), quote]);
        },
      });
      venues.push(simulator);
      env[`${venue.toUpperCase()}_URL`] = simulator.url;
      env[`${venue.toUpperCase()}_SYMBOLS`] = simulator.symbols.slice(0, 2).join(",");
    }
    const created = await runBinary(["topics", "create"], env);
    expect(created).toMatchObject({ code: 0 });
    const again = await runBinary(["topics", "create", "--json"], env);
    expect(JSON.parse(again.stdout).map((report: { state: string }) => report.state)).toEqual([
      "exists",
      "exists",
      "exists",
    ]);

    const run = startBinary(["run"], env);
    const { url } = await run.waitForLog("admin_server_started");
    const isAllSent = () => venues.every((venue) => venue.stats().quotesSent >= QUOTES_PER_VENUE);
    for (let i = 0; i < 400 && !isAllSent(); i++) await Bun.sleep(50);
    // The venues are quiet now: what they sent is read and acked when the count stands still at what they sent.
    const total = () => [...sent.values()].reduce((sum, quotes) => sum + quotes.length, 0);
    for (let i = 0; i < 200; i++) {
      const text = await (await fetch(`${url}/metrics`)).text();
      const published = [...text.matchAll(/market_data_raw_published_total\{[^}]*\} (\d+)/g)].reduce(
        (sum, m) => sum + Number(m[1]),
        0,
      );
      const seen = [
        ...text.matchAll(/(?:feed_duplicates_total|market_data_raw_published_total)\{[^}]*\} (\d+)/g),
      ].reduce((sum, m) => sum + Number(m[1]), 0);
      if (published > 0 && seen >= total()) break;
      await Bun.sleep(25);
    }
    run.signal("SIGTERM");
    exitCode = (await run.ended).code;
    records = await readTopicWithKcat(kafka.bootstrap.plain, topic);
  }, 90_000);

  afterAll(() => {
    for (const venue of venues) venue.stop();
  });

  test("ends with 0 and has published every venue", () => {
    expect(exitCode).toBe(0);
    const sources = new Set(records.map((record) => record.key?.split(":")[0]));
    expect([...sources].sort()).toEqual([...VENUES].sort());
    expect(records.length).toBeGreaterThan(VENUES.length * (QUOTES_PER_VENUE / 2));
  });

  test("every symbol's quotes are those the venue sent, digit by digit, in order, none lost, none twice", () => {
    for (const [key, quotes] of sent) {
      const published = records.filter((record) => record.key === key).map((record) => readValue(record).payload);
      const expected = quotes.map(({ bidPrice, bidSize, askPrice, askSize }) => ({
        bidPrice,
        bidSize,
        askPrice,
        askSize,
      }));
      // Bybit sends an unchanged book again after 3 s, under the same number: told apart and not published.
      const isResent = (at: number) =>
        at > 0 && quotes[at].sequence !== null && quotes[at].sequence === quotes[at - 1].sequence;
      const wanted = key.startsWith("bybit:") ? expected.filter((_, at) => !isResent(at)) : expected;
      expect({
        key,
        quotes: published.map(({ bidPrice, bidSize, askPrice, askSize }) => ({ bidPrice, bidSize, askPrice, askSize })),
      }).toEqual({
        key,
        quotes: wanted as never,
      });
    }
  });

  test("headers and numbers prove that nothing is missing", () => {
    const lastBySymbol = new Map<string, number>();
    const sessions = new Set<string>();
    for (const record of records) {
      const headers = Object.fromEntries(record.headers);
      const value = readValue(record);
      const key = `${headers["source"]}:${headers["symbol"]}`;
      expect(record.key).toBe(key);
      expect(value.aggregateId).toBe(key);
      expect(headers["eventType"]).toBe("market-data.raw-price");
      expect(Number(headers["seq"])).toBe((lastBySymbol.get(key) ?? 0) + 1);
      expect(value.payload["instrumentSequence"]).toBe(Number(headers["seq"]));
      expect(value.metadata.gap).toBeUndefined();
      lastBySymbol.set(key, Number(headers["seq"]));
      sessions.add(headers["session"]);
    }
    expect(sessions.size).toBe(1);
  });

  test("a key is always on one partition, and partitions share the keys", () => {
    const partitions = new Map<string, Set<number>>();
    for (const { key, partition } of records)
      partitions.set(key ?? "", (partitions.get(key ?? "") ?? new Set()).add(partition));
    for (const [, of] of partitions) expect(of.size).toBe(1);
    expect(new Set([...partitions.values()].flatMap((of) => [...of])).size).toBeGreaterThan(1);
  });

  test("the feeds' lives are on the events topic", async () => {
    const events = (await readTopicWithKcat(kafka.bootstrap.plain, `${topic}.events`)).map(readValue);
    for (const venue of VENUES) {
      const states = events.filter((event) => event.aggregateId === venue).map((event) => event.payload["to"]);
      expect(states).toContain("live");
      expect(states.at(-1)).toBe("stopped");
    }
  });
});

function readValue(record: KcatRecord): RecordValue {
  return JSON.parse(record.value ?? "null");
}
