import { decimalText } from "./decimal-text.ts";
import type { Market } from "./market.ts";
import type { ExpectedQuote } from "./venue-dialect.ts";

/** What differs between venues in the meaning of a quote. */
export interface QuoteFieldRules {
  readonly sequence: string | null;
  readonly hasTime: boolean;
  /** How sizes are written; by default with all their zeros. */
  readonly sizeText?: (units: number, decimals: number) => string;
}

/** The meaning of a market's present quote. */
export function expectedQuoteOf(market: Market, rules: QuoteFieldRules): ExpectedQuote {
  const { priceDecimals, sizeDecimals, symbol } = market.spec;
  const sizeText = rules.sizeText ?? decimalText;
  return {
    symbol,
    bidPrice: decimalText(market.bidPriceUnits, priceDecimals),
    bidSize: sizeText(market.bidSizeUnits, sizeDecimals),
    askPrice: decimalText(market.askPriceUnits, priceDecimals),
    askSize: sizeText(market.askSizeUnits, sizeDecimals),
    sequence: rules.sequence,
    venueTimeMs: rules.hasTime ? Math.floor(market.timeUs / 1000) : null,
  };
}

/** The parsed object of a JSON text; null when it is no JSON object. */
export function readJsonObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The strings of a JSON array; null when it is not an array of strings only. */
export function readStrings(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : null;
}
