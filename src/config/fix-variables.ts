import * as z from "zod";
import { isSessionDays, isTimeOfDay, isTimeZone } from "../runtime/session-hours.ts";
import { commonFeedVariables } from "./common-variables.ts";
import { defaulted, optional } from "./variable.ts";
import { accepted, choice, filePath, hostName, matching, secretText, wholeNumber } from "./variable-types.ts";

/** A FIX comp id: printable ASCII, so that no SOH can end the field early. */
const COMP_ID = /^[\x21-\x7e]{1,64}$/;
const COMP_ID_FORM = "1 to 64 printable ASCII characters without spaces";

function compId() {
  return matching(COMP_ID, COMP_ID_FORM);
}

function timeOfDay() {
  return accepted(isTimeOfDay, "a time of day, `HH:MM` or `HH:MM:SS`");
}

/** The variables of a FIX feed, without the feed's prefix. */
export const FIX_FEED_VARIABLES = z.strictObject({
  ...commonFeedVariables({
    symbolsMax: 4096,
    symbols: "EUR/USD,GBP/USD",
    staleAfterMs: "70000",
    staleNote: "the profile's, and never less than 2 × `_HEARTBEAT_S` and 5 s",
  }),
  HOST: optional(hostName(), {
    description: "Host of the LP's FIX acceptor. Needed when the feed is enabled.",
    example: "fix.lp-alpha.example",
  }),
  PORT: optional(wholeNumber({ min: 1, max: 65_535 }), {
    description: "Port of the LP's FIX acceptor. Needed when the feed is enabled.",
    example: "9880",
  }),
  SENDER: optional(compId(), {
    description: "SenderCompID (49): our name at the LP. Needed when the feed is enabled.",
    example: "EDGE1",
  }),
  TARGET: optional(compId(), {
    description: "TargetCompID (56): the LP's name. Needed when the feed is enabled.",
    example: "LPALPHA",
  }),
  SENDER_SUB: optional(compId(), {
    description: "SenderSubID (50), where the LP wants one.",
    example: "QUOTE",
    defaultNote: "not sent",
  }),
  TARGET_SUB: optional(compId(), {
    description: "TargetSubID (57), where the LP wants one.",
    example: "QUOTE",
    defaultNote: "not sent",
  }),
  HEARTBEAT_S: defaulted(wholeNumber({ min: 1, max: 3600 }), "30", {
    description: "HeartBtInt (108), in seconds: after twice and a half of it without a word the session is given up.",
  }),
  USERNAME: optional(matching(/^[\x20-\x7e]{1,256}$/, "1 to 256 printable ASCII characters"), {
    description: "Username (553).",
    example: "edge1",
    defaultNote: "not sent",
  }),
  PASSWORD: optional(secretText(), {
    description: "Password (554); where the profile has the logon signed, the private key (PEM, PKCS 8) instead.",
    defaultNote: "not sent",
  }),
  RESET: optional(choice(["logon", "daily", "weekly", "never"]), {
    description:
      "When the session numbers start at 1 again, with ResetSeqNumFlag (141): at every `logon`, at the first logon of a " +
      "trading day or week, or `never`, which is only when the LP asks. Between resets they are kept in STATE_DIR.",
    example: "daily",
    defaultNote: "the profile's",
  }),
  TLS: defaulted(choice(["off", "on"]), "off", {
    description: "Whether to use TLS. Certificates and names are always verified.",
  }),
  TLS_CA_FILE: optional(filePath(), {
    description: "PEM file of the certificate authorities to trust for the LP.",
    example: "/etc/edge-ingester/lp-ca.pem",
    defaultNote: "the authorities built in",
  }),
  TLS_CERT_FILE: optional(filePath(), {
    description: "PEM file of our certificate, for an LP that asks for one. Needs `_TLS_KEY_FILE`.",
    example: "/etc/edge-ingester/lp-client.pem",
  }),
  TLS_KEY_FILE: optional(filePath(), {
    description: "PEM file of the private key of `_TLS_CERT_FILE`.",
    example: "/etc/edge-ingester/lp-client.key",
  }),
  TLS_SERVER_NAME: optional(hostName(), {
    description:
      "Name asked for (SNI) and looked for in the LP's certificate; for a line that ends on an address or a tunnel.",
    example: "fix.lp-alpha.example",
    defaultNote: "`_HOST`",
  }),
  DEPTH: defaulted(wholeNumber({ min: 0, max: 10_000 }), "1", {
    description: "MarketDepth (264) asked for: 1 is the top of the book, 0 the whole of it, else so many levels.",
  }),
  PUBLISH: defaulted(choice(["top_change", "every_update"]), "top_change", {
    description:
      "When a quote is published: when the best price or size has changed, or with every message about the symbol.",
  }),
  SUBSCRIBE: defaulted(choice(["on", "off"]), "on", {
    description: "Whether symbols are asked for; `off` for an LP that quotes without being asked.",
  }),
  LOGON_TIMEOUT_MS: defaulted(wholeNumber({ min: 100, max: 120_000 }), "10000", {
    description: "How long the LP may take to answer our Logon.",
  }),
  SUBSCRIBE_TIMEOUT_MS: optional(wholeNumber({ min: 100, max: 600_000 }), {
    description: "How long the first answer to a subscription may take.",
    example: "10000",
    defaultNote: "the profile's",
  }),
  SESSION_START: optional(timeOfDay(), {
    description: "When the LP's session opens; outside the session no logon is tried, and silence is no alarm.",
    example: "17:00",
    defaultNote: "the profile's, 17:00 for currencies",
  }),
  SESSION_END: optional(timeOfDay(), {
    description: "When it closes.",
    example: "17:00",
    defaultNote: "the profile's, 17:00 for currencies",
  }),
  SESSION_TZ: optional(accepted(isTimeZone, "the name of a time zone, as in the IANA data base"), {
    description: "The time zone of both; daylight saving time is followed.",
    example: "America/New_York",
    defaultNote: "the profile's, America/New_York for currencies",
  }),
  SESSION_DAYS: optional(accepted(isSessionDays, "`Sun-Fri`, `Mon,Tue,Wed` or `all`"), {
    description:
      "Which days have a session. `Sun-Fri`: one a week, from the start on the first day to the end on the last. " +
      "`Mon,Tue,Wed`: one for each day named, which ends on the next day when the end is not after the start. `all`: " +
      "never closed.",
    example: "Sun-Fri",
    defaultNote: "the profile's, Sun-Fri for currencies",
  }),
  DICTIONARY: optional(filePath(), {
    description:
      "The LP's own dictionary (QuickFIX XML), for messages and groups that FIX 4.4 does not have. Prices are read without it.",
    example: "/etc/edge-ingester/lp-alpha.xml",
  }),
});
