import type { EntryKey } from "./book-changes.ts";
import type { EntryIdentity, LpMarketSpec } from "./lp-book.ts";

/** How an LP tells of a book. */
export interface BookForm {
  /** How increments name the entry they change. */
  readonly key: EntryKey;
  /** `snapshot`: every update is a W. */
  readonly updates: "increment" | "snapshot";
  /** Tags of an entry of W, in order. */
  readonly snapshotEntry: readonly number[];
}

/** How an LP writes market data. */
export interface FixShape {
  readonly book: BookForm;
  /** For a client that asked for the best alone (264=1). */
  readonly top: BookForm;
  readonly identity: EntryIdentity;
  /** Tags before 268, in order, of W and of X. */
  readonly snapshotHead: readonly number[];
  readonly incrementHead: readonly number[];
  /** Tags of an entry of X, and of a deletion, in order. Those without a value are left out. */
  readonly incrementEntry: readonly number[];
  readonly deleteEntry: readonly number[];
  /** Tags an entry leaves out when the entry before it has the same value. */
  readonly inheritedTags: readonly number[];
  /** How a side without entries is told: not at all (X: by deletions), or by one entry with NumberOfOrders (346) = 0. */
  readonly emptySide: "absent" | "noOrders";
  /** Where the time of a quote stands: SendingTime (52), TransactTime (60) in the head, or 272 and 273 of the entries. */
  readonly time: "sendingTime" | "transactTime" | "entry";
  /** Digits behind the second: 0, 3 (ms), 6 (µs) or 9 (ns). */
  readonly timeDigits: 0 | 3 | 6 | 9;
  /** BodyLength (9) is padded with zeros to so many digits; 0: not at all. */
  readonly bodyLengthDigits: number;
  /** Message that answers an R: Quote (S) or MassQuote (i). */
  readonly quoteMessage: "S" | "i";
}

/** How one LP speaks. Written by hand, apart from the profiles of `config/venues`, so that the two check each other. */
export interface FixDialect {
  /** The venue's name, as the built-in profile's. */
  readonly venue: string;
  /** SenderCompID (49) it uses: the client's TargetCompID. */
  readonly compId: string;
  /** Instruments it lists unless told others. */
  readonly markets: readonly LpMarketSpec[];
  /** `market-data`: V answered by W, X and Y; `quote`: R answered by S or i, and Z, AI. */
  readonly stream: "market-data" | "quote";
  readonly shape: FixShape;
  /** True when both sides begin at 1 with every logon, asked (141) or not. */
  readonly resetsAtLogon: boolean;
  /** True when a subscription without MDUpdateType (265) is refused. */
  readonly needsUpdateType: boolean;
  /** True when a new request ends those before it. */
  readonly replacesRequests: boolean;
  /** True when a Logon must carry Username (553) and Password (554). */
  readonly needsLogin: boolean;
  /** True when the built-in profile takes TLS only. */
  readonly needsTls: boolean;
  /** True when a Logon must carry RawData (96): an Ed25519 signature over 35, 49, 56, 34 and 52 joined by SOH. */
  readonly needsSignature: boolean;
  /** Text of the News (B) that is sent before a planned end; null: a Logout is all there is. */
  readonly farewellNews: string | null;
}
