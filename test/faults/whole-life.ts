import { expect } from "bun:test";
import { mixSeed } from "../../src/simulator/seeded-random.ts";
import {
  type IngesterRig,
  type RigFeed,
  type RigJudgement,
  type RigOptions,
  withRig,
} from "../harness/ingester-rig.ts";
import type { MetricsText } from "../harness/metrics-text.ts";
import type { Verdict } from "../harness/oracle.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultRound } from "./fault-case.ts";

/** First ack after the broker is back, promise P11. */
export const FIRST_ACK_LIMIT_MS = 5000;
const READY_LIMIT_MS = 20_000;
const DRAIN_LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 100;

/** Two venues of different dialects, with so many quotes a second together. */
export function twoVenues(ratePerSecond: number): readonly RigFeed[] {
  return [
    { name: "binance", venue: "binance", symbolCount: 3, ratePerSecond: (ratePerSecond * 2) / 3 },
    { name: "kraken", venue: "kraken", symbolCount: 2, ratePerSecond: ratePerSecond / 3 },
  ];
}

/** What a life is beside its rig. */
export interface LifeOptions extends Omit<RigOptions, "seed"> {
  /** Which life of the round it is, when there are more: each has chances of its own. */
  readonly number?: number;
  /** Quotes of each feed that must be acked before the fault. */
  readonly quotesBefore?: number;
  readonly partitions?: number;
  /** Called once the program runs, before it has many sessions. */
  readonly onStart?: (rig: IngesterRig) => void;
  readonly judgement?: RigJudgement;
}

/** How a life ended. */
export interface LifeEnd {
  readonly verdict: Verdict;
  /** The last scrape, when the venues were quiet. */
  readonly metrics: MetricsText;
}

/**
 * A whole life of the program with a fault in the middle of it: live first, then the fault, then well again, then an end
 * in good order and the oracle's word, which must find nothing wrong.
 */
export async function throughLife(
  round: FaultRound,
  options: LifeOptions,
  fault: (rig: IngesterRig) => Promise<void>,
): Promise<LifeEnd> {
  const { number = 0, quotesBefore = 100, partitions, judgement = {}, ...rig } = options;
  let end: LifeEnd | null = null;
  await withRig({ ...rig, seed: mixSeed(round.seed, `life ${number}`) }, async (rig) => {
    await rig.createTopics(partitions);
    await rig.start();
    options.onStart?.(rig);
    await rig.untilLive(quotesBefore);
    await fault(rig);
    const isReady = async () => (await rig.page("/readyz")).status === 200;
    await waitUntil(isReady, { limitMs: READY_LIMIT_MS, what: "readiness" });
    await rig.quiet();
    const metrics = await rig.metrics();
    const ended = await rig.finish(DRAIN_LIMIT_MS);
    expect(ended.code).toBe(0);
    const verdict = await rig.judge(judgement);
    expect(verdict.findings).toEqual([]);
    end = { verdict, metrics };
  });
  if (end === null) throw new Error("Cannot judge: the life had no end");
  return end;
}

/** {@link throughLife} for a fault that may cost nothing at all: nothing missing, nothing twice, no session ended. */
export async function throughUnharmed(
  round: FaultRound,
  options: LifeOptions,
  fault: (rig: IngesterRig) => Promise<void>,
): Promise<LifeEnd> {
  const end = await throughLife(round, options, fault);
  expect(end.verdict).toMatchObject({ declaredMissing: 0, declaredDropped: 0, duplicates: 0 });
  expect(end.verdict.distinct).toBeGreaterThan(200);
  expect(end.metrics.sum("market_data_raw_disconnections_total")).toBe(0);
  return end;
}

/** The outage proves itself: attempts fail, readiness says why, and health asks for no restart. */
export async function seeOutage(rig: IngesterRig): Promise<void> {
  const failures = (await rig.metrics()).sum("market_data_raw_publish_errors_total");
  await rig.untilMetrics("failed attempt", (now) => now.sum("market_data_raw_publish_errors_total") > failures);
  await waitUntil(() => isKafkaInTrouble(rig), { limitMs: READY_LIMIT_MS, what: "word of it in /readyz" });
  expect((await rig.page("/healthz")).status).toBe(200);
}

/** Whether /readyz calls Kafka unready, or degraded where a spool takes what it does not, and says why. */
export async function isKafkaInTrouble(rig: IngesterRig): Promise<boolean> {
  const { parts } = JSON.parse((await rig.page("/readyz")).text);
  const sink = parts.find(({ part }: { part: string }) => part === "sink kafka");
  return (!sink.isReady || sink.isDegraded) && sink.why !== "";
}

/** What was seen of the program while a fault was held. */
export interface Held {
  readonly residentBytesMax: number;
  readonly heldQuotesMax: number;
  readonly spooledQuotesMax: number;
}

/** Keeps an outage up for so long; the ledger balances at every scrape meanwhile, nothing is acked, health is well. */
export async function holdOutage(rig: IngesterRig, forMs: number): Promise<Held> {
  const endMs = performance.now() + forMs;
  const acked = (await rig.metrics()).sum("ingester_quotes_acked_total");
  let residentBytesMax = 0;
  let heldQuotesMax = 0;
  let spooledQuotesMax = 0;
  do {
    const now = await rig.metrics();
    expect(now.sum("ingester_ledger_imbalance_quotes")).toBe(0);
    expect(now.sum("ingester_quotes_acked_total")).toBe(acked);
    expect((await rig.page("/healthz")).status).toBe(200);
    residentBytesMax = Math.max(residentBytesMax, now.sum("process_resident_memory_bytes"));
    const spooled = now.sum("ingester_quotes_on_spool");
    spooledQuotesMax = Math.max(spooledQuotesMax, spooled);
    heldQuotesMax = Math.max(heldQuotesMax, spooled + now.sum("ingester_quotes_in_memory"));
    await Bun.sleep(Math.min(LOOK_EVERY_MS, Math.max(0, endMs - performance.now())));
  } while (performance.now() < endMs);
  return { residentBytesMax, heldQuotesMax, spooledQuotesMax };
}

/** Waits for the first ack after an outage, and returns how long it took, ms. */
export async function firstAckMs(rig: IngesterRig): Promise<number> {
  const startMs = performance.now();
  await rig.untilAckedMore(1, 2 * FIRST_ACK_LIMIT_MS);
  return performance.now() - startMs;
}

/** Bytes of memory as the reports have them. */
export function megabytes(bytes: number): number {
  return bytes / (1024 * 1024);
}
