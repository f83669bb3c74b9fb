import { defaulted, optional } from "./variable.ts";
import { filePath, flag, list, matching, wholeNumber } from "./variable-types.ts";

/** Longest span of time a variable takes, ms. */
export const DAY_MS = 86_400_000;

/** Printable ASCII without quotes and backslash: goes into templates, keys and labels as it is. */
const SYMBOL = /^[\x20-\x21\x23-\x26\x28-\x5b\x5d-\x7e]{1,64}$/;

/** What differs between the transports. */
export interface CommonVariablesOptions {
  readonly symbolsMax: number;
  /** Example of SYMBOLS. */
  readonly symbols: string;
  /** Example and default note of STALE_AFTER_MS. */
  readonly staleAfterMs: string;
  readonly staleNote: string;
}

/** The variables every feed has, without the feed's prefix. */
export function commonFeedVariables({ symbolsMax, symbols, staleAfterMs, staleNote }: CommonVariablesOptions) {
  return {
    ENABLED: optional(flag(), {
      description: "Whether the feed runs.",
      example: "true",
      defaultNote: "true when FEEDS lists it, except for seed feeds that are off",
    }),
    SYMBOLS: optional(symbolList(symbolsMax), {
      description: "The instruments to subscribe to.",
      example: symbols,
      defaultNote: "the seed feed's; needed for any other feed",
    }),
    MAX_RETRIES: defaulted(wholeNumber({ min: 0, max: 1_000_000 }), "10", {
      description: "Failed tries in a row after which the feed counts as failed; see RECONNECT_EXHAUSTED.",
    }),
    INITIAL_DELAY_MS: defaulted(wholeNumber({ min: 1, max: DAY_MS }), "1000", {
      description: "Longest wait before the first new try; doubles with every failure. The wait itself is random.",
    }),
    MAX_DELAY_MS: defaulted(wholeNumber({ min: 1, max: DAY_MS }), "60000", {
      description: "Where the doubling ends.",
    }),
    STALE_AFTER_MS: optional(wholeNumber({ min: 1, max: DAY_MS }), {
      description: "No data and no heartbeat for this long, and the feed counts as stale.",
      example: staleAfterMs,
      defaultNote: staleNote,
    }),
    VENUE: optional(matching(/^[a-z0-9][a-z0-9._-]{0,63}$/, "the name of a built-in venue"), {
      description: "The built-in venue profile to use; `edge-ingester venues` lists them.",
      example: "binance",
      defaultNote: "the feed's name",
    }),
    PROFILE: optional(filePath(), {
      description: "A venue profile of your own, instead of a built-in one.",
      example: "/etc/edge-ingester/venue.json",
    }),
  };
}

function symbolList(symbolsMax: number) {
  return list({
    noun: "symbol",
    itemsMax: symbolsMax,
    check: (item) =>
      SYMBOL.test(item)
        ? null
        : { wanted: "list symbols of at most 64 printable ASCII characters, no quotes and no backslash" },
    itemForm: "as the venue writes them",
  });
}
