// `./build.sh bench`: WebSocket to acknowledged Kafka record, every part real: the compiled binary, a broker on this
// machine, the simulator in a process of its own. Prints tables; asserts nothing. CPU per quote and ratios within one
// run are the figures to trust; wall-clock rates depend on what else the machine does.
import { join } from "node:path";
import { startKafka } from "../harness/kafka.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import { cpuUs, histogramQuantileUs, metricSum, residentMb } from "./process-figures.ts";

const ROOT = join(import.meta.dir, "../..");
const BINARY = join(ROOT, "dist/edge-ingester");
const SYMBOLS = Array.from({ length: 20 }, (_, i) => `SYM${i}USDT`);
const PARTITIONS = 6;
const WARM_UP_MS = 4000;
const MEASURE_MS = 12_000;
const SLOW_BROKER_MS = 15_000;

interface Child {
  readonly pid: number;
  readonly lines: AsyncIterator<string>;
  stop(): Promise<void>;
}

function start(command: string[], env: Record<string, string>, output: "stdout" | "stderr"): Child {
  const child = Bun.spawn(command, {
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...env },
    stdin: "ignore",
    stdout: output === "stdout" ? "pipe" : "ignore",
    stderr: output === "stderr" ? "pipe" : "inherit",
  });
  const stream = (output === "stdout" ? child.stdout : child.stderr) as ReadableStream<Uint8Array>;
  return {
    pid: child.pid,
    lines: readLines(stream),
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** The first line that satisfies; keeps reading (and forgetting) the rest, so that the pipe never fills. */
async function firstLine(child: Child, want: (line: string) => boolean): Promise<string> {
  for (;;) {
    const { value, done } = await child.lines.next();
    if (done === true) throw new Error("Cannot measure: the process ended before it was ready");
    if (!want(value)) continue;
    void drain(child);
    return value;
  }
}

async function drain(child: Child): Promise<void> {
  while ((await child.lines.next()).done !== true);
}

async function startVenue(rate: string): Promise<{ child: Child; url: string }> {
  const args = [
    "simulate",
    "--venue",
    "binance",
    "--rate",
    rate,
    "--port",
    "0",
    "--seed",
    "1",
    "--symbols",
    SYMBOLS.join(","),
  ];
  const child = start([BINARY, ...args], {}, "stdout");
  const line = await firstLine(child, (text) => text.includes("url"));
  return { child, url: JSON.parse(line).url };
}

async function startIngester(url: string, brokers: string, topic: string, more: Record<string, string> = {}) {
  const env = {
    FEEDS: "binance",
    BINANCE_URL: url,
    BINANCE_SYMBOLS: SYMBOLS.join(","),
    KAFKA_BROKERS: brokers,
    KAFKA_TOPIC: topic,
    KAFKA_EVENTS_TOPIC: `${topic}.events`,
    KAFKA_REJECTED_TOPIC: `${topic}.rejected`,
    ADMIN_PORT: "0",
    ...more,
  };
  const child = start([BINARY, "run"], env, "stderr");
  const line = await firstLine(child, (text) => text.includes("admin_server_started"));
  const { url: admin } = JSON.parse(line) as { url: string };
  return { child, scrape: async () => await (await fetch(`${admin}/metrics`)).text() };
}

async function createTopics(kafka: TestKafka, topic: string): Promise<void> {
  await kafka.createTopic(topic, PARTITIONS);
  await kafka.createTopic(`${topic}.events`, 1);
  await kafka.createTopic(`${topic}.rejected`, 1);
}

interface Throughput {
  readonly what: string;
  readonly cpuPerQuoteUs: number;
  readonly quotesPerSecond: number;
  readonly residentMb: number;
}

async function measureOurs(kafka: TestKafka, url: string): Promise<Throughput> {
  await createTopics(kafka, "bench.ours");
  const ours = await startIngester(url, kafka.bootstrap.plain, "bench.ours");
  const acked = async () => metricSum(await ours.scrape(), "market_data_raw_published_total");
  const result = await measure("edge-ingester, lanes, zstd, acks=all", ours.child.pid, acked);
  const text = await ours.scrape();
  console.log(
    `  ledger imbalance ${metricSum(text, "ingester_ledger_imbalance_quotes")}, dropped ${metricSum(text, "ingester_quotes_dropped_total")}, pauses ${metricSum(text, "ingester_feed_pauses_total")}, event loop lag p99 ${(histogramQuantileUs("", text, "ingester_event_loop_lag_seconds", 0.99) / 1000).toFixed(1)} ms`,
  );
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

async function measure(what: string, pid: number, acked: () => Promise<number>): Promise<Throughput> {
  await Bun.sleep(WARM_UP_MS);
  const before = { acked: await acked(), cpuUs: cpuUs(pid), ms: performance.now() };
  await Bun.sleep(MEASURE_MS);
  const after = { acked: await acked(), cpuUs: cpuUs(pid), ms: performance.now() };
  const quotes = after.acked - before.acked;
  return {
    what,
    cpuPerQuoteUs: (after.cpuUs - before.cpuUs) / quotes,
    quotesPerSecond: (quotes / (after.ms - before.ms)) * 1000,
    residentMb: residentMb(pid),
  };
}

async function measureLatency(kafka: TestKafka): Promise<void> {
  const venue = await startVenue("5000");
  await createTopics(kafka, "bench.latency");
  const ours = await startIngester(venue.url, kafka.bootstrap.plain, "bench.latency");
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
    const ours = await startIngester(url, bootstrap.proxied, "bench.slow");
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

const kafka = await startKafka({ tuning: "throughput" });
const venue = await startVenue("full");
try {
  console.log(
    `WebSocket to acked Kafka record: bookTicker over ${SYMBOLS.length} symbols, ${PARTITIONS} partitions, broker on this machine`,
  );
  const rows = [await measureOurs(kafka, venue.url), await measureControl(kafka, venue.url)];
  for (const row of rows) {
    console.log(
      `  ${row.what.padEnd(40)} ${row.cpuPerQuoteUs.toFixed(2).padStart(7)} us CPU/quote  ${Math.round(row.quotesPerSecond).toString().padStart(8)} quotes/s  RSS ${row.residentMb.toFixed(0)} MB`,
    );
  }
  console.log(`  ratio ${(rows[1].cpuPerQuoteUs / rows[0].cpuPerQuoteUs).toFixed(1)}x`);
  await measureLatency(kafka);
  await measureSlowBroker(venue.url);
} finally {
  await venue.child.stop();
  await kafka.stop();
}
process.exit(0);
