import { IngestError, type IngestErrorCode, type RetryAdvice } from "../../domain/ingest-error.ts";
import { parseRetryAfterMs } from "../../runtime/retry-after.ts";
import type { SessionEnd } from "../adapter.ts";

/** Text of a venue that is kept in an error, characters. */
const VENUE_TEXT_MAX = 200;

/** Close codes that are no failure: 1000 normal, 1001 going away, 1012 service restart (RFC 6455, 7.4; IANA registry). */
const PLANNED_CLOSE_CODES: ReadonlySet<number> = new Set([1000, 1001, 1012]);
/** The connection ended without a close frame. */
const ABNORMAL_CLOSURE = 1006;

/** Refusals that another try cannot mend: the URL or the credentials are wrong, or the region is shut out. */
const FINAL_STATUSES: ReadonlySet<number> = new Set([400, 401, 404, 405, 406, 410, 426, 451]);
/** 418 is Binance's: banned for knocking on after 429. */
const RATE_LIMIT_STATUSES: ReadonlySet<number> = new Set([418, 429]);

const CODE_BY_SYSTEM_ERROR: Readonly<Record<string, IngestErrorCode>> = {
  ECONNREFUSED: "connect_refused",
  ENOTFOUND: "dns_failed",
  EAI_AGAIN: "dns_failed",
  ENODATA: "dns_failed",
};

const TLS_ERROR = /CERT|TLS|SSL|UNABLE_TO|SELF_SIGNED|ALTNAME|HOSTNAME/;

/** The error of a handshake that the server refused with an HTTP answer. */
export function statusError(
  target: string,
  answer: { readonly statusCode: number; readonly headers: Readonly<Record<string, string | undefined>> },
  wallMs: number,
): IngestError {
  const { statusCode, headers } = answer;
  const retry: RetryAdvice = FINAL_STATUSES.has(statusCode) ? "never" : "backoff";
  return new IngestError(`Cannot connect to ${target}: the handshake was answered with HTTP status ${statusCode}`, {
    code: RATE_LIMIT_STATUSES.has(statusCode) ? "rate_limited" : "handshake_rejected",
    retry,
    retryAfterMs: parseRetryAfterMs(headers["retry-after"], wallMs),
    context: { statusCode },
  });
}

/** The error of a connection that never came up. */
export function connectError(target: string, cause: Error & { code?: string }): IngestError {
  const systemCode = cause.code ?? "";
  const isTls = TLS_ERROR.test(systemCode);
  return new IngestError(`Cannot connect to ${target}: ${venueText(cause.message)}`, {
    code: isTls ? "tls_failed" : (CODE_BY_SYSTEM_ERROR[systemCode] ?? "connect_failed"),
    retry: "backoff",
    cause,
  });
}

/** The error of a connection that broke the rules of the protocol, or of ours. */
export function protocolError(target: string, cause: Error & { code?: string }): IngestError {
  const isTooLarge = cause.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";
  const isViolation = cause.code?.startsWith("WS_ERR_") === true;
  return new IngestError(`Cannot read from ${target}: ${venueText(cause.message)}`, {
    code: isTooLarge ? "message_too_large" : isViolation ? "protocol_violation" : "closed_unclean",
    retry: "backoff",
    cause,
  });
}

/** What the venue's close of an open connection means: an end by plan, or an error. */
export function closeMeaning(target: string, code: number, reason: string): SessionEnd | IngestError {
  const text = venueText(reason);
  const said = text === "" ? `code ${code}` : `code ${code}, "${text}"`;
  if (PLANNED_CLOSE_CODES.has(code)) return { reason: "planned", message: `The venue closed with ${said}` };
  if (code === ABNORMAL_CLOSURE) {
    return new IngestError(`Cannot read from ${target}: the connection ended without a close frame`, {
      code: "closed_unclean",
      retry: "backoff",
    });
  }
  return new IngestError(`Cannot read from ${target}: the venue closed with ${said}`, {
    // Binance says 1008 "Too many requests" to a client that sent too fast.
    code: /too many|rate limit/i.test(reason) ? "rate_limited" : "closed_by_venue",
    retry: "backoff",
    context: { closeCode: code },
  });
}

/** What a venue wrote, fit for a message of ours: one line of printable characters, bounded. */
export function venueText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return text.slice(0, VENUE_TEXT_MAX).replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}
