import type { Market, MarketSpec } from "../market.ts";
import type { ExpectedQuote } from "../venue-dialect.ts";
import type { HttpReply } from "./http-reply.ts";
import type { HttpRequest } from "./http-request.ts";
import type { MeterReading, MeterRules } from "./request-meter.ts";

/** What a dialect may ask of the venue it speaks for. */
export interface RestDesk {
  /** Wall clock, whole µs since the epoch. */
  readonly wallUs: number;
  /** The market of a symbol; null when the venue does not list it, or refuses it by command. */
  find(symbol: string): Market | null;
  /** This market's present quote is in the answer. */
  quoted(market: Market): void;
}

/** How one venue answers over REST. Written by hand, apart from the profiles of `config/venues`, so that the two check each other. */
export interface RestDialect {
  /** The venue's name, as the built-in profile's. */
  readonly venue: string;
  /** Instruments a feed may be shown with. */
  readonly markets: readonly MarketSpec[];
  readonly meter: MeterRules;
  /** What a feed must be set to beside URL and SYMBOLS, names without their prefix. */
  readonly clientSettings: Readonly<Record<string, string>>;
  /** What a request costs. */
  costOf(request: HttpRequest): number;
  /** Headers of every answer. */
  usageHeaders(reading: MeterReading, wallMs: number): Readonly<Record<string, string>>;
  /** The answer to a client that asks too much. */
  refuse(reading: MeterReading): HttpReply;
  answer(request: HttpRequest, desk: RestDesk): HttpReply;
  /** What a right decoder must make of the market's present quote. */
  expectedQuote(market: Market): ExpectedQuote;
}
