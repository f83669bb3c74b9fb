import type { Instrument } from "../domain/instrument.ts";

/** Where one subscription of a session stands, as its adapter reported it. */
export type ReportedState = "pending" | "acked" | "rejected";

/** A subscription with why the venue refused it; the reason is empty unless it did. */
export interface ReportedSubscription {
  readonly state: ReportedState;
  readonly reason: string;
}

const PENDING: ReportedSubscription = { state: "pending", reason: "" };
const ACKED: ReportedSubscription = { state: "acked", reason: "" };

/** The subscriptions of one session. A quote counts as an ack: some venues send none. */
export class SessionSubscriptions {
  /** True once one instrument was acked or quoted: the session is of use. */
  isServing = false;
  readonly #epoch: number;
  readonly #reported = new Map<Instrument, ReportedSubscription>();
  readonly #pending: Set<Instrument>;

  constructor(instruments: readonly Instrument[], epoch: number) {
    this.#epoch = epoch;
    this.#pending = new Set(instruments);
    for (const instrument of instruments) this.#reported.set(instrument, PENDING);
  }

  /** True when nothing is awaited any more and something is served. */
  get isSettled(): boolean {
    return this.isServing && this.#pending.size === 0;
  }

  /** Takes an adapter's report; one about an instrument that is not the session's is ignored. */
  report(instrument: Instrument, state: ReportedState, reason: string): void {
    if (!this.#reported.has(instrument)) return;
    this.#reported.set(instrument, { state, reason: state === "rejected" ? reason : "" });
    if (state === "pending") {
      this.#pending.add(instrument);
      return;
    }
    this.#pending.delete(instrument);
    if (state === "acked") this.isServing = true;
  }

  /** Takes the first quotes of this session as acks; called on every tick of the watchdog. */
  observe(): void {
    for (const instrument of this.#pending) {
      if (instrument.ownerEpoch !== this.#epoch) continue;
      this.#pending.delete(instrument);
      this.#reported.set(instrument, ACKED);
      this.isServing = true;
    }
  }

  of(instrument: Instrument): ReportedSubscription {
    return this.#reported.get(instrument) ?? PENDING;
  }
}
