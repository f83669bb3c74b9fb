import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestKafka } from "../harness/kafka-handle.ts";
import {
  accountLine,
  createTopics,
  type Ingester,
  measure,
  PARTITIONS,
  startIngester,
  startVenue,
  type Throughput,
  throughputLine,
} from "./bench-rig.ts";
import { benchScan } from "./fix-scan.bench.ts";
import { loopbackFeed } from "./loopback-feed.ts";
import { cpuUs, metricSum, residentMb } from "./process-figures.ts";

const SYMBOL_COUNT = 20;
/** Cost must not depend on how many there are. */
const FLATNESS_SYMBOL_COUNTS = [10, 200, 2000];
const LIVE_LIMIT_MS = 20_000;
const IDLE_MS = 5000;

/**
 * FIX to acked record: CPU per message when every update is published and when only changes of the top are, by number of
 * symbols; start and idle; the scanner against other parsers.
 */
export async function benchFix(kafka: TestKafka): Promise<void> {
  console.log(
    `\nFIX to acked Kafka record: W and X (1 to 4 entries) over ${SYMBOL_COUNT} symbols, ${PARTITIONS} partitions, broker on this machine`,
  );
  const rows: Throughput[] = [];
  for (const publish of ["every_update", "top_change"] as const) {
    rows.push(await measureFlood(kafka, { publish, symbolCount: SYMBOL_COUNT }));
  }
  for (const symbolCount of FLATNESS_SYMBOL_COUNTS) {
    rows.push(await measureFlood(kafka, { publish: "every_update", symbolCount }));
  }
  for (const row of rows) console.log(throughputLine(row, "message"));
  await measureStart(kafka);
  await benchScan();
}

function feedOf(facts: Record<string, unknown>, more: Record<string, string>): Record<string, string> {
  const stateDir = mkdtempSync(join(tmpdir(), "fix-bench-"));
  return { ...loopbackFeed("lp-alpha", facts, { RESET: "logon", ...more }), STATE_DIR: stateDir };
}

function startLp(rate: string, symbolCount: number) {
  const symbols = Array.from({ length: symbolCount }, (_, i) => `SY${i}/USD`);
  return startVenue(["--venue", "fix-generic", "--rate", rate, "--symbols", symbols.join(",")]);
}

async function measureFlood(
  kafka: TestKafka,
  { publish, symbolCount }: { publish: "every_update" | "top_change"; symbolCount: number },
): Promise<Throughput> {
  const lp = await startLp("full", symbolCount);
  const topic = `bench.fix.${publish.replace("_", "-")}.${symbolCount}`;
  await createTopics(kafka, topic);
  const ours = await startIngester({ brokers: kafka.bootstrap.plain, topic }, feedOf(lp.facts, { PUBLISH: publish }));
  try {
    await untilServed(ours, symbolCount);
    const what = `${symbolCount} symbols, publish ${publish}, zstd, acks=all`;
    const result = await measure(what, ours.child.pid, () => messages(ours));
    const metrics = await ours.scrape();
    const quotes = metricSum(metrics, "market_data_raw_ticks_total");
    const all = metricSum(metrics, "ingester_feed_messages_total");
    console.log(`${accountLine(metrics)}, ${(quotes / all).toFixed(2)} quotes a message`);
    return result;
  } finally {
    await ours.child.stop();
    await lp.child.stop();
  }
}

/** Waits until the LP has answered for every symbol: what comes before is start, not stream. */
async function untilServed(ingester: Ingester, symbolCount: number): Promise<void> {
  const startedMs = performance.now();
  while (metricSum(await ingester.scrape(), "ingester_feed_subscriptions", 'state="live"') < symbolCount) {
    if (performance.now() - startedMs > LIVE_LIMIT_MS)
      throw new Error(`Cannot measure: not all ${symbolCount} symbols came`);
    await Bun.sleep(100);
  }
}

async function messages(ingester: Ingester): Promise<number> {
  return metricSum(await ingester.scrape(), "ingester_feed_messages_total");
}

/** From the start of the process to the first quote, and what it costs while the LP says little. */
async function measureStart(kafka: TestKafka): Promise<void> {
  const lp = await startLp("10", SYMBOL_COUNT);
  await createTopics(kafka, "bench.fix.start");
  const startedMs = performance.now();
  const topic = "bench.fix.start";
  const ours = await startIngester({ brokers: kafka.bootstrap.plain, topic }, feedOf(lp.facts, {}));
  try {
    while (metricSum(await ours.scrape(), "market_data_raw_ticks_total") === 0) {
      if (performance.now() - startedMs > LIVE_LIMIT_MS) throw new Error("Cannot measure the start: no quote came");
      await Bun.sleep(5);
    }
    const liveMs = performance.now() - startedMs;
    await Bun.sleep(IDLE_MS);
    const cpuBefore = cpuUs(ours.child.pid);
    await Bun.sleep(IDLE_MS);
    const cpuShare = (cpuUs(ours.child.pid) - cpuBefore) / (IDLE_MS * 10);
    console.log(
      `  start to first quote ${liveMs.toFixed(0)} ms; idle at 10 messages/s: RSS ${residentMb(ours.child.pid).toFixed(0)} MB, CPU ${cpuShare.toFixed(1)} %`,
    );
  } finally {
    await ours.child.stop();
    await lp.child.stop();
  }
}
