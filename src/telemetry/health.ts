import type { Clock, Timer } from "../runtime/clock.ts";
import { EventLoopMonitor } from "./event-loop-monitor.ts";
import type { LaneStatus, MetricsSource } from "./metrics-source.ts";

/** Without progress for this long a part counts as stuck (promise P13), monotonic ms. */
export const STUCK_AFTER_MS = 10_000;
/** How often the lanes are looked at, ms. */
const LOOK_EVERY_MS = 1000;

/** One part that makes no progress. */
export interface StuckPart {
  /** `event_loop`, or `lane <topic>/<partition>`. */
  readonly part: string;
  readonly stuckForMs: number;
  readonly why: string;
}

/** What a {@link HealthMonitor} needs. */
export interface HealthOptions {
  readonly clock: Clock;
  readonly source: Pick<MetricsSource, "lanes">;
  /** Time limit of one attempt of the sink, ms: a lane may wait so long for an answer and still make progress. */
  readonly attemptMaxMs: number;
}

/**
 * Knows whether the program makes progress, as opposed to merely being there: the event loop turns, and every lane that
 * has work goes on with it. Going on means trying: with Kafka down the lanes try again and again, so the program is
 * healthy (a restart would only lose what is in memory) while `/readyz` tells the outage.
 */
export class HealthMonitor {
  readonly loop: EventLoopMonitor;
  readonly #clock: Clock;
  readonly #source: Pick<MetricsSource, "lanes">;
  readonly #attemptMaxMs: number;
  /** Since when a lane has been seen to overstay its attempt, by name; at most one entry per lane. */
  readonly #overdueSince = new Map<string, number>();
  #timer: Timer | null = null;

  constructor(options: HealthOptions) {
    this.#clock = options.clock;
    this.#source = options.source;
    this.#attemptMaxMs = options.attemptMaxMs;
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
    this.#lookAtLanes(nowMs);
    for (const [part, sinceMs] of this.#overdueSince) {
      const stuckForMs = nowMs - sinceMs;
      if (stuckForMs >= STUCK_AFTER_MS) stuck.push({ part, stuckForMs, why: "has work and takes no step" });
    }
    return stuck;
  }

  #arm(): void {
    this.#timer = this.#clock.schedule(LOOK_EVERY_MS, () => {
      this.#lookAtLanes(this.#clock.monotonicMs());
      this.#arm();
    });
  }

  /**
   * A lane is overdue from the moment it is seen so, not from when its attempt ought to have ended: after a pause of the
   * whole process (SIGSTOP, a suspended machine) all of that lies in the past, and the lanes get their 10 s to go on.
   */
  #lookAtLanes(nowMs: number): void {
    const overdue = new Set<string>();
    for (const lane of this.#source.lanes()) {
      if (!hasWork(lane) || nowMs - lane.lastProgressMs <= this.#attemptMaxMs) continue;
      const part = `lane ${lane.topic}/${lane.partition}`;
      overdue.add(part);
      if (!this.#overdueSince.has(part)) this.#overdueSince.set(part, nowMs);
    }
    for (const part of this.#overdueSince.keys()) if (!overdue.has(part)) this.#overdueSince.delete(part);
  }
}

function hasWork(lane: LaneStatus): boolean {
  return lane.isInFlight || lane.sealedBatches > 0 || lane.openRecords > 0;
}
