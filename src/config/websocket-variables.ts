import * as z from "zod";
import { commonFeedVariables, DAY_MS } from "./common-variables.ts";
import { optional } from "./variable.ts";
import { filePath, webSocketUrl, wholeNumber } from "./variable-types.ts";

/** The variables of a WebSocket feed, without the feed's prefix. */
export const WEBSOCKET_FEED_VARIABLES = z.strictObject({
  ...commonFeedVariables({
    symbolsMax: 1024,
    symbols: "BTCUSDT,ETHUSDT",
    staleAfterMs: "5000",
    staleNote: "the profile's",
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
  TLS_CA_FILE: optional(filePath(), {
    description: "PEM file of the certificate authorities to trust for the venue.",
    example: "/etc/edge-ingester/venue-ca.pem",
    defaultNote: "the authorities built in",
  }),
});
