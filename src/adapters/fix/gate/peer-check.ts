// Hot path.
import type { FixFrame } from "../../../fix/fix-frame.ts";
import { NOT_A_TIME, utcTimestampMs } from "../../../fix/fix-time.ts";
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

/** Checks of each message that it is of this session: BeginString (8), comp ids (49, 56) and, if wanted, SendingTime (52). */
export class PeerCheck {
  readonly #beginString: Uint8Array;
  readonly #sender: Uint8Array;
  readonly #target: Uint8Array;
  readonly #clock: Clock;
  readonly #maxClockSkewMs: number;

  constructor(options: PeerCheckOptions) {
    const { identity } = options;
    this.#beginString = textBytes(identity.beginString);
    // What the LP sends has the comp ids the other way round.
    this.#sender = textBytes(identity.target);
    this.#target = textBytes(identity.sender);
    this.#clock = options.clock;
    this.#maxClockSkewMs = options.maxClockSkewMs;
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
    const sentMs = utcTimestampMs(frame.bytes, frame.sendingTimeStart, frame.sendingTimeEnd);
    return sentMs === NOT_A_TIME || Math.abs(this.#clock.wallUs() / 1000 - sentMs) > this.#maxClockSkewMs;
  }
}
