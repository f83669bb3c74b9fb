/** A timer that can be cancelled; cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * The two clocks and the timers, passed in everywhere: nothing else in the program asks for the time.
 * Timeouts use the monotonic clock, stamps the wall clock.
 */
export interface Clock {
  /** Monotonic ms, with fraction; only differences mean something. */
  monotonicMs(): number;
  /** Wall clock, whole µs since the epoch. */
  wallUs(): number;
  /** Calls back once after `delayMs` (0 or more). The timer keeps the process alive. */
  schedule(delayMs: number, callback: () => void): Timer;
  /** Calls back after pending input was handled, before any timer of 1 ms or more. */
  scheduleSoon(callback: () => void): Timer;
}

/** Chance in [0, 1), passed in so that tests can fix it. */
export type RandomSource = () => number;
