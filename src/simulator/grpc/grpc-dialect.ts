import type { Market, MarketSpec } from "../market.ts";
import type { ExpectedQuote } from "../venue-dialect.ts";

/** What a request of a client says, in our words. */
export interface GrpcAsk {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
}

/** How the venue takes one symbol. */
export interface GrpcVerdict {
  readonly symbol: string;
  readonly verdict: "subscribed" | "unsubscribed" | "refused";
}

/** What one call has been told of one instrument: venues that send changes only leave out what is known. */
export interface ToldQuote {
  bidPrice: string;
  askPrice: string;
  isWhole: boolean;
}

/** How one venue speaks. Written by hand, apart from the profiles of `config/venues`, so that the two check each other. */
export interface GrpcDialect {
  /** The venue's name, as the built-in profile's. */
  readonly venue: string;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly streaming: "server" | "bidirectional";
  /** Whether a call must show the demonstration's token. */
  readonly needsToken: boolean;
  readonly markets: readonly MarketSpec[];
  /** What a request message says; null when it cannot be read or says nothing of symbols. */
  readRequest(message: Uint8Array): GrpcAsk | null;
  /** One quote as the venue writes it; `told` is brought up to date. */
  quote(market: Market, told: ToldQuote): Buffer;
  /** The answer to what was asked, where the venue gives one. */
  answer(verdicts: readonly GrpcVerdict[]): Buffer | null;
  /** An error within the stream; null where the venue ends the call with a status instead. */
  error(text: string): Buffer | null;
  /** What is sent while nothing else is; null where nothing is. */
  heartbeat(number: number): Buffer | null;
  /** What a right decoder must make of the market's present quote. */
  expectedQuote(market: Market): ExpectedQuote;
}
