// Hot path.
import type { FixFrame } from "../../../fix/fix-frame.ts";
import { NOT_A_TIME, sendingTimeMs } from "../../../fix/fix-time.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { FixIdentity } from "../engine/fix-engine.ts";
import { isSame, textBytes } from "./same-text.ts";

/** What is wrong with who sent a message, or when. */
export type PeerProblem = "begin_string" | "comp_id" | "sending_time";

/** What is checked. */
export interface PeerCheckOptions {
  readonly identity: FixIdentity;
  readonly clock: Clock;
  /** 0 = not checked. */
  readonly maxClockSkewMs: number;
}

/**
 * Checks of each message that it is of this session: BeginString (8), comp ids (49, 56) and, if wanted, SendingTime (52).
 * A message that may have waited for us (memory was full, the process stood still) may be as old as that. A step of our
 * wall clock is not held against the LP: the clock of the session's beginning, carried on by the monotonic one, counts too.
 */
export class PeerCheck {
  readonly #beginString: Uint8Array;
  readonly #sender: Uint8Array;
  readonly #target: Uint8Array;
  readonly #clock: Clock;
  readonly #maxClockSkewMs: number;
  /** Wall clock less monotonic clock at the beginning of the session, ms. */
  readonly #wallOffsetMs: number;
  /** How far the wall clock has been stepped since, ms. */
  #steppedMs = 0;
  /** When bytes were read last, monotonic, ms. */
  #readAtMs: number;
  /** The longest time without reading since a message was last in time, ms. */
  #unreadMs = 0;

  constructor(options: PeerCheckOptions) {
    const { identity } = options;
    this.#beginString = textBytes(identity.beginString);
    // What the LP sends has the comp ids the other way round.
    this.#sender = textBytes(identity.target);
    this.#target = textBytes(identity.sender);
    this.#clock = options.clock;
    this.#maxClockSkewMs = options.maxClockSkewMs;
    this.#readAtMs = options.clock.monotonicMs();
    this.#wallOffsetMs = options.clock.wallUs() / 1000 - this.#readAtMs;
  }

  /** Bytes are about to be read. */
  noteRead(): void {
    if (this.#maxClockSkewMs === 0) return;
    const nowMs = this.#clock.monotonicMs();
    this.#unreadMs = Math.max(this.#unreadMs, nowMs - this.#readAtMs);
    this.#readAtMs = nowMs;
    this.#steppedMs = this.#clock.wallUs() / 1000 - nowMs - this.#wallOffsetMs;
  }

  /** What is wrong; null = nothing. */
  problemOf(frame: FixFrame): PeerProblem | null {
    const { bytes } = frame;
    if (!isSame(this.#beginString, bytes, frame.beginStart, frame.beginEnd)) return "begin_string";
    if (!isSame(this.#sender, bytes, frame.senderStart, frame.senderEnd)) return "comp_id";
    if (!isSame(this.#target, bytes, frame.targetStart, frame.targetEnd)) return "comp_id";
    return this.#maxClockSkewMs > 0 && this.#isSkewed(frame) ? "sending_time" : null;
  }

  #isSkewed(frame: FixFrame): boolean {
    const sentMs = sendingTimeMs(frame);
    if (sentMs === NOT_A_TIME) return true;
    const ageMs = this.#readAtMs + this.#wallOffsetMs - sentMs;
    if (this.#isInTime(ageMs) || this.#isInTime(ageMs + this.#steppedMs)) {
      this.#unreadMs = 0;
      return false;
    }
    return !this.#hasWaited(ageMs) && !this.#hasWaited(ageMs + this.#steppedMs);
  }

  #isInTime(ageMs: number): boolean {
    return ageMs >= -this.#maxClockSkewMs && ageMs <= this.#maxClockSkewMs;
  }

  #hasWaited(ageMs: number): boolean {
    return ageMs > 0 && ageMs <= this.#maxClockSkewMs + this.#unreadMs;
  }
}
