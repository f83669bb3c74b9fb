import binance from "../../config/venues/binance.json" with { type: "json" };
import binanceFix from "../../config/venues/binance-fix.json" with { type: "json" };
import binanceFutures from "../../config/venues/binance-futures.json" with { type: "json" };
import binanceRest from "../../config/venues/binance-rest.json" with { type: "json" };
import bitstamp from "../../config/venues/bitstamp.json" with { type: "json" };
import bybit from "../../config/venues/bybit.json" with { type: "json" };
import bybitRest from "../../config/venues/bybit-rest.json" with { type: "json" };
import coinbase from "../../config/venues/coinbase.json" with { type: "json" };
import coinbaseRest from "../../config/venues/coinbase-rest.json" with { type: "json" };
import ctrader from "../../config/venues/ctrader.json" with { type: "json" };
import deribit from "../../config/venues/deribit.json" with { type: "json" };
import finam from "../../config/venues/finam.json" with { type: "json" };
import fixGeneric from "../../config/venues/fix-generic.json" with { type: "json" };
import fxspotstream from "../../config/venues/fxspotstream.json" with { type: "json" };
import gate from "../../config/venues/gate.json" with { type: "json" };
import gemini from "../../config/venues/gemini.json" with { type: "json" };
import kraken from "../../config/venues/kraken.json" with { type: "json" };
import krakenRest from "../../config/venues/kraken-rest.json" with { type: "json" };
import oanda from "../../config/venues/oanda.json" with { type: "json" };
import okx from "../../config/venues/okx.json" with { type: "json" };
import okxTickers from "../../config/venues/okx-tickers.json" with { type: "json" };
import oslFix from "../../config/venues/osl-fix.json" with { type: "json" };
import quotesBook from "../../config/venues/quotes-book.json" with { type: "json" };
import quotesUnits from "../../config/venues/quotes-units.json" with { type: "json" };
import revolutFix from "../../config/venues/revolut-fix.json" with { type: "json" };
import type { FixProfile } from "./fix-profile-schema.ts";
import { checkProfile, isOfTransport } from "./load-profile.ts";
import type { ProfileOf, VenueProfile, VenueTransport } from "./profile-schema.ts";
import type { WebSocketProfile } from "./websocket-profile-schema.ts";

/** The profiles in the binary, unchecked; the key is the profile's `name` (a test holds them to it). */
const BUILT_IN: Readonly<Record<string, { readonly transport: string; readonly $schema: string }>> = {
  binance,
  "binance-fix": binanceFix,
  "binance-futures": binanceFutures,
  "binance-rest": binanceRest,
  bitstamp,
  bybit,
  "bybit-rest": bybitRest,
  coinbase,
  "coinbase-rest": coinbaseRest,
  ctrader,
  deribit,
  finam,
  "fix-generic": fixGeneric,
  fxspotstream,
  gate,
  gemini,
  kraken,
  "kraken-rest": krakenRest,
  oanda,
  okx,
  "okx-tickers": okxTickers,
  "osl-fix": oslFix,
  "quotes-book": quotesBook,
  "quotes-units": quotesUnits,
  "revolut-fix": revolutFix,
};

/** What people want to know of a venue before they use it. */
export interface VenueSummary {
  readonly name: string;
  readonly description: string;
  readonly transport: VenueTransport;
  /** URL, or for gRPC host and port; null where every feed has its own. */
  readonly address: string | null;
  readonly defaultSymbols: readonly string[];
  /** What proves order and completeness: the venue's rule; of FIX the session's numbers, and a symbol's own. */
  readonly sequence: WebSocketProfile["sequence"]["kind"] | "session" | "session and symbol";
  /** The venue's own page; empty when the profile names none. */
  readonly docs: string;
  readonly notes: readonly string[];
}

/** Names of the built-in venues, in alphabetical order. */
export function venueNames(): string[] {
  return Object.keys(BUILT_IN).sort();
}

/** Name and transport of every built-in venue; nothing is checked yet. */
export function venueTransports(): ReadonlyMap<string, VenueTransport> {
  return new Map(Object.entries(BUILT_IN).map(([name, { transport }]) => [name, transport as VenueTransport]));
}

/** The built-in profile of that name and transport; null when there is none. */
export function findBuiltInProfile<T extends VenueTransport>(name: string, transport: T): ProfileOf<T> | null {
  const profile = readBuiltInProfile(name);
  return profile !== null && isOfTransport(profile, transport) ? profile : null;
}

/** The text of the built-in profile of that name, as a file to start one's own from; null when there is none. */
export function builtInProfileText(name: string): string | null {
  if (!Object.hasOwn(BUILT_IN, name)) return null;
  // Where the schema lies is known in the repository alone.
  const { $schema: _, ...profile } = BUILT_IN[name];
  return `${JSON.stringify(profile, null, 2)}\n`;
}

/** A summary of every built-in venue, for `edge-ingester venues`. */
export function listVenues(): VenueSummary[] {
  return venueNames().flatMap((name) => describeVenue(name) ?? []);
}

/** A summary of the built-in venue of that name; null when there is none. */
export function describeVenue(name: string): VenueSummary | null {
  const profile = readBuiltInProfile(name);
  return profile === null ? null : summarizeProfile(profile);
}

function readBuiltInProfile(name: string): VenueProfile | null {
  return Object.hasOwn(BUILT_IN, name) ? checkProfile(BUILT_IN[name], `"${name}"`) : null;
}

function summarizeProfile(profile: VenueProfile): VenueSummary {
  return {
    name: profile.name,
    description: profile.description,
    transport: profile.transport,
    address: addressOf(profile),
    defaultSymbols: profile.symbols.default,
    sequence: profile.transport === "fix" ? sessionSequence(profile) : profile.sequence.kind,
    docs: profile.docs ?? "",
    notes: profile.notes,
  };
}

function addressOf(profile: VenueProfile): string | null {
  if (profile.transport === "fix") return null;
  return profile.transport === "grpc" ? profile.address : profile.url;
}

function sessionSequence({ marketData }: FixProfile): VenueSummary["sequence"] {
  return marketData.hasRptSeq ? "session and symbol" : "session";
}
