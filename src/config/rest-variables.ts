import * as z from "zod";
import { commonFeedVariables, DAY_MS } from "./common-variables.ts";
import { defaulted, optional } from "./variable.ts";
import { choice, filePath, httpUrl, matching, secretText, wholeNumber } from "./variable-types.ts";

/** The variables of a REST feed, without the feed's prefix. */
export const REST_FEED_VARIABLES = z.strictObject({
  ...commonFeedVariables({
    symbolsMax: 1024,
    symbols: "BTCUSDT,ETHUSDT",
    staleAfterMs: "15000",
    staleNote: "the profile's, and never less than 2 × the poll interval and the time-out",
  }),
  URL: optional(httpUrl(), {
    description:
      "What the profile's paths begin with. `http://` is not encrypted: for loopback and private lines only.",
    example: "https://venue.example",
    defaultNote: "the profile's",
  }),
  POLL_INTERVAL_MS: optional(wholeNumber({ min: 50, max: DAY_MS }), {
    description:
      "Every symbol is asked for once in this time, spread evenly over it, and less often as the venue's limits run full.",
    example: "1000",
    defaultNote: "the profile's",
  }),
  TIMEOUT_MS: optional(wholeNumber({ min: 100, max: 30_000 }), {
    description: "How long an answer may take until it is whole.",
    example: "5000",
    defaultNote: "the profile's",
  }),
  MAX_BODY_BYTES: optional(wholeNumber({ min: 1024, max: 67_108_864 }), {
    description: "Longest answer taken, inflated.",
    example: "2097152",
    defaultNote: "the profile's",
  }),
  PUBLISH_UNCHANGED: defaulted(choice(["off", "on"]), "off", {
    description: "Whether a quote that is the same as the last one of its symbol is published again.",
  }),
  ACCOUNT: optional(matching(/^[\x21-\x7e]{1,256}$/, "1 to 256 printable ASCII characters without spaces"), {
    description: "The account, where the profile's requests name one.",
    example: "101-001-1234567-001",
  }),
  TOKEN: optional(secretText(), {
    description:
      "The token, where the profile's requests carry one. A file is read again when the venue refuses the token.",
    defaultNote: "not sent",
  }),
  TLS_CA_FILE: optional(filePath(), {
    description: "PEM file of the certificate authorities to trust for the venue.",
    example: "/etc/edge-ingester/venue-ca.pem",
    defaultNote: "the authorities built in",
  }),
});
