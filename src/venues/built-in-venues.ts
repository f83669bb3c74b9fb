import binance from "../../config/venues/binance.json" with { type: "json" };
import binanceFutures from "../../config/venues/binance-futures.json" with { type: "json" };
import bitstamp from "../../config/venues/bitstamp.json" with { type: "json" };
import bybit from "../../config/venues/bybit.json" with { type: "json" };
import coinbase from "../../config/venues/coinbase.json" with { type: "json" };
import gemini from "../../config/venues/gemini.json" with { type: "json" };
import kraken from "../../config/venues/kraken.json" with { type: "json" };
import okx from "../../config/venues/okx.json" with { type: "json" };
import okxTickers from "../../config/venues/okx-tickers.json" with { type: "json" };
import { checkProfile } from "./load-profile.ts";
import type { VenueProfile } from "./profile-schema.ts";

/** The profiles in the binary, unchecked; the key is the profile's `name` (a test holds them to it). */
const BUILT_IN: Readonly<Record<string, unknown>> = {
  binance,
  "binance-futures": binanceFutures,
  bitstamp,
  bybit,
  coinbase,
  gemini,
  kraken,
  okx,
  "okx-tickers": okxTickers,
};

/** What people want to know of a venue before they use it. */
export interface VenueSummary {
  readonly name: string;
  readonly description: string;
  readonly transport: VenueProfile["transport"];
  readonly url: string;
  readonly defaultSymbols: readonly string[];
  readonly sequence: VenueProfile["sequence"]["kind"];
  /** The venue's own page; empty when the profile names none. */
  readonly docs: string;
  readonly notes: readonly string[];
}

/** Names of the built-in venues, in alphabetical order. */
export function venueNames(): string[] {
  return Object.keys(BUILT_IN).sort();
}

/** The built-in profile of that name; null when there is none. */
export function findBuiltInProfile(name: string): VenueProfile | null {
  return Object.hasOwn(BUILT_IN, name) ? checkProfile(BUILT_IN[name], `"${name}"`) : null;
}

/** A summary of every built-in venue, for `edge-ingester venues`. */
export function listVenues(): VenueSummary[] {
  return venueNames().map((name) => summarizeProfile(checkProfile(BUILT_IN[name], `"${name}"`)));
}

/** A summary of the built-in venue of that name; null when there is none. */
export function describeVenue(name: string): VenueSummary | null {
  const profile = findBuiltInProfile(name);
  return profile === null ? null : summarizeProfile(profile);
}

/** What people want to know of a profile, built in or not. */
export function summarizeProfile(profile: VenueProfile): VenueSummary {
  return {
    name: profile.name,
    description: profile.description,
    transport: profile.transport,
    url: profile.url,
    defaultSymbols: profile.symbols.default,
    sequence: profile.sequence.kind,
    docs: profile.docs ?? "",
    notes: profile.notes,
  };
}
