import type { SequenceRule, VenueLimits } from "./compiled-venue.ts";

/** One field of a message we send: tag, and the text behind `=`. */
export type FixField = readonly [tag: number, value: string];

/** How the session numbers are started anew. */
export type ResetPolicy =
  /** ResetSeqNumFlag (141) = Y on every logon. */
  | "logon"
  /** At the first logon of a trading day; a trading day begins where the calendar's session does, or at its start time. */
  | "daily"
  /** At the first logon of a trading week. */
  | "weekly"
  /** Only when the LP forces it. */
  | "never";

/** What the venue wants on a logon beside 98, 108, 141, 553, 554. */
export interface FixLogonRules {
  readonly reset: ResetPolicy;
  /** Extra fields, in order. */
  readonly fields: readonly FixField[];
  /**
   * RawData (96) = base64 of the Ed25519 signature over the values of these tags joined by SOH; `_PASSWORD` is then the
   * private key (PEM, PKCS 8) and 554 is not sent. Null: 554 as it is.
   */
  readonly signature: { readonly algorithm: "ed25519"; readonly tags: readonly number[] } | null;
  /** Text on a Logout (58) that means the credentials or comp ids are wrong: matched without case. */
  readonly refusedWords: readonly string[];
}

/** One request we send: its type and fields, `34` and the rest of the header left to the session. */
export interface FixRequest {
  readonly msgType: string;
  readonly fields: readonly FixField[];
  /** What the venue's answers echo (262, 131). */
  readonly id: string;
  /** Configured symbols this request names. */
  readonly symbols: readonly string[];
}

/** Which tags of market data mean what; all others are jumped over. */
export interface MarketDataPlan {
  /** 55, or 48 where the venue names instruments by SecurityID. */
  readonly symbolTag: number;
  /** 262 for market data, 131 or 117 for quote streams. */
  readonly requestIdTag: number;
  /** Where the venue's stamp is. `entry`: 272 and 273 of the first entry that has them. Absent there: 52. */
  readonly time: "sendingTime" | "transactTime" | "entry";
  /** 1023 or 290; 0 = the venue numbers no levels. */
  readonly levelTag: number;
  /** True when 83 is a number per symbol whose gaps are gaps. */
  readonly hasRptSeq: boolean;
  /** What a Quote (S) or MassQuote (i) entry replaces: the symbol's one quote, or the line of that QuoteEntryID (299). */
  readonly quoteKey: "symbol" | "entryId";
}

/** How entries of a book are told apart. */
export interface BookRules {
  /** `id`: MDEntryID (278) where given, else side and price; `price`: side and price; `level`: 1023 or 290. */
  readonly key: "id" | "price" | "level";
  /** True for a venue whose Change or New replaces the one quote of that side (no ids, one level). */
  readonly isOneQuotePerSide: boolean;
  /** Entries of one symbol and side kept at most; more cost the symbol its trust. */
  readonly entriesMax: number;
  /**
   * What a bid above an offer says. `distrust`: that our book is wrong, so the venue is asked anew. `count`: that the makers
   * of the book disagree, which is counted and quoted as it is.
   */
  readonly crossed: "distrust" | "count";
}

/** A FIX profile, checked and compiled: all the adapter needs to know of a venue. */
export interface CompiledFixVenue {
  readonly name: string;
  readonly description: string;
  readonly transport: "fix";
  /** BeginString (8). */
  readonly beginString: string;
  readonly limits: VenueLimits;
  readonly sequence: SequenceRule;
  readonly logon: FixLogonRules;
  /** `market-data`: V answered by W, X, Y; `quote`: R answered by S, i, Z, AI. */
  readonly stream: "market-data" | "quote";
  /**
   * True where a new request ends the one before it (Revolut): all symbols stand in one request, and a symbol is asked for
   * anew with all the others. Absent: requests do not touch each other.
   */
  readonly hasOneRequest?: boolean;
  readonly marketData: MarketDataPlan;
  readonly book: BookRules;
  /** How long the first answer to a request may take, ms (default of `_SUBSCRIBE_TIMEOUT_MS`). */
  readonly subscribeTimeoutMs: number;
  /** SendingTime (52) may differ from our clock by this much, ms; 0 = not checked. */
  readonly maxClockSkewMs: number;
  /** Name on the wire of a configured symbol (48 = "4001" for "EUR/USD" where the profile maps it). */
  wireSymbol(symbol: string): string;
  /** Splits by `symbolsPerRequest`; `nextId` gives fresh request ids, unique over the life of the process. */
  subscribeRequests(symbols: readonly string[], options: FixRequestOptions): FixRequest[];
  /** The request that ends `request`: 263=2 with the same id. Null where the venue has none. */
  unsubscribeRequest(request: FixRequest): FixRequest | null;
}

/** What goes into a request beside the profile. */
export interface FixRequestOptions {
  /** MarketDepth (264): 1 = top of book, 0 = full, else levels. */
  readonly depth: number;
  nextId(): string;
}
