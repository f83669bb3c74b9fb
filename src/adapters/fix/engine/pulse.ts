import type { Clock, Timer } from "../../../runtime/clock.ts";
import { STANDSTILL_MS } from "../standstill.ts";

/** Silence after which the LP is asked for a sign of life, in heartbeat intervals. */
const TEST_AFTER = 1.5;
/** Silence after which it is taken for dead. */
const DEAD_AFTER = 2.5;
/** Longest HeartBtInt (108) of the LP that is believed, s. */
const PEER_HEARTBEAT_MAX_S = 3600;

/** What a pulse asks to be done. */
export interface PulseListener {
  sendHeartbeat(): void;
  sendTestRequest(): void;
  /** The LP has been silent for too long. */
  onSilent(): void;
}

/**
 * Keeps a session alive: a Heartbeat when nothing was sent for an interval, a TestRequest when nothing was heard for one
 * and a half, the end at two and a half. Any message is a sign of life. One timer, set anew only when it has fired.
 */
export class Pulse {
  readonly #clock: Clock;
  readonly #listener: PulseListener;
  readonly #ownMs: number;
  /** The interval silence is measured in: the longer one of ours and the LP's. */
  #peerMs = 0;
  #sentAtMs = 0;
  #heardAtMs = 0;
  #isTested = false;
  #isHeld = false;
  #timer: Timer | null = null;
  /** When it is due. */
  #dueMs = 0;

  /** @param heartbeatS HeartBtInt (108); 0 = neither heartbeats nor a limit of silence */
  constructor(clock: Clock, heartbeatS: number, listener: PulseListener) {
    this.#clock = clock;
    this.#listener = listener;
    this.#ownMs = heartbeatS * 1000;
  }

  /** Begins, at the LP's answer to the logon. @param peerHeartbeatS its HeartBtInt (108); anything odd counts as ours */
  start(peerHeartbeatS: number): void {
    const isBelieved = peerHeartbeatS > 0 && peerHeartbeatS <= PEER_HEARTBEAT_MAX_S;
    this.#peerMs = Math.max(this.#ownMs, isBelieved ? peerHeartbeatS * 1000 : 0);
    this.#heardAtMs = this.#clock.monotonicMs();
    if (this.#ownMs > 0) this.#wait();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Something was written. */
  noteSent(): void {
    this.#sentAtMs = this.#clock.monotonicMs();
  }

  /** A good message has come. */
  noteHeard(): void {
    this.#heardAtMs = this.#clock.monotonicMs();
    this.#isTested = false;
  }

  /** While nothing is read, silence says nothing; heartbeats go on. */
  hold(isHeld: boolean): void {
    if (this.#isHeld && !isHeld) this.noteHeard();
    this.#isHeld = isHeld;
  }

  #wait(): void {
    const silenceMs = this.#peerMs * (this.#isTested ? DEAD_AFTER : TEST_AFTER);
    const nowMs = this.#clock.monotonicMs();
    this.#dueMs = Math.max(nowMs + 1, Math.min(this.#sentAtMs + this.#ownMs, this.#heardAtMs + silenceMs));
    this.#timer = this.#clock.schedule(this.#dueMs - nowMs, () => this.#beat());
  }

  #beat(): void {
    this.#timer = null;
    const nowMs = this.#clock.monotonicMs();
    // While we did not read, silence says nothing: the LP has a whole interval to be heard in.
    if (this.#isHeld || nowMs - this.#dueMs > STANDSTILL_MS) this.noteHeard();
    const silentMs = nowMs - this.#heardAtMs;
    if (silentMs >= this.#peerMs * DEAD_AFTER) {
      this.#listener.onSilent();
      return;
    }
    // Waits first: what a listener ends stays ended.
    const isTestDue = silentMs >= this.#peerMs * TEST_AFTER && !this.#isTested;
    if (isTestDue) this.#isTested = true;
    const isHeartbeatDue = !isTestDue && nowMs - this.#sentAtMs >= this.#ownMs;
    if (isTestDue || isHeartbeatDue) this.#sentAtMs = nowMs;
    this.#wait();
    if (isTestDue) this.#listener.sendTestRequest();
    else if (isHeartbeatDue) this.#listener.sendHeartbeat();
  }
}
