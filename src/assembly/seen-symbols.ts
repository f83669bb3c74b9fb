import type { SessionMonitor } from "../adapters/adapter.ts";
import type { Instrument } from "../domain/instrument.ts";

/** Symbols without a quote that are named. */
const NAMES_SHOWN = 5;

/** The first few names, and how many more there are. */
function listed(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Follows one session of a check until every symbol was quoted or refused. */
export class SeenSymbols implements SessionMonitor {
  readonly #quoted = new Set<Instrument>();
  readonly #refused = new Map<Instrument, string>();
  readonly #onWhole: () => void;
  readonly #expected: readonly Instrument[];
  #isOpen = false;
  #wasAsked = false;
  #rejects = 0;
  #lastReject = "";

  constructor(instruments: readonly Instrument[], onWhole: () => void) {
    this.#expected = instruments;
    this.#onWhole = onWhole;
  }

  /** True when every symbol was quoted. */
  get isWhole(): boolean {
    return this.#quoted.size === this.#expected.length;
  }

  /** True when a symbol was asked for: the logon, where there is one, was taken. */
  get wasAsked(): boolean {
    return this.#wasAsked;
  }

  /** True when the venue answered for a symbol at least: it is the right venue. */
  get hasData(): boolean {
    return this.#quoted.size + this.#refused.size > 0;
  }

  summary(tookMs: number): string {
    if (!this.#isOpen) return `no connection within ${Math.round(tookMs)} ms`;
    const parts = [`${this.#quoted.size} of ${this.#expected.length} symbols quoted in ${Math.round(tookMs)} ms`];
    for (const [instrument, reason] of this.#refused) parts.push(`${instrument.symbol} refused: ${reason}`);
    const silent = this.#expected.filter((one) => !this.#quoted.has(one) && !this.#refused.has(one));
    if (silent.length > 0) parts.push(`no quote of ${listed(silent.map((one) => one.symbol))}`);
    if (this.#rejects > 0) parts.push(`${this.#rejects} messages could not be decoded (${this.#lastReject})`);
    return parts.join("; ");
  }

  onQuote(instrument: Instrument | null): void {
    if (instrument === null) return;
    this.#quoted.add(instrument);
    this.#look();
  }

  onOpen(): void {
    this.#isOpen = true;
  }

  onFrame(): void {}

  onData(): void {}

  onReject(reason: string): void {
    this.#rejects++;
    this.#lastReject = reason;
  }

  onSubscription(instrument: Instrument, state: "pending" | "acked" | "rejected", reason: string): void {
    if (state === "pending") this.#wasAsked = true;
    if (state === "rejected") this.#refused.set(instrument, reason);
    this.#look();
  }

  onReconnectAsked(): void {}

  onGap(): void {}

  onPause(): void {}

  #look(): void {
    if (this.#quoted.size + this.#refused.size >= this.#expected.length) this.#onWhole();
  }
}
