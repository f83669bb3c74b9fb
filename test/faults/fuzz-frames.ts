import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RandomSource } from "../../src/runtime/clock.ts";
import { drawOne } from "../../src/simulator/fault-kind.ts";
import { createSeededRandom } from "../../src/simulator/seeded-random.ts";
import type { IngesterRig, RigFeed } from "../harness/ingester-rig.ts";
import type { FaultCase } from "./fault-case.ts";
import { megabytes, throughLife } from "./whole-life.ts";

const FIXTURES = join(import.meta.dir, "../fixtures/venues");
const FRAMES = { short: 30_000, long: 1_000_000 } as const;
const FRAMES_LIMIT_MS = { short: 60_000, long: 1_200_000 } as const;
/** Frames of one venue between two rests, in which the program reads them. */
const BURST = 100;
/** One in so many is no frame at all, which ends the session. */
const BROKEN_EVERY = 20_000;
const BROKEN_FRAME = new Uint8Array([0xff, 0x05, 1, 2, 3, 4, 5]);
const CHANGES_MAX = 8;
const LIVE_LIMIT_MS = 30_000;
const RESIDENT_MB_MAX = 256;

const CALM = "kraken";
const LP = "fix-generic";
/** A snapshot as an LP sends it, before it is damaged. */
const FIX_SAMPLE =
  "8=FIX.4.4|9=150|35=W|49=LP|56=EDGE|34=7|52=20261123-10:00:00.000|262=1|55=EUR/USD|268=2|269=0|270=1.0843|271=1000000|269=1|270=1.0845|271=2000000|10=000|".replaceAll(
    "|",
    "\u0001",
  );
const FRAMED: readonly string[] = ["binance", "bybit", "okx", "coinbase"];
const FAULTY: readonly string[] = [...FRAMED, LP];
const REJECTS = "market_data_raw_parse_errors_total";
const HEARD = "ingester_feed_messages_total";
const REJECTED_SHARE = 0.3;
const FEEDS: readonly RigFeed[] = [...FAULTY, CALM].map((venue) => ({
  name: venue,
  venue,
  symbolCount: 2,
  ratePerSecond: 50,
  profile: { limits: { connects: { count: 100_000, windowMs: 1000 } } },
  ...(venue === LP ? { settings: { HEARTBEAT_S: "1" } } : {}),
}));

/** F13: real messages with bytes changed, lost, repeated and swapped, from five venues at once. */
export const fuzzFrames: FaultCase = {
  fault: "F13",
  name: "fuzz-frames",
  title: "Damaged messages without end from five venues (WebSocket, FIX)",
  limitMs: { short: 120_000, long: 1_500_000 },
  async run(round) {
    const kafka = await round.kafka();
    const random = createSeededRandom(round.seed);
    const options = { kafka, feeds: FEEDS, quotesBefore: 10, judgement: { except: FAULTY } };
    const { metrics, verdict } = await throughLife(round, options, async (rig) => {
      const before = await rig.metrics();
      const heard = await sendDamaged(rig, random, { count: FRAMES[round.form], limitMs: FRAMES_LIMIT_MS[round.form] });
      const after = await rig.metrics();
      round.measure({ name: "frames heard", value: heard, unit: "", least: FRAMES[round.form] });
      // The fault: many of them are no messages any more. What is damaged in a FIX stream is no message to begin with.
      const grown = (name: string, source: string) => after.sum(name, { source }) - before.sum(name, { source });
      const share = sumOf(FRAMED, (venue) => grown(REJECTS, venue)) / sumOf(FRAMED, (venue) => grown(HEARD, venue));
      round.measure({ name: "share rejected (WebSocket)", value: share, unit: "", least: REJECTED_SHARE });
      round.measure({
        name: "pieces rejected (FIX)",
        value: grown(REJECTS, LP),
        unit: "",
        least: FRAMES[round.form] / 100,
      });
      const memory = megabytes(after.sum("process_resident_memory_bytes"));
      round.measure({ name: "memory", value: memory, unit: "MB", most: RESIDENT_MB_MAX });
      await comeBack(rig);
    });
    for (const name of [REJECTS, "market_data_raw_disconnections_total"])
      expect({ name, value: metrics.sum(name, { source: CALM }) }).toEqual({ name, value: name === REJECTS ? 1 : 0 });
    expect(verdict).toMatchObject({ declaredMissing: 0, declaredDropped: 0, duplicates: 0 });
  },
};

function sumOf(venues: readonly string[], count: (venue: string) => number): number {
  return venues.reduce((sum, venue) => sum + count(venue), 0);
}

/** Resolves with the number of messages the program has read meanwhile. */
async function sendDamaged(
  rig: IngesterRig,
  random: RandomSource,
  { count, limitMs }: { count: number; limitMs: number },
): Promise<number> {
  const samples = new Map(FAULTY.map((venue) => [venue, samplesOf(venue)]));
  const heardNow = async () => {
    const now = await rig.metrics();
    return sumOf(FAULTY, (source) => now.sum(HEARD, { source }));
  };
  const before = await heardNow();
  const endMs = performance.now() + limitMs;
  let heard = 0;
  while (heard < count) {
    if (performance.now() > endMs) throw new Error(`Cannot go on: ${heard} of ${count} frames heard in ${limitMs} ms`);
    for (const venue of FAULTY) {
      for (let i = 0; i < BURST; i++)
        sendOne(rig, venue, { sample: drawOne(samples.get(venue) ?? [], random), random });
    }
    await Bun.sleep(1);
    heard = (await heardNow()) - before;
    expect((await rig.page("/healthz")).status).toBe(200);
  }
  return heard;
}

function sendOne(rig: IngesterRig, venue: string, { sample, random }: { sample: string; random: RandomSource }): void {
  if (venue !== LP && random() * BROKEN_EVERY < 1) rig.venue(venue).sendBytes(BROKEN_FRAME);
  else rig.venue(venue).sendRaw(damage(sample, random));
}

function samplesOf(venue: string): string[] {
  if (venue === LP) return [FIX_SAMPLE];
  const text = readFileSync(join(FIXTURES, venue, "wire.jsonl"), "utf8");
  return text.split("\n").filter((line) => line !== "");
}

/** A text with a few of its characters changed, lost, repeated or swapped. */
function damage(sample: string, random: RandomSource): string {
  let text = sample;
  const changes = 1 + Math.floor(random() * CHANGES_MAX);
  for (let i = 0; i < changes; i++) {
    const at = Math.floor(random() * text.length);
    const length = Math.floor(random() * 6);
    const [head, middle, tail] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
    const kind = Math.floor(random() * 4);
    if (kind === 0) text = head + String.fromCharCode(Math.floor(random() * 256)) + tail;
    else if (kind === 1) text = head + tail;
    else if (kind === 2) text = head + middle + middle + tail;
    else text = tail + middle + head;
  }
  return text;
}

/** New sessions, as a damaged message may have been a lawful refusal; every feed must come to life again. */
async function comeBack(rig: IngesterRig): Promise<void> {
  for (const venue of FAULTY) rig.venue(venue).disconnectHard();
  const before = await rig.metrics();
  const acked = "ingester_quotes_acked_total";
  await rig.untilMetrics(
    "quotes of every feed",
    (now) =>
      FAULTY.every(
        (source) =>
          now.sum("ingester_feed_state", { source, state: "live" }) === 1 &&
          rig.venue(source).stats().sessionsOpen > 0 &&
          now.sum(acked, { source }) > before.sum(acked, { source }),
      ),
    LIVE_LIMIT_MS,
  );
}
