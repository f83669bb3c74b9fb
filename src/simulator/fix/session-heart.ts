import type { Clock, Timer } from "../../runtime/clock.ts";

/** How often the heart looks at its clocks, ms. */
const LOOK_EVERY_MS = 500;
/** Without a word from the client: a TestRequest after so many intervals, the end after so many. */
const TEST_AFTER_INTERVALS = 1.2;
const GIVE_UP_AFTER_INTERVALS = 2.4;

/** What a heart moves. */
export interface HeartListener {
  onHeartbeatDue(): void;
  onTestDue(): void;
  /** The client has not answered. */
  onSilence(): void;
}

/** The heartbeats of one logged-on session: sends them when nothing else was sent, and watches for the client's. */
export class SessionHeart {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #listener: HeartListener;
  #lastSentMs: number;
  #lastReceivedMs: number;
  #isTesting = false;
  #timer: Timer | null = null;

  /** @param heartbeatS HeartBtInt (108); 0: no heartbeats */
  constructor(clock: Clock, heartbeatS: number, listener: HeartListener) {
    this.#clock = clock;
    this.#intervalMs = heartbeatS * 1000;
    this.#listener = listener;
    this.#lastSentMs = clock.monotonicMs();
    this.#lastReceivedMs = this.#lastSentMs;
    if (heartbeatS > 0) this.#arm();
  }

  noteSent(nowMs: number): void {
    this.#lastSentMs = nowMs;
  }

  noteReceived(): void {
    this.#lastReceivedMs = this.#clock.monotonicMs();
    this.#isTesting = false;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    this.#timer = this.#clock.schedule(LOOK_EVERY_MS, () => {
      this.#arm();
      this.#look();
    });
  }

  #look(): void {
    const nowMs = this.#clock.monotonicMs();
    const silentMs = nowMs - this.#lastReceivedMs;
    if (silentMs >= this.#intervalMs * GIVE_UP_AFTER_INTERVALS) {
      this.#listener.onSilence();
      return;
    }
    if (!this.#isTesting && silentMs >= this.#intervalMs * TEST_AFTER_INTERVALS) {
      this.#isTesting = true;
      this.#listener.onTestDue();
    }
    if (nowMs - this.#lastSentMs >= this.#intervalMs) this.#listener.onHeartbeatDue();
  }
}
