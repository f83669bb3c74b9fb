/** What a venue lets one address do. */
export interface MeterRules {
  /** At most so much weight in any window; windows begin at whole multiples of their length. */
  readonly weight: number;
  readonly windowMs: number;
  /** Who goes on after so many refusals is banned; absent: nobody is. */
  readonly ban?: { readonly afterRefusals: number; readonly forMs: number };
}

/** What the meter says of one request. */
export interface MeterReading {
  readonly verdict: "ok" | "too_many" | "banned";
  /** Weight used in the present window, this request's included. */
  readonly used: number;
  readonly limit: number;
  /** Until it is worth trying again, ms; 0 when nothing is wrong. */
  readonly retryAfterMs: number;
  /** Until the present window ends, ms. */
  readonly resetsInMs: number;
}

/** Counts what one address asks for, as venues do: the simulated venue sees all clients as one. */
export class RequestMeter {
  #rules: MeterRules;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #used = 0;
  #refusals = 0;
  #bannedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(rules: MeterRules) {
    this.#rules = rules;
  }

  get rules(): MeterRules {
    return this.#rules;
  }

  /** From now on other limits hold; what was counted is forgotten. */
  setRules(rules: MeterRules): void {
    this.#rules = rules;
    this.#windowStartMs = Number.NEGATIVE_INFINITY;
    this.#used = 0;
    this.#refusals = 0;
    this.#bannedUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Nobody gets an answer for so long. */
  ban(forMs: number, nowMs: number): void {
    this.#bannedUntilMs = nowMs + forMs;
  }

  /** Takes one request. @param nowMs monotonic */
  count(weight: number, nowMs: number): MeterReading {
    const { weight: limit, windowMs, ban } = this.#rules;
    const startMs = Math.floor(nowMs / windowMs) * windowMs;
    if (startMs !== this.#windowStartMs) {
      this.#windowStartMs = startMs;
      this.#used = 0;
    }
    this.#used += weight;
    const reading = { used: this.#used, limit, resetsInMs: startMs + windowMs - nowMs };
    if (nowMs < this.#bannedUntilMs) {
      return { ...reading, verdict: "banned", retryAfterMs: this.#bannedUntilMs - nowMs };
    }
    if (this.#used <= limit) {
      this.#refusals = 0;
      return { ...reading, verdict: "ok", retryAfterMs: 0 };
    }
    this.#refusals++;
    if (ban === undefined || this.#refusals <= ban.afterRefusals) {
      return { ...reading, verdict: "too_many", retryAfterMs: reading.resetsInMs };
    }
    this.ban(ban.forMs, nowMs);
    return { ...reading, verdict: "banned", retryAfterMs: ban.forMs };
  }
}

/** Whole seconds of a `Retry-After`: never too few. */
export function retryAfterSeconds(retryAfterMs: number): string {
  return String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
}
