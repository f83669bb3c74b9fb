import type { QuoteSink } from "../../domain/quote.ts";
import { EventLog } from "./event-log.ts";
import { QuoteWatch } from "./quote-watch.ts";

/** Where the program tells the dashboard what it cannot read from counters: quotes and events. */
export class DashboardTaps {
  readonly events = new EventLog();
  #quotes: QuoteWatch | null = null;

  /** The watch on the quotes; null until {@link watchQuotes}. */
  get quotes(): QuoteWatch | null {
    return this.#quotes;
  }

  /** Puts the watch in front of the pipeline; once. */
  watchQuotes(next: QuoteSink): QuoteSink {
    this.#quotes = new QuoteWatch(next);
    return this.#quotes;
  }
}
