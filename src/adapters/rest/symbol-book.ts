import type { Instrument } from "../../domain/instrument.ts";
import type { SessionMonitor } from "../adapter.ts";
import { venueText } from "./poll-errors.ts";
import type { PollPlan, PollSlot } from "./poll-plan.ts";

/** A symbol is not asked for out of turn more often than this, ms. */
const RESUBSCRIBE_EVERY_MS = 5000;
/** What a symbol that is not in the answer is refused with. */
const NOT_IN_ANSWER = "the answer does not hold it";

type SymbolState = "pending" | "acked" | "rejected";

/** What one session knows of its symbols, and what follows from an answer for the plan. One refused symbol stops no other. */
export class SymbolBook {
  readonly #instruments: readonly Instrument[];
  readonly #plan: PollPlan;
  readonly #monitor: SessionMonitor;
  readonly #states: SymbolState[];
  readonly #resubscribeFromMs: number[];

  constructor(instruments: readonly Instrument[], plan: PollPlan, monitor: SessionMonitor) {
    this.#instruments = instruments;
    this.#plan = plan;
    this.#monitor = monitor;
    this.#states = instruments.map(() => "pending");
    this.#resubscribeFromMs = instruments.map(() => Number.NEGATIVE_INFINITY);
  }

  /** True when nothing is left to ask for. */
  get isAllRefused(): boolean {
    return this.#states.every((state) => state === "rejected");
  }

  /** Takes a good answer: who is in it is served. Who is missing is asked for alone, and refused when that does not help. */
  onGood(slot: PollSlot, missing: readonly number[], nowMs: number): void {
    for (const index of slot.asked) if (!missing.includes(index)) this.#change(index, "acked", "");
    if (slot.isOnce) return;
    slot.isProven = true;
    slot.isRefused = false;
    if (missing.length > 0 && !this.#plan.setApart(slot, missing, nowMs)) {
      for (const index of missing) this.#change(index, "rejected", NOT_IN_ANSWER);
      if (missing.length === slot.asked.length) this.#plan.refuse(slot, nowMs);
    }
    this.#plan.regroup(nowMs);
  }

  /** Takes a refusal of the whole request: of several symbols each half is asked for by itself. */
  onRefused(slot: PollSlot, reason: string, nowMs: number): void {
    // What was asked once is also asked in turn, and judged there.
    if (slot.isOnce || this.#plan.halve(slot, nowMs)) return;
    for (const index of slot.asked) this.#change(index, "rejected", reason);
    this.#plan.refuse(slot, nowMs);
    this.#plan.regroup(nowMs);
  }

  /** Asks for one symbol out of turn. False when it is too early: its turn comes soon enough. */
  resubscribe(index: number, nowMs: number): boolean {
    if (nowMs < this.#resubscribeFromMs[index]) return false;
    this.#resubscribeFromMs[index] = nowMs + RESUBSCRIBE_EVERY_MS;
    this.#change(index, "pending", "");
    this.#plan.askSoon(index, nowMs);
    return true;
  }

  #change(index: number, state: SymbolState, reason: string): void {
    if (this.#states[index] === state) return;
    this.#states[index] = state;
    this.#monitor.onSubscription(this.#instruments[index], state, venueText(reason));
  }
}
