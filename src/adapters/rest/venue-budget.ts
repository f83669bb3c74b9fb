import type { Clock } from "../../runtime/clock.ts";
import type { Permit, RequestBudget } from "../../runtime/request-budget.ts";
import { parseRetryAfterMs } from "../../runtime/retry-after.ts";
import type { CompiledRestVenue } from "../../venues/compiled-rest-venue.ts";

/** A poll that must wait longer than this for the venue's budget ends the session, so that the wait is seen, ms. */
const HOLD_MS_MAX = 10_000;

/** The process-wide budget as one session of one venue deals with it. */
export class VenueBudget {
  readonly #venue: CompiledRestVenue;
  readonly #budget: RequestBudget;
  readonly #clock: Clock;

  constructor(venue: CompiledRestVenue, budget: RequestBudget, clock: Clock) {
    this.#venue = venue;
    this.#budget = budget;
    this.#clock = clock;
  }

  /** Resolves when a request for so many symbols may be sent, or may not for long. */
  permit(symbolCount: number, signal: AbortSignal): Promise<Permit> {
    const weight = this.#venue.costOf(symbolCount);
    return this.#budget.acquire(this.#venue.host, { weight, patienceMs: HOLD_MS_MAX, signal });
  }

  /** Takes in what the headers of an answer say of the windows. */
  report(headers: Headers): void {
    for (const usage of this.#venue.readUsage((name) => headers.get(name), this.#venueWallMs(headers))) {
      this.#budget.report(this.#venue.host, usage);
    }
  }

  /** The whole process keeps still towards this host for as long as the answer wants; returns how long, ms. */
  block(headers: Headers, reason: string, defaultMs: number): number {
    const askedMs = parseRetryAfterMs(headers.get("retry-after") ?? undefined, this.#venueWallMs(headers));
    const blockMs = askedMs > 0 ? askedMs : defaultMs;
    if (blockMs > 0) this.#budget.block(this.#venue.host, blockMs, reason);
    return blockMs;
  }

  /** The venue's clock by its own `Date` (RFC 9110, section 6.6.1), else ours: its times are meant on its clock. */
  #venueWallMs(headers: Headers): number {
    const dateMs = Date.parse(headers.get("date") ?? "");
    return Number.isNaN(dateMs) ? Math.floor(this.#clock.wallUs() / 1000) : dateMs;
  }
}
