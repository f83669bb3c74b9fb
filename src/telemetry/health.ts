import type { Clock, Timer } from "../runtime/clock.ts";
import { EventLoopMonitor } from "./event-loop-monitor.ts";
import type { LaneStatus, MetricsSource } from "./metrics-source.ts";

/** Promise P13: what makes no progress is told within this, ms. */
const TOLD_WITHIN_MS = 10_000;
/** How often lanes and disk are looked at, ms. */
const LOOK_EVERY_MS = 1000;
/** What is seen to make no progress for this long counts as stuck: so it is told in time, one look included, ms. */
export const STUCK_AFTER_MS = TOLD_WITHIN_MS - LOOK_EVERY_MS;

/** One part that makes no progress. */
export interface StuckPart {
  /** `event_loop`, `lane <topic>/<partition>` or `spool`. */
  readonly part: string;
  readonly stuckForMs: number;
  readonly why: string;
}

/** One wait that is beyond its time limit. */
interface Overdue {
  /** What tells this wait from the one before and the next: a part that goes from wait to wait makes progress. */
  readonly mark: number;
  /** Monotonic ms when it was first seen so. */
  readonly sinceMs: number;
  readonly why: string;
}

/** What a {@link HealthMonitor} needs. */
export interface HealthOptions {
  readonly clock: Clock;
  readonly source: Pick<MetricsSource, "lanes" | "spool">;
}

/**
 * Knows whether the program makes progress, as opposed to merely being there: the event loop turns, and every lane that
 * has work goes on with it. Going on means that whatever it waits for has a time limit and ends by it (a connection, an answer, a
 * pause before the next try): with Kafka down the lanes try again and again, so the program is healthy (a restart would
 * gain nothing) while `/readyz` tells the outage. A wait that outlives its own limit, a read or a sync of the spool that does not
 * return, is a defect that only a restart mends.
 */
export class HealthMonitor {
  readonly loop: EventLoopMonitor;
  readonly #clock: Clock;
  readonly #source: HealthOptions["source"];
  /** What is overdue, by part; at most one entry per lane, and one for the spool. */
  #overdue = new Map<string, Overdue>();
  #timer: Timer | null = null;

  constructor(options: HealthOptions) {
    this.#clock = options.clock;
    this.#source = options.source;
    this.loop = new EventLoopMonitor(options.clock);
  }

  start(): void {
    if (this.#timer !== null) return;
    this.loop.start();
    this.#arm();
  }

  stop(): void {
    this.loop.stop();
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** The parts that have been stuck for {@link STUCK_AFTER_MS} or longer; empty when the program is healthy. */
  stuckParts(): StuckPart[] {
    const nowMs = this.#clock.monotonicMs();
    const stuck: StuckPart[] = [];
    const silentMs = nowMs - this.loop.lastBeatMs;
    if (silentMs >= STUCK_AFTER_MS) {
      stuck.push({ part: "event_loop", stuckForMs: silentMs, why: "timers do not fire" });
    }
    this.#look(nowMs);
    for (const [part, { sinceMs, why }] of this.#overdue) {
      const stuckForMs = nowMs - sinceMs;
      if (stuckForMs >= STUCK_AFTER_MS) stuck.push({ part, stuckForMs, why });
    }
    return stuck;
  }

  #arm(): void {
    this.#timer = this.#clock.schedule(LOOK_EVERY_MS, () => {
      this.#look(this.#clock.monotonicMs());
      this.#arm();
    });
  }

  /**
   * A wait is overdue from the moment it is seen so, not from when it ought to have ended: after a pause of the whole
   * process (SIGSTOP, a suspended machine) all of that lies in the past, and it gets its time to go on.
   */
  #look(nowMs: number): void {
    const before = this.#overdue;
    this.#overdue = new Map();
    const note = (part: string, mark: number, why: string) => {
      const seen = before.get(part);
      this.#overdue.set(part, seen?.mark === mark ? seen : { mark, sinceMs: nowMs, why });
    };
    for (const lane of this.#source.lanes()) {
      if (!hasWork(lane) || nowMs <= lane.deadlineMs) continue;
      note(`lane ${lane.topic}/${lane.partition}`, lane.deadlineMs, "has work, and waits beyond its time limit");
    }
    const syncingSinceMs = this.#source.spool()?.syncingSinceMs ?? -1;
    if (syncingSinceMs >= 0) note("spool", syncingSinceMs, "a sync of the disk does not return");
  }
}

/** For a lane that is held, what lies before its records is dealt out, whether it has any or not. */
function hasWork({ state, isInFlight, sealedBatches, openRecords, spooledBatches }: LaneStatus): boolean {
  return state === "held" || isInFlight || sealedBatches > 0 || openRecords > 0 || spooledBatches > 0;
}
