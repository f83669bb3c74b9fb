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
 * A message that may have waited for us (memory was full, the process stood still) may be as old as that.
 */
export class PeerCheck {
  readonly #beginString: Uint8Array;
  readonly #sender: Uint8Array;
  readonly #target: Uint8Array;
  readonly #clock: Clock;
  readonly #maxClockSkewMs: number;
  /** When bytes were read last, wall clock, ms. */
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
    this.#readAtMs = this.#wallMs();
  }

  /** Bytes are about to be read. */
  noteRead(): void {
    if (this.#maxClockSkewMs === 0) return;
    const nowMs = this.#wallMs();
    this.#unreadMs = Math.max(this.#unreadMs, nowMs - this.#readAtMs);
    this.#readAtMs = nowMs;
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
    const ageMs = this.#readAtMs - sentMs;
    if (ageMs < -this.#maxClockSkewMs) return true;
    if (ageMs > this.#maxClockSkewMs) return ageMs > this.#maxClockSkewMs + this.#unreadMs;
    this.#unreadMs = 0;
    return false;
  }

  #wallMs(): number {
    return this.#clock.wallUs() / 1000;
  }
}
