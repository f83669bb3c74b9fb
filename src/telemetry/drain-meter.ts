import type { SpoolStatus } from "../domain/spool-status.ts";

/** Rates are averages over about this long. */
const WINDOW_MS = 10_000;
/** Samples are at least this far apart, so that the window is as long however often it is read. */
const SAMPLE_EVERY_MS = 500;

/** How fast what waits on the disk is sent. */
export interface DrainProgress {
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
  /** At the pace of the last seconds, what was added meanwhile counted; 0 when nothing waits, null while it does not shrink. */
  readonly secondsLeft: number | null;
}

interface Sample {
  readonly atMs: number;
  readonly readRecords: number;
  readonly readBytes: number;
  readonly unreadBytes: number;
}

/** Makes rates out of the spool's counters, seen now and some seconds ago. One for each reader, as it remembers what was seen. */
export class DrainMeter {
  readonly #samples: Sample[] = [];

  /**
   * Takes in how the spool stands and returns the progress up to now: no rate and no time left at the first call.
   *
   * @param nowMs monotonic, never less than at the call before
   */
  add(spool: SpoolStatus, nowMs: number): DrainProgress {
    const { readRecords, readBytes, unreadBytes } = spool;
    const now: Sample = { atMs: nowMs, readRecords, readBytes, unreadBytes };
    const samples = this.#samples;
    if (samples.length === 0 || nowMs - samples[samples.length - 1].atMs >= SAMPLE_EVERY_MS) samples.push(now);
    while (samples.length > 2 && samples[1].atMs <= nowMs - WINDOW_MS) samples.shift();
    return progress(samples[0], now);
  }
}

function progress(then: Sample, now: Sample): DrainProgress {
  const seconds = (now.atMs - then.atMs) / 1000;
  const rate = (gained: number) => (seconds > 0 ? Math.max(0, gained) / seconds : 0);
  const shrinking = rate(then.unreadBytes - now.unreadBytes);
  const secondsLeft = shrinking > 0 ? now.unreadBytes / shrinking : null;
  return {
    recordsPerSecond: rate(now.readRecords - then.readRecords),
    bytesPerSecond: rate(now.readBytes - then.readBytes),
    secondsLeft: now.unreadBytes === 0 ? 0 : secondsLeft,
  };
}
