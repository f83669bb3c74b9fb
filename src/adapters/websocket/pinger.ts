import type { Clock, Timer } from "../../runtime/clock.ts";
import type { PingRule } from "../../venues/compiled-venue.ts";
import type { Outbox } from "./outbox.ts";

/** How often, per interval, an idle-only pinger looks whether anything came. */
const LOOKS_PER_INTERVAL = 4;

/** What a pinger works with. */
export interface PingerOptions {
  readonly rule: PingRule;
  readonly clock: Clock;
  readonly outbox: Outbox;
  /** Frames received so far. */
  readonly framesReceived: () => number;
  /** The text of the next ping. */
  readonly text: () => string;
}

/** Sends the venue's pings: at every interval, or only when nothing was received for one. */
export class Pinger {
  readonly #options: PingerOptions;
  readonly #lookEveryMs: number;
  #timer: Timer | null = null;
  #seenFrames = 0;
  /** Monotonic ms of the look that saw the last frame come, or of the last ping. */
  #quietSinceMs = 0;
  #isWaiting = false;

  constructor(options: PingerOptions) {
    this.#options = options;
    const { rule } = options;
    this.#lookEveryMs = rule.when === "always" ? rule.everyMs : rule.everyMs / LOOKS_PER_INTERVAL;
  }

  start(): void {
    this.#quietSinceMs = this.#options.clock.monotonicMs();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    this.#timer = this.#options.clock.schedule(this.#lookEveryMs, () => {
      this.#arm();
      if (this.#isDue()) this.#ping();
    });
  }

  #isDue(): boolean {
    if (this.#options.rule.when === "always") return true;
    const nowMs = this.#options.clock.monotonicMs();
    const frames = this.#options.framesReceived();
    if (frames !== this.#seenFrames) {
      this.#seenFrames = frames;
      this.#quietSinceMs = nowMs;
      return false;
    }
    // The last frame came up to one look before it was seen: one look less keeps the true silence within the interval.
    return nowMs - this.#quietSinceMs >= this.#options.rule.everyMs - this.#lookEveryMs;
  }

  #ping(): void {
    if (this.#isWaiting) return;
    const text = this.#options.rule.isFrame ? null : this.#options.text();
    this.#isWaiting = true;
    if (!this.#options.outbox.push({ text, onSent: () => this.#onSent() }, "urgent")) this.#isWaiting = false;
  }

  #onSent(): void {
    this.#isWaiting = false;
    this.#quietSinceMs = this.#options.clock.monotonicMs();
  }
}
