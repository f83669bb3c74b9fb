import { feedPrefix } from "../config/feed-names.ts";
import { IngestError } from "../domain/ingest-error.ts";
import type { EnabledFeed, EnabledFixFeed, EnabledGrpcFeed, EnabledRestFeed } from "./prepare-feeds.ts";

/** What a session came to see. */
export interface SeenSoFar {
  /** Every symbol was quoted. */
  readonly isWhole: boolean;
  /** A symbol was asked for. */
  readonly wasAsked: boolean;
  /** The venue answered for a symbol at least. */
  readonly hasData: boolean;
}

/** The variable to look at first, after a try that may have failed. */
export function variableToBlame(feed: EnabledFeed, trouble: Error | null, seen: SeenSoFar): string {
  const prefix = feedPrefix(feed.config.name);
  if (feed.transport === "fix") return fixVariableToBlame(feed, trouble, seen);
  if (feed.transport === "rest") return restVariableToBlame(feed, trouble, seen);
  if (feed.transport === "grpc") return grpcVariableToBlame(feed, trouble, seen);
  // Connected and not quoted: it is the symbols that are in question, not the address.
  return `${prefix}${trouble === null && seen.hasData && !seen.isWhole ? "SYMBOLS" : "URL"}`;
}

function restVariableToBlame({ config, venue }: EnabledRestFeed, trouble: Error | null, seen: SeenSoFar): string {
  const prefix = feedPrefix(config.name);
  if (trouble === null) return `${prefix}${seen.hasData && !seen.isWhole ? "SYMBOLS" : "URL"}`;
  if (!(trouble instanceof IngestError)) return `${prefix}URL`;
  switch (trouble.code) {
    case "logon_refused":
      return `${prefix}${venue.needsToken ? "TOKEN" : "URL"}`;
    case "subscription_refused":
      return `${prefix}SYMBOLS`;
    case "tls_failed":
      return `${prefix}TLS_CA_FILE`;
    case "handshake_timeout":
      return `${prefix}TIMEOUT_MS`;
    case "message_too_large":
      return `${prefix}MAX_BODY_BYTES`;
    case "rate_limited":
      return `${prefix}POLL_INTERVAL_MS`;
    default:
      return `${prefix}URL`;
  }
}

function grpcVariableToBlame(
  { config, venue, schema }: EnabledGrpcFeed,
  trouble: Error | null,
  seen: SeenSoFar,
): string {
  const prefix = feedPrefix(config.name);
  const definition = config.profileFile === null ? "PROTO_PATH" : "PROFILE";
  if (trouble === null) return `${prefix}${seen.wasAsked && !seen.isWhole ? "SYMBOLS" : "ADDRESS"}`;
  if (!(trouble instanceof IngestError)) return `${prefix}ADDRESS`;
  switch (trouble.code) {
    case "logon_refused":
      return `${prefix}${venue.needsToken ? "TOKEN" : "TLS_CERT_FILE"}`;
    case "subscription_refused":
    case "subscribe_timeout":
      return `${prefix}SYMBOLS`;
    case "tls_failed":
      return `${prefix}TLS`;
    case "no_data":
      return `${prefix}FIRST_MESSAGE_MS`;
    case "unsupported":
    case "protocol_violation":
      return `${prefix}${definition}`;
    case "config_invalid":
      // What the venue's reflection tells does not fit the profile, or a certificate cannot be used.
      return `${prefix}${schema === null ? definition : "TLS"}`;
    default:
      return `${prefix}ADDRESS`;
  }
}

function fixVariableToBlame({ config, settings }: EnabledFixFeed, trouble: Error | null, seen: SeenSoFar): string {
  const prefix = feedPrefix(config.name);
  if (trouble === null) return `${prefix}${seen.wasAsked && !seen.isWhole ? "SYMBOLS" : "HOST"}`;
  if (!(trouble instanceof IngestError)) return `${prefix}HOST`;
  switch (trouble.code) {
    case "logon_refused":
      return `${prefix}${settings.password === null ? "SENDER" : "PASSWORD"}`;
    case "sequence_too_low":
      return `${prefix}RESET`;
    case "subscription_refused":
    case "subscribe_timeout":
      return `${prefix}SYMBOLS`;
    case "tls_failed":
      return `${prefix}TLS`;
    case "protocol_violation":
      return `${prefix}TARGET`;
    case "config_invalid":
      // Another process holds the numbers, or a certificate cannot be used.
      return "pid" in trouble.context ? "STATE_DIR" : `${prefix}TLS`;
    default:
      return `${prefix}HOST`;
  }
}
