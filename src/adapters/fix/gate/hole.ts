import type { FixFrame } from "../../../fix/fix-frame.ts";
import type { Clock, Timer } from "../../../runtime/clock.ts";
import type { SessionNumbers } from "../engine/fix-engine.ts";
import { STANDSTILL_MS } from "../standstill.ts";
import { KeptFrames } from "./kept-frames.ts";

/** How often one hole is asked for: once, and twice again when nothing comes. */
const ASKS_MAX = 3;

/** What a hole works with. */
export interface HoleOptions {
  readonly clock: Clock;
  /** The hole begins at `nextIncoming`. */
  readonly numbers: SessionNumbers;
  /** How long an answer may take before it is asked for again, ms. */
  readonly answerMs: number;
  /** Most messages, and bytes of them, kept ahead of a missing one. */
  readonly framesMax: number;
  readonly bytesMax: number;
  /** Asks for everything from this number on. */
  ask(from: number): void;
  /** Nothing has come of the last request. */
  giveUp(): void;
}

/**
 * What has come ahead of a missing message, and what was asked for. Open from the first message ahead until all that were
 * kept had their turn; there may be several stretches missing between them.
 */
export class Hole {
  readonly #options: HoleOptions;
  readonly kept: KeptFrames;
  #isOpen = false;
  #isLossy = false;
  #highest = 0;
  /** Highest number seen when it was last asked: what the LP replays reaches at least so far. */
  #askedThrough = 0;
  #asks = 0;
  /** The next number when the answer was last looked for. */
  #nextAtLook = 0;
  #timer: Timer | null = null;
  /** When it is due, monotonic ms. */
  #dueMs = 0;
  #isHeld = false;

  constructor(options: HoleOptions) {
    this.#options = options;
    this.kept = new KeptFrames(options.framesMax, options.bytesMax);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Highest number seen while open. */
  get highest(): number {
    return this.#highest;
  }

  /** True when some of what was missing will never come. */
  get isLossy(): boolean {
    return this.#isLossy;
  }

  /** Keeps a message ahead of its turn; false when there is no room. Opens the hole when it is not. */
  keep(frame: FixFrame): boolean {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#highest = this.#options.numbers.nextIncoming - 1;
    }
    if (!this.kept.add(frame)) return false;
    if (frame.sequence > this.#highest) this.#highest = frame.sequence;
    return true;
  }

  /** Some of what is missing will never come. */
  markLossy(): void {
    this.#isLossy = true;
  }

  /** Asks, unless all that is missing was asked for already. */
  ask(): void {
    if (this.#asks > 0 && this.kept.lowest - 1 <= this.#askedThrough) return;
    this.#asks = 0;
    this.#askNow();
  }

  /** While nothing is read, no answer can come. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (this.#timer !== null) this.#await();
  }

  /** Forgets everything. */
  clear(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.kept.clear();
    this.#isOpen = false;
    this.#isLossy = false;
    this.#asks = 0;
  }

  #askNow(): void {
    this.#asks++;
    this.#askedThrough = this.#highest;
    this.#await();
    this.#options.ask(this.#options.numbers.nextIncoming);
  }

  #await(): void {
    this.#timer?.cancel();
    const { clock, numbers, answerMs } = this.#options;
    this.#nextAtLook = numbers.nextIncoming;
    this.#dueMs = clock.monotonicMs() + answerMs;
    this.#timer = clock.schedule(answerMs, () => this.#look());
  }

  /** An answer that is under way may take its time; one that came while we did not read is not read yet. */
  #look(): void {
    const { clock, numbers } = this.#options;
    const hasRead = !this.#isHeld && clock.monotonicMs() - this.#dueMs <= STANDSTILL_MS;
    this.#timer = null;
    if (!hasRead || numbers.nextIncoming > this.#nextAtLook) this.#await();
    else if (this.#asks < ASKS_MAX) this.#askNow();
    else this.#options.giveUp();
  }
}
