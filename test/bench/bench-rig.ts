// What every figure needs: the compiled binary as venue and as ingester, topics, and CPU counted over a quiet stretch.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestKafka } from "../harness/kafka-handle.ts";
import { type Child, firstLine, start } from "./child-process.ts";
import { cpuUs, histogramQuantileUs, metricSum, residentMb } from "./process-figures.ts";

/** The binary that `./build.sh build` makes. */
export const BINARY = join(import.meta.dir, "../../dist/edge-ingester");
/** Partitions of every topic of quotes. */
export const PARTITIONS = 6;
/** Compilers and connections settle in this time, ms. */
export const WARM_UP_MS = 4000;
/** Time over which everything is counted, ms. */
export const MEASURE_MS = 12_000;

/** One line of the table. */
export interface Throughput {
  readonly what: string;
  readonly cpuPerQuoteUs: number;
  readonly quotesPerSecond: number;
  readonly residentMb: number;
}

/** A running ingester. */
export interface Ingester {
  readonly child: Child;
  scrape(): Promise<string>;
}

/** Starts a loopback venue; the result is the JSON line it prints when it listens. */
export async function startVenue(args: readonly string[]): Promise<{ child: Child; facts: Record<string, unknown> }> {
  const child = start([BINARY, "simulate", "--port", "0", "--seed", "1", ...args], {}, "stdout");
  const line = await firstLine(child, (text) => text.startsWith("{"));
  return { child, facts: JSON.parse(line) };
}

/** Starts the ingester with these feeds on topics of that name. */
export async function startIngester(
  kafka: { readonly brokers: string; readonly topic: string },
  feeds: Readonly<Record<string, string>>,
): Promise<Ingester> {
  const env = {
    KAFKA_BROKERS: kafka.brokers,
    KAFKA_TOPIC: kafka.topic,
    KAFKA_EVENTS_TOPIC: `${kafka.topic}.events`,
    KAFKA_REJECTED_TOPIC: `${kafka.topic}.rejected`,
    ADMIN_PORT: "0",
    // Nothing that an earlier run left on its spool is sent in this one.
    STATE_DIR: mkdtempSync(join(tmpdir(), "edge-ingester-bench-")),
    ...feeds,
  };
  const child = start([BINARY, "run"], env, "stderr");
  const line = await firstLine(child, (text) => text.includes("admin_server_started"));
  const { url: admin } = JSON.parse(line) as { url: string };
  return { child, scrape: async () => await (await fetch(`${admin}/metrics`)).text() };
}

/** Makes the three topics. */
export async function createTopics(kafka: TestKafka, topic: string): Promise<void> {
  await kafka.createTopic(topic, PARTITIONS);
  await kafka.createTopic(`${topic}.events`, 1);
  await kafka.createTopic(`${topic}.rejected`, 1);
}

/** Counts what `done` counts, and the CPU of the process, after a warm-up. */
export async function measure(what: string, pid: number, done: () => Promise<number>): Promise<Throughput> {
  await Bun.sleep(WARM_UP_MS);
  const before = { done: await done(), cpuUs: cpuUs(pid), ms: performance.now() };
  await Bun.sleep(MEASURE_MS);
  const after = { done: await done(), cpuUs: cpuUs(pid), ms: performance.now() };
  const count = after.done - before.done;
  return {
    what,
    cpuPerQuoteUs: (after.cpuUs - before.cpuUs) / count,
    quotesPerSecond: (count / (after.ms - before.ms)) * 1000,
    residentMb: residentMb(pid),
  };
}

/** Quotes that the broker has acknowledged so far. */
export async function ackedQuotes(ingester: Ingester): Promise<number> {
  return metricSum(await ingester.scrape(), "market_data_raw_published_total");
}

/** One line of the table, as text. */
export function throughputLine(
  { what, cpuPerQuoteUs, quotesPerSecond, residentMb }: Throughput,
  unit = "quote",
): string {
  const cpu = cpuPerQuoteUs.toFixed(2).padStart(7);
  const rate = Math.round(quotesPerSecond).toString().padStart(8);
  return `  ${what.padEnd(48)} ${cpu} us CPU/${unit}  ${rate} ${unit}s/s  RSS ${residentMb.toFixed(0)} MB`;
}

/** What must hold after a measurement, as text for people to look at. */
export function accountLine(metrics: string): string {
  const imbalance = metricSum(metrics, "ingester_ledger_imbalance_quotes");
  const dropped = metricSum(metrics, "ingester_quotes_dropped_total");
  const pauses = metricSum(metrics, "ingester_feed_pauses_total");
  const lagMs = histogramQuantileUs("", metrics, "ingester_event_loop_lag_seconds", 0.99) / 1000;
  return `  ledger imbalance ${imbalance}, dropped ${dropped}, pauses ${pauses}, event loop lag p99 ${lagMs.toFixed(1)} ms`;
}
