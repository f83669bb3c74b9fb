import { MAX_SYMBOLS } from "./common-profile-schema.ts";
import type {
  BookRules,
  CompiledFixVenue,
  FixField,
  FixLogonRules,
  FixRequest,
  FixRequestOptions,
  MarketDataPlan,
} from "./compiled-fix-venue.ts";
import type { SequenceRule, VenueLimits } from "./compiled-venue.ts";
import { renderFields, splitField } from "./fix-fields.ts";
import { REQUEST_ID_TAGS, SUBSCRIPTION_TYPE_TAG } from "./fix-profile-checks.ts";
import type { FixProfile } from "./fix-profile-schema.ts";
import { wireNameOf } from "./fix-symbols.ts";

/** Our engine gives a silent LP up after two and a half heartbeats; the watchdog is there for when it cannot. */
const DEAD_HEARTBEATS = 3;
/** One heartbeat may be late by a whole one … */
const STALE_HEARTBEATS = 2;
/** … and a little, ms. */
const STALE_SLACK_MS = 5000;

const MARKET_DEPTH_TAG = 264;
const TOP_OF_BOOK = 1;
const UNSUBSCRIBE = "2";

/** The session's numbers prove order and completeness before a quote is made: the pipeline need not look at them. */
const SEQUENCE: SequenceRule = { kind: "none", isEqualDuplicate: true, resetValue: null, onGap: "continue" };

/** What a feed's own configuration changes of a profile. */
export interface FixVenueOptions {
  /** HeartBtInt (108), s. */
  readonly heartbeatS: number;
  /** MarketDepth (264) the feed asks for. */
  readonly depth: number;
}

/** Compiles a checked profile into all the FIX adapter needs. */
export function compileFixVenue(profile: FixProfile, options: FixVenueOptions): CompiledFixVenue {
  return new ProfiledFixVenue(profile, options);
}

class ProfiledFixVenue implements CompiledFixVenue {
  readonly name: string;
  readonly description: string;
  readonly transport = "fix";
  readonly beginString: string;
  readonly limits: VenueLimits;
  readonly sequence = SEQUENCE;
  readonly logon: FixLogonRules;
  readonly stream: FixProfile["stream"];
  readonly hasOneRequest: boolean;
  readonly marketData: MarketDataPlan;
  readonly book: BookRules;
  readonly subscribeTimeoutMs: number;
  readonly maxClockSkewMs: number;
  readonly #profile: FixProfile;
  readonly #msgType: "V" | "R";

  constructor(profile: FixProfile, options: FixVenueOptions) {
    const { logon, marketData, book, stream } = profile;
    this.#profile = profile;
    this.#msgType = stream === "quote" ? "R" : "V";
    this.name = profile.name;
    this.description = profile.description;
    this.beginString = profile.beginString;
    this.limits = limitsOf(profile, options);
    this.logon = {
      reset: logon.reset,
      fields: logon.fields.map(splitField),
      signature: logon.signature,
      refusedWords: logon.refusedWords,
    };
    this.stream = stream;
    this.hasOneRequest = profile.requests === "one";
    this.marketData = { ...marketData, requestIdTag: marketData.requestIdTag ?? REQUEST_ID_TAGS[stream] };
    this.book = {
      key: book.key,
      isOneQuotePerSide:
        book.oneQuotePerSide === "always" || (book.oneQuotePerSide === "top" && options.depth === TOP_OF_BOOK),
      entriesMax: book.entriesMax,
      crossed: book.crossed,
    };
    this.subscribeTimeoutMs = profile.subscribeTimeoutMs;
    this.maxClockSkewMs = profile.maxClockSkewMs;
  }

  wireSymbol(symbol: string): string {
    return wireNameOf(this.#profile, symbol);
  }

  subscribeRequests(symbols: readonly string[], { depth, nextId }: FixRequestOptions): FixRequest[] {
    const requests: FixRequest[] = [];
    const size = this.limits.symbolsPerRequest;
    for (let first = 0; first < symbols.length; first += size) {
      const named = symbols.slice(first, first + size);
      const id = nextId();
      const values = { id, depth: String(depth), symbols: this.#requestSymbols(named) };
      const fields = renderFields(this.#profile.subscribe, values);
      requests.push({ msgType: this.#msgType, fields, id, symbols: named });
    }
    return requests;
  }

  unsubscribeRequest(request: FixRequest): FixRequest | null {
    const { unsubscribe } = this.#profile;
    if (unsubscribe === null) return null;
    if (unsubscribe === undefined) return { ...request, fields: request.fields.map(asUnsubscribed) };
    const depth = request.fields.find(([tag]) => tag === MARKET_DEPTH_TAG)?.[1] ?? "";
    const values = { id: request.id, depth, symbols: this.#requestSymbols(request.symbols) };
    return { ...request, fields: renderFields(unsubscribe, values) };
  }

  #requestSymbols(symbols: readonly string[]) {
    return symbols.map((name) => ({ name, wire: this.wireSymbol(name) }));
  }
}

function asUnsubscribed(field: FixField): FixField {
  return field[0] === SUBSCRIPTION_TYPE_TAG ? [SUBSCRIPTION_TYPE_TAG, UNSUBSCRIBE] : field;
}

/** One connection carries all symbols, and none is replaced by plan: an LP takes one logon of our names at a time. */
function limitsOf({ limits }: FixProfile, { heartbeatS }: FixVenueOptions): VenueLimits {
  const heartbeatMs = heartbeatS * 1000;
  return {
    symbolsPerConnection: MAX_SYMBOLS,
    symbolsPerRequest: limits.symbolsPerRequest,
    messageSpacingMs: limits.messageSpacingMs,
    connects: limits.connects,
    maxMessageBytes: limits.maxMessageBytes,
    maxSessionMs: 0,
    deadAfterMs: Math.max(limits.deadAfterMs, DEAD_HEARTBEATS * heartbeatMs),
    staleAfterMs: Math.max(limits.staleAfterMs, STALE_HEARTBEATS * heartbeatMs + STALE_SLACK_MS),
  };
}
