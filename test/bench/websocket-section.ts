import { join } from "node:path";
import { startKafka } from "../harness/kafka.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import {
  accountLine,
  ackedQuotes,
  createTopics,
  MEASURE_MS,
  measure,
  PARTITIONS,
  startIngester,
  startVenue,
  type Throughput,
  throughputLine,
  WARM_UP_MS,
} from "./bench-rig.ts";
import { start } from "./child-process.ts";
import { cpuUs, histogramQuantileUs, metricSum, residentMb } from "./process-figures.ts";

const SYMBOLS = Array.from({ length: 20 }, (_, i) => `SYM${i}USDT`);
const SLOW_BROKER_MS = 15_000;

/** WebSocket to acked record: CPU per quote against kafkajs's producer, latency at a steady rate, memory with a slow broker. */
export async function benchWebSocket(kafka: TestKafka): Promise<void> {
  const venue = await startBinance("full");
  const url = String(venue.facts["url"]);
  try {
    console.log(
      `WebSocket to acked Kafka record: bookTicker over ${SYMBOLS.length} symbols, ${PARTITIONS} partitions, broker on this machine`,
    );
    const rows = [await measureOurs(kafka, url), await measureControl(kafka, url)];
    for (const row of rows) console.log(throughputLine(row));
    console.log(`  ratio ${(rows[1].cpuPerQuoteUs / rows[0].cpuPerQuoteUs).toFixed(1)}x`);
    await measureLatency(kafka);
    await measureSlowBroker(url);
  } finally {
    await venue.child.stop();
  }
}

function startBinance(rate: string) {
  return startVenue(["--venue", "binance", "--rate", rate, "--symbols", SYMBOLS.join(",")]);
}

function feedOf(url: string): Record<string, string> {
  return { FEEDS: "binance", BINANCE_URL: url, BINANCE_SYMBOLS: SYMBOLS.join(",") };
}

async function measureOurs(kafka: TestKafka, url: string): Promise<Throughput> {
  await createTopics(kafka, "bench.ours");
  const ours = await startIngester({ brokers: kafka.bootstrap.plain, topic: "bench.ours" }, feedOf(url));
  const result = await measure("edge-ingester, lanes, zstd, acks=all", ours.child.pid, () => ackedQuotes(ours));
  console.log(accountLine(await ours.scrape()));
  await ours.child.stop();
  return result;
}

async function measureControl(kafka: TestKafka, url: string): Promise<Throughput> {
  await createTopics(kafka, "bench.control");
  const script = join(import.meta.dir, "kafkajs-pipeline.ts");
  const child = start(
    [process.execPath, script, url, kafka.bootstrap.plain, "bench.control", SYMBOLS.join(",")],
    {},
    "stdout",
  );
  let latest = 0;
  const reading = (async () => {
    for (;;) {
      const { value, done } = await child.lines.next();
      if (done === true) return;
      if (value.startsWith("{")) latest = JSON.parse(value).acked;
    }
  })();
  while (latest === 0) await Bun.sleep(50);
  const result = await measure("same, but kafkajs's own producer", child.pid, async () => latest);
  await child.stop();
  await reading;
  return result;
}

async function measureLatency(kafka: TestKafka): Promise<void> {
  const venue = await startBinance("5000");
  await createTopics(kafka, "bench.latency");
  const ours = await startIngester(
    { brokers: kafka.bootstrap.plain, topic: "bench.latency" },
    feedOf(String(venue.facts["url"])),
  );
  await Bun.sleep(WARM_UP_MS);
  const before = await ours.scrape();
  const cpuBefore = cpuUs(ours.child.pid);
  await Bun.sleep(MEASURE_MS);
  const after = await ours.scrape();
  const count = (text: string) => metricSum(text, "market_data_raw_published_total");
  const quotes = count(after) - count(before);
  const quantile = (q: number) =>
    (histogramQuantileUs(before, after, "ingester_edge_to_ack_seconds", q) / 1000).toFixed(2);
  console.log(`\nLatency, message in hand to ack, ${Math.round((quotes / MEASURE_MS) * 1000)} quotes/s paced`);
  console.log(
    `  p50 ${quantile(0.5)} ms   p99 ${quantile(0.99)} ms   CPU ${((cpuUs(ours.child.pid) - cpuBefore) / quotes).toFixed(1)} us/quote`,
  );
  await ours.child.stop();
  await venue.child.stop();
}

/** A broker that answers every request late, while the venue floods: memory must stay bounded. */
async function measureSlowBroker(url: string): Promise<void> {
  const kafka = await startKafka({ listeners: { proxied: true } });
  try {
    await createTopics(kafka, "bench.slow");
    const { proxy, bootstrap } = kafka;
    const ours = await startIngester({ brokers: bootstrap.proxied, topic: "bench.slow" }, feedOf(url));
    await Bun.sleep(1000);
    proxy.delayMs = 500;
    let most = 0;
    const endMs = performance.now() + SLOW_BROKER_MS;
    while (performance.now() < endMs) {
      most = Math.max(most, residentMb(ours.child.pid));
      await Bun.sleep(100);
    }
    const text = await ours.scrape();
    console.log("\nSlow broker (every answer 500 ms late), venue at full speed, 15 s");
    console.log(
      `  RSS at most ${most.toFixed(0)} MB   dropped ${metricSum(text, "ingester_quotes_dropped_total")}   socket pauses ${metricSum(text, "ingester_feed_pauses_total")}   ledger imbalance ${metricSum(text, "ingester_ledger_imbalance_quotes")}`,
    );
    proxy.delayMs = 0;
    await ours.child.stop();
  } finally {
    await kafka.stop();
  }
}
