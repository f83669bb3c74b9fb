import * as z from "zod";
import { defaulted, optional } from "./variable.ts";
import { filePath, flag, hostName, list, matching, webSocketUrl, wholeNumber } from "./variable-types.ts";

const DAY_MS = 86_400_000;
const SYMBOLS_MAX = 1024;
/** Printable ASCII without quotes and backslash: goes into templates, keys and labels as it is. */
const SYMBOL = /^[\x20-\x21\x23-\x26\x28-\x5b\x5d-\x7e]{1,64}$/;
/** A FIX comp id: printable ASCII, so that no SOH can end the field early. */
const COMP_ID = /^[\x21-\x7e]{1,64}$/;
const COMP_ID_FORM = "1 to 64 printable ASCII characters without spaces";

function symbolList() {
  return list({
    noun: "symbol",
    itemsMax: SYMBOLS_MAX,
    check: (item) =>
      SYMBOL.test(item)
        ? null
        : { wanted: "list symbols of at most 64 printable ASCII characters, no quotes and no backslash" },
    itemForm: "as the venue writes them",
  });
}

const COMMON_SHAPE = {
  ENABLED: optional(flag(), {
    description: "Whether the feed runs.",
    example: "true",
    defaultNote: "true when FEEDS lists it, except for seed feeds that are off",
  }),
  SYMBOLS: optional(symbolList(), {
    description: "The instruments to subscribe to.",
    example: "BTCUSDT,ETHUSDT",
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
    example: "5000",
    defaultNote: "the profile's",
  }),
};

/** The variables of a WebSocket feed, without the feed's prefix. */
export const WEBSOCKET_FEED_VARIABLES = z.strictObject({
  ...COMMON_SHAPE,
  VENUE: optional(matching(/^[a-z0-9][a-z0-9._-]{0,63}$/, "the name of a built-in venue"), {
    description: "The built-in venue profile to use; `edge-ingester venues` lists them.",
    example: "binance",
    defaultNote: "the feed's name",
  }),
  PROFILE: optional(filePath(), {
    description: "A venue profile of your own, instead of a built-in one.",
    example: "/etc/edge-ingester/venue.json",
  }),
  URL: optional(webSocketUrl(), {
    description: "Where to connect to. `ws://` is not encrypted: for loopback and private lines only.",
    example: "wss://venue.example/stream",
    defaultNote: "the profile's",
  }),
  PING_INTERVAL_MS: optional(wholeNumber({ min: 1000, max: DAY_MS }), {
    description: "Time between two pings we send.",
    example: "30000",
    defaultNote: "the profile's",
  }),
});

/** The variables of a FIX feed, without the feed's prefix. */
export const FIX_FEED_VARIABLES = z.strictObject({
  ...COMMON_SHAPE,
  HOST: optional(hostName(), {
    description: "Host of the LP's FIX acceptor. Needed when the feed is enabled.",
    example: "fix.lp-alpha.example",
  }),
  PORT: optional(wholeNumber({ min: 1, max: 65_535 }), {
    description: "Port of the LP's FIX acceptor. Needed when the feed is enabled.",
    example: "9880",
  }),
  SENDER: optional(matching(COMP_ID, COMP_ID_FORM), {
    description: "SenderCompID (49): our name at the LP. Needed when the feed is enabled.",
    example: "EDGE1",
  }),
  TARGET: optional(matching(COMP_ID, COMP_ID_FORM), {
    description: "TargetCompID (56): the LP's name. Needed when the feed is enabled.",
    example: "LPALPHA",
  }),
});

/** The variables of a feed, by transport. */
export const FEED_VARIABLES = { websocket: WEBSOCKET_FEED_VARIABLES, fix: FIX_FEED_VARIABLES } as const;

/** The transports a feed can be configured for. */
export type FeedTransport = keyof typeof FEED_VARIABLES;
