import type { Log } from "../domain/log.ts";
import type { SpoolStatus } from "../domain/spool-status.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import { DrainMeter } from "./drain-meter.ts";
import type { MetricsSource } from "./metrics-source.ts";

/** How often the spool is looked at, ms. */
const LOOK_EVERY_MS = 1000;
/** A backlog that stays is told again after this, ms. */
const TELL_EVERY_MS = 60_000;

/** What a {@link BacklogLog} needs. */
export interface BacklogLogOptions {
  readonly clock: Clock;
  readonly source: Pick<MetricsSource, "spool">;
  readonly log: Log;
}

/**
 * Tells whoever reads the log what waits on the disk: `spool_backlog` when something does and every minute while it lasts, with
 * the pace and the time left, and `spool_drained` when nothing does any more.
 */
export class BacklogLog {
  readonly #options: BacklogLogOptions;
  readonly #meter = new DrainMeter();
  #timer: Timer | null = null;
  /** Monotonic ms when the backlog began and was last told; null while there is none. */
  #told: { readonly beganMs: number; lastMs: number } | null = null;

  constructor(options: BacklogLogOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#timer === null) this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    this.#timer = this.#options.clock.schedule(LOOK_EVERY_MS, () => {
      this.#arm();
      const spool = this.#options.source.spool();
      if (spool !== null) this.#look(spool, this.#options.clock.monotonicMs());
    });
  }

  #look(spool: SpoolStatus, nowMs: number): void {
    const { recordsPerSecond, secondsLeft } = this.#meter.add(spool, nowMs);
    const told = this.#told;
    if (spool.unreadRecords === 0) {
      if (told === null) return;
      this.#told = null;
      this.#options.log.info({ seconds: Math.round((nowMs - told.beganMs) / 1000) }, "spool_drained");
      return;
    }
    if (told !== null && nowMs - told.lastMs < TELL_EVERY_MS) return;
    this.#told = { beganMs: told?.beganMs ?? nowMs, lastMs: nowMs };
    const { unreadRecords: records, unreadBytes: bytes, oldestUnreadMs } = spool;
    const ageMs = oldestUnreadMs < 0 ? 0 : this.#options.clock.wallUs() / 1000 - oldestUnreadMs;
    const fields = {
      records,
      bytes,
      oldestSeconds: Math.max(0, Math.round(ageMs / 1000)),
      recordsPerSecond: Math.round(recordsPerSecond),
      secondsLeft: secondsLeft === null ? null : Math.ceil(secondsLeft),
    };
    this.#options.log.info(fields, "spool_backlog");
  }
}
