import type { Clock, Timer } from "./clock.ts";

/** New connections to one host in one second, over all feeds of the process. */
const CONNECTS_PER_SECOND = 20;

/** At most `count` connection attempts in any `windowMs`. */
export interface ConnectWindow {
  readonly count: number;
  readonly windowMs: number;
}

interface Waiter {
  readonly window: ConnectWindow;
  readonly finish: (isGranted: boolean) => void;
}

/** The state of one host. Hosts come from the configuration, so their number is bounded. */
interface HostQueue {
  readonly waiters: Waiter[];
  /** Monotonic ms of the latest grants, ascending; only as many as the largest window asks for. */
  readonly grantsMs: number[];
  keep: number;
  timer: Timer | null;
}

/**
 * Shares out new connections per host, first come first served, over all feeds of the process: a sliding window per
 * venue limit, and one over all. On the monotonic clock, so that a step of the wall clock neither opens nor shuts it.
 */
export class ConnectRateLimiter {
  readonly #clock: Clock;
  readonly #overall: ConnectWindow;
  readonly #hosts = new Map<string, HostQueue>();

  constructor(clock: Clock, connectsPerSecond = CONNECTS_PER_SECOND) {
    this.#clock = clock;
    this.#overall = { count: connectsPerSecond, windowMs: 1000 };
  }

  /** Resolves with true when the caller may connect now, with false when the signal aborted first. Never rejects. */
  acquire(host: string, window: ConnectWindow, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    const queue = this.#queueOf(host);
    queue.keep = Math.max(queue.keep, window.count);
    return new Promise((resolve) => {
      const waiter: Waiter = { window, finish };
      const leave = () => {
        queue.waiters.splice(queue.waiters.indexOf(waiter), 1);
        finish(false);
        this.#serve(queue);
      };
      function finish(isGranted: boolean): void {
        signal.removeEventListener("abort", leave);
        resolve(isGranted);
      }
      signal.addEventListener("abort", leave, { once: true });
      queue.waiters.push(waiter);
      this.#serve(queue);
    });
  }

  #queueOf(host: string): HostQueue {
    let queue = this.#hosts.get(host);
    if (queue === undefined) {
      queue = { waiters: [], grantsMs: [], keep: this.#overall.count, timer: null };
      this.#hosts.set(host, queue);
    }
    return queue;
  }

  /** Grants what may be granted now and arms one timer for the first that must wait. */
  #serve(queue: HostQueue): void {
    queue.timer?.cancel();
    queue.timer = null;
    const nowMs = this.#clock.monotonicMs();
    while (queue.waiters.length > 0) {
      const first = queue.waiters[0];
      const dueMs = Math.max(freeAtMs(queue, first.window), freeAtMs(queue, this.#overall));
      if (dueMs > nowMs) {
        queue.timer = this.#clock.schedule(dueMs - nowMs, () => this.#serve(queue));
        return;
      }
      queue.waiters.shift();
      queue.grantsMs.push(nowMs);
      if (queue.grantsMs.length > queue.keep) queue.grantsMs.shift();
      first.finish(true);
    }
  }
}

/** The earliest monotonic ms at which one more grant keeps to the window. */
function freeAtMs(queue: HostQueue, window: ConnectWindow): number {
  const index = queue.grantsMs.length - window.count;
  return index < 0 ? Number.NEGATIVE_INFINITY : queue.grantsMs[index] + window.windowMs;
}
