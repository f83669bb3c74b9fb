// One venue sends as fast as it is read. The admin server answers all the while, and the other feed keeps every quote.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { partitionOf } from "../../../src/publish/murmur2.ts";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { type RigFeed, withRig } from "../../harness/ingester-rig.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { type SimulatorProcess, startSimulatorProcess } from "../../harness/simulator-process.ts";

const TEST_LIMIT_MS = 60_000;
const FLOOD_MS = 5000;
/** Nearly always, and always: the machine has other work. */
const ADMIN_LIMIT_MS = 100;
const ADMIN_SLOW_SHARE = 0.05;
const ADMIN_WORST_MS = 1000;
const PARTITIONS = 12;
const FLOOD_SYMBOL = "ETHUSDT";
const FLOOD_PER_SECOND_MIN = 20_000;
const CALM: RigFeed = { name: "kraken", venue: "kraken", symbolCount: 2, ratePerSecond: 300 };
const PAGES = ["/healthz", "/readyz", "/metrics", "/status"];

let kafka: TestKafka;
let flood: SimulatorProcess;

describeWithOwnKafka("the program under a flood", () => {
  beforeAll(async () => {
    kafka = await startKafka();
    flood = await startSimulatorProcess([
      "--venue",
      "binance",
      "--rate",
      "full",
      "--seed",
      "5",
      "--symbols",
      FLOOD_SYMBOL,
    ]);
  }, KAFKA_START_TIMEOUT_MS);

  afterAll(async () => {
    await flood.stop();
    await kafka.stop();
  });

  test(
    "at full speed on one feed every page answers within 100 ms, and the other feed keeps its quotes",
    () => {
      const env = {
        FEEDS: "flood,kraken",
        FLOOD_VENUE: "binance",
        FLOOD_URL: flood.url,
        FLOOD_SYMBOLS: FLOOD_SYMBOL,
        RAW_PAYLOAD: "off",
      };
      return withRig({ kafka, feeds: [CALM], env }, async (rig) => {
        await rig.createTopics(PARTITIONS);
        await rig.startLive();
        const before = (await rig.metrics()).sum("ingester_quotes_accepted_total", { source: "flood" });
        const startMs = performance.now();
        const tookMs: number[] = [];
        while (performance.now() - startMs < FLOOD_MS) {
          for (const path of PAGES) {
            const page = await rig.page(path);
            expect({ path, status: page.status }).toEqual({ path, status: 200 });
            tookMs.push(page.tookMs);
          }
          await Bun.sleep(10);
        }
        const metrics = await rig.metrics();
        const elapsedSeconds = (performance.now() - startMs) / 1000;
        const flooded = metrics.sum("ingester_quotes_accepted_total", { source: "flood" }) - before;
        // The flood is one: far more than any venue sends.
        expect(flooded / elapsedSeconds).toBeGreaterThan(FLOOD_PER_SECOND_MIN);
        expect(metrics.sum("ingester_event_loop_lag_max_seconds")).toBeLessThan(ADMIN_WORST_MS / 1000);
        const slow = tookMs.filter((ms) => ms > ADMIN_LIMIT_MS);
        expect(slow.length / tookMs.length).toBeLessThan(ADMIN_SLOW_SHARE);
        expect(Math.max(...tookMs)).toBeLessThan(ADMIN_WORST_MS);
        await flood.stop();
        await rig.quiet();
        expect((await rig.metrics()).sum("market_data_raw_disconnections_total", { source: "kraken" })).toBe(0);
        const ended = await rig.finish();
        expect(ended.code).toBe(0);

        // The flood's partition holds millions of records: the others are read alone.
        const partitions = rig
          .venue("kraken")
          .symbols.slice(0, CALM.symbolCount)
          .map((one) => partitionFor("kraken", one));
        expect(partitions).not.toContain(partitionFor("flood", FLOOD_SYMBOL));
        const verdict = await rig.judge({ except: ["flood"], partitions: [...new Set(partitions)] });
        expect(verdict.findings).toEqual([]);
        expect(verdict).toMatchObject({ declaredMissing: 0, declaredDropped: 0, distinct: verdict.sent });
      });
    },
    TEST_LIMIT_MS,
  );
});

function partitionFor(source: string, symbol: string): number {
  return partitionOf(Buffer.from(`${source}:${symbol}`), PARTITIONS);
}
