/** At most `weight` in any `windowMs`, as the venue counts. */
export interface BudgetWindow {
  readonly weight: number;
  readonly windowMs: number;
}

/** What a venue says of a window. */
export interface WindowUsage {
  /** Weight used so far in the present window, by everybody at our address. */
  readonly used: number;
  /** The limit as the venue has it now. */
  readonly limit: number;
  /** Until the present window ends, ms; null when the venue does not say. */
  readonly resetsInMs: number | null;
}

/** Where a window stands: a snapshot. */
export interface WindowStatus extends BudgetWindow {
  /** Share of the window that is used up as the venue tells it, 0 to 1; null when it does not. */
  readonly usedShare: number | null;
  /** What may be spent now, per second. */
  readonly weightPerSecond: number;
}

/** Share of a window that may be spent at once; the rest flows in evenly, so that no window is ever overrun. */
const BURST_SHARE = 0.1;
/** Differences of tokens smaller than this are rounding. */
const EPSILON = 1e-6;

/** The venue's word on the window, and what we have spent since. */
interface HeardUsage {
  readonly used: number;
  readonly limit: number;
  /** Monotonic ms after which it says nothing any more. */
  readonly validUntilMs: number;
  spentSince: number;
}

/**
 * One window of a venue's budget as a token bucket that spends at most `weight` in any `windowMs`. What the venue reports of
 * the window counts as well: what is left of it is spread over the time it must last, so the pace falls as the window
 * fills, whoever fills it, and rises again with the next window.
 */
export class RequestWindow {
  readonly #window: BudgetWindow;
  readonly #capacity: number;
  readonly #tokensPerMs: number;
  #tokens: number;
  #updatedMs: number;
  #heard: HeardUsage | null = null;

  constructor(window: BudgetWindow, nowMs: number) {
    this.#window = window;
    this.#capacity = Math.max(1, Math.floor(window.weight * BURST_SHARE));
    // A full bucket spent at once, then one token after the other: `weight` of them come within one window.
    this.#tokensPerMs = (window.weight - this.#capacity + 1) / window.windowMs;
    this.#tokens = this.#capacity;
    this.#updatedMs = nowMs;
  }

  isSame({ weight, windowMs }: BudgetWindow): boolean {
    return weight === this.#window.weight && windowMs === this.#window.windowMs;
  }

  /** ms until so much may be spent; 0 = now. */
  waitMs(weight: number, nowMs: number): number {
    this.#refill(nowMs);
    const heard = this.#heard;
    if (heard !== null && leftOf(heard) < Math.min(weight, heard.limit)) return heard.validUntilMs - nowMs;
    // What costs more than a bucket holds needs a full one, and leaves a debt.
    const wanted = Math.min(weight, this.#room) - this.#tokens;
    if (wanted <= EPSILON) return 0;
    const waitMs = wanted / this.#pace(nowMs);
    return heard === null ? waitMs : Math.min(waitMs, heard.validUntilMs - nowMs);
  }

  spend(weight: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= weight;
    if (this.#heard !== null) this.#heard.spentSince += weight;
  }

  /** Takes in what the venue says. Without a word on its end the window is taken to have only just begun. */
  report({ used, limit, resetsInMs }: WindowUsage, nowMs: number): void {
    this.#refill(nowMs);
    const { windowMs } = this.#window;
    const lastsMs = Math.min(resetsInMs ?? windowMs, windowMs);
    this.#heard = { used, limit, validUntilMs: nowMs + lastsMs, spentSince: 0 };
    this.#tokens = Math.min(this.#tokens, this.#room);
  }

  status(nowMs: number): WindowStatus {
    this.#refill(nowMs);
    const heard = this.#heard;
    return {
      weight: this.#window.weight,
      windowMs: this.#window.windowMs,
      usedShare: heard === null ? null : Math.min(1, (heard.used + heard.spentSince) / heard.limit),
      weightPerSecond: this.#pace(nowMs) * 1000,
    };
  }

  /** Brings the bucket up to now: at the pace that was heard of for as long as that holds, then at our own. */
  #refill(nowMs: number): void {
    const heard = this.#heard;
    if (heard !== null && nowMs >= heard.validUntilMs) {
      this.#fill(heard.validUntilMs);
      this.#heard = null;
    }
    this.#fill(nowMs);
  }

  #fill(untilMs: number): void {
    const elapsedMs = Math.max(0, untilMs - this.#updatedMs);
    if (elapsedMs === 0) return;
    this.#tokens = Math.min(this.#room, this.#tokens + elapsedMs * this.#pace(this.#updatedMs));
    this.#updatedMs = untilMs;
  }

  /** Most tokens the bucket may hold: of what is left of the venue's window, too, only a part goes out at once. */
  get #room(): number {
    const heard = this.#heard;
    return heard === null ? this.#capacity : Math.min(this.#capacity, Math.max(1, leftOf(heard) * BURST_SHARE));
  }

  /** Tokens per ms. */
  #pace(nowMs: number): number {
    const heard = this.#heard;
    if (heard === null) return this.#tokensPerMs;
    return Math.min(this.#tokensPerMs, Math.max(0, leftOf(heard)) / (heard.validUntilMs - nowMs));
  }
}

function leftOf({ used, limit, spentSince }: HeardUsage): number {
  return limit - used - spentSince;
}
