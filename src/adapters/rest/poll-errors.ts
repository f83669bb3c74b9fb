import { IngestError, type IngestErrorCode } from "../../domain/ingest-error.ts";

/** Text of a venue that is kept in an error, characters. */
const VENUE_TEXT_MAX = 200;

const CODE_BY_SYSTEM_ERROR: Readonly<Record<string, IngestErrorCode>> = {
  ECONNREFUSED: "connect_refused",
  ENOTFOUND: "dns_failed",
  EAI_AGAIN: "dns_failed",
  ENODATA: "dns_failed",
  ECONNRESET: "closed_unclean",
  EPIPE: "closed_unclean",
  ConnectionClosed: "closed_unclean",
  EPROTO: "tls_failed",
  ResponseHeadersTooLarge: "message_too_large",
};

const TLS_ERROR = /CERT|TLS|SSL|UNABLE_TO|SELF_SIGNED|ALTNAME|HOSTNAME/;

/** The error of a request that got no whole answer. `code` is the system's; its own text may hold the URL and is left out. */
export function requestError(target: string, code: string, isOpen: boolean): IngestError {
  const known = CODE_BY_SYSTEM_ERROR[code] ?? (TLS_ERROR.test(code) ? "tls_failed" : undefined);
  return new IngestError(`Cannot ${isOpen ? "poll" : "connect to"} ${target}: ${venueText(code)}`, {
    code: known ?? "connect_failed",
    retry: "backoff",
    context: { systemCode: code },
  });
}

/** No whole answer came in time. */
export function timeoutError(target: string, timeoutMs: number, isOpen: boolean): IngestError {
  return new IngestError(`Cannot poll ${target}: no whole answer within ${timeoutMs} ms`, {
    code: isOpen ? "no_data" : "handshake_timeout",
    retry: "backoff",
  });
}

/** The answer is longer than is taken. */
export function tooLargeError(target: string, maxBodyBytes: number): IngestError {
  return new IngestError(`Cannot poll ${target}: an answer has more than ${maxBodyBytes} bytes`, {
    code: "message_too_large",
    retry: "backoff",
  });
}

/** Nothing may be sent for a while. */
export function rateLimitError(target: string, reason: string, waitMs: number): IngestError {
  return new IngestError(`Cannot poll ${target}: held back for ${Math.ceil(waitMs)} ms, ${venueText(reason)}`, {
    code: "rate_limited",
    retry: "backoff",
    retryAfterMs: Math.ceil(waitMs),
  });
}

/** The venue answered with an error of its own. */
export function venueError(target: string, reason: string, retryAfterMs: number): IngestError {
  return new IngestError(`Cannot poll ${target}: the venue said "${venueText(reason)}"`, {
    code: "venue_error",
    retry: "backoff",
    retryAfterMs,
  });
}

/** Another request cannot mend it: the token, the account or the address are wrong. */
export function fatalError(target: string, reason: string, isCredentials: boolean): IngestError {
  return new IngestError(`Cannot poll ${target}: the venue said "${venueText(reason)}"`, {
    code: isCredentials ? "logon_refused" : "venue_error",
    retry: "never",
  });
}

/** The answers come, and none of them can be read; an empty reason: nor could any quote in them. */
export function unreadableError(target: string, reason: string): IngestError {
  return new IngestError(`Cannot poll ${target}: the answers cannot be read, ${reason || "bad quotes"}`, {
    code: "protocol_violation",
    retry: "backoff",
  });
}

/** No symbol is left to ask for. */
export function allRefusedError(target: string, reason: string): IngestError {
  return new IngestError(`Cannot poll ${target}: every symbol was refused, the last with "${venueText(reason)}"`, {
    code: "subscription_refused",
    retry: "backoff",
  });
}

/** A secret the profile asks for is not configured, or is not fit for a request. */
export function secretError(target: string, what: "account" | "token", state: string): IngestError {
  return new IngestError(`Cannot poll ${target}: the feed's ${what} ${state}`, {
    code: "config_invalid",
    retry: "never",
  });
}

/** What a venue wrote, fit for a message of ours: one line of printable characters, bounded. */
export function venueText(text: string): string {
  return text.slice(0, VENUE_TEXT_MAX).replace(/\p{Cc}+/gu, " ");
}
