import type { Metadata } from "@grpc/grpc-js";
import { IngestError, type IngestErrorCode, type RetryAdvice } from "../../domain/ingest-error.ts";
import { parseRetryAfterMs } from "../../runtime/retry-after.ts";
import type { SessionEnd } from "../adapter.ts";

/** Text of a venue that is kept in an error, characters. */
const VENUE_TEXT_MAX = 200;
/** Longest pushback of a server that is obeyed, ms. */
const PUSHBACK_MS_MAX = 3_600_000;

/** gRPC's status codes; a test holds them against the library's. */
export const Status = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** How a call ended, as the library tells it. */
export interface CallStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** What the request itself was refused with: the same call will be refused again. */
const REFUSALS: ReadonlySet<number> = new Set([
  Status.invalidArgument,
  Status.notFound,
  Status.failedPrecondition,
  Status.outOfRange,
]);

const MEANINGS: Readonly<Record<number, readonly [IngestErrorCode, RetryAdvice]>> = {
  [Status.invalidArgument]: ["subscription_refused", "never"],
  [Status.notFound]: ["subscription_refused", "backoff"],
  [Status.failedPrecondition]: ["subscription_refused", "backoff"],
  [Status.outOfRange]: ["subscription_refused", "backoff"],
  [Status.permissionDenied]: ["logon_refused", "never"],
  [Status.unauthenticated]: ["logon_refused", "never"],
  [Status.unimplemented]: ["unsupported", "never"],
  [Status.resourceExhausted]: ["rate_limited", "backoff"],
};

const CODE_BY_SYSTEM_ERROR: readonly (readonly [RegExp, IngestErrorCode])[] = [
  [/ECONNREFUSED/, "connect_refused"],
  [/ENOTFOUND|EAI_AGAIN|ENODATA|[Nn]ame resolution failed/, "dns_failed"],
  [/CERT|certificate|TLS|SSL|ALTNAME|UNABLE_TO|SELF_SIGNED|altnames|self.signed/, "tls_failed"],
];

/** What the library itself says of a link that has gone, not the venue. */
const LINK_LOST =
  /^(Connection dropped|No connection established|read E|write E|Stream closed|Received RST_STREAM|socket )/;

/** True for a status that means "this request is not taken". */
export function isRefusal(code: number): boolean {
  return REFUSALS.has(code);
}

/**
 * What the end of a call on an open connection means. CANCELLED and DEADLINE_EXCEEDED are the same here: which of them a
 * stream that was reset ends with differs by runtime.
 */
export function statusMeaning(
  target: string,
  { code, details, metadata }: CallStatus,
  wallMs: number,
): SessionEnd | IngestError {
  const said = venueText(details);
  if (code === Status.ok) return { reason: "planned", message: "The venue ended the stream" };
  const [known, retry] = MEANINGS[code] ?? ["venue_error", "backoff"];
  const isLost = code === Status.unavailable && LINK_LOST.test(details);
  const isTooLarge = code === Status.resourceExhausted && /larger than|max/i.test(details);
  return new IngestError(`Cannot read from ${target}: the call ended with status ${nameOf(code)}, "${said}"`, {
    code: isLost ? "closed_unclean" : isTooLarge ? "message_too_large" : known,
    retry,
    retryAfterMs: retryAfterMs(metadata, wallMs),
    context: { status: nameOf(code) },
  });
}

/** The error of a connection that never came up; `details` is the library's, or the handshake's own. */
export function connectError(target: string, details: string): IngestError {
  const found = CODE_BY_SYSTEM_ERROR.find(([form]) => form.test(details));
  return new IngestError(`Cannot connect to ${target}: ${venueText(details)}`, {
    code: found?.[1] ?? "connect_failed",
    retry: "backoff",
  });
}

/** What a venue wrote, fit for a message of ours: one line of printable characters, bounded. */
export function venueText(text: string): string {
  return text.slice(0, VENUE_TEXT_MAX).replace(/\p{Cc}+/gu, " ");
}

/** `INVALID_ARGUMENT` for 3. */
function nameOf(code: number): string {
  const name = Object.entries(Status).find(([, number]) => number === code)?.[0] ?? `code${code}`;
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** `grpc-retry-pushback-ms`, or what HTTP calls `Retry-After`. */
function retryAfterMs(metadata: Metadata, wallMs: number): number {
  const [pushback] = metadata.get("grpc-retry-pushback-ms");
  if (typeof pushback === "string" && /^\d{1,9}$/.test(pushback)) return Math.min(PUSHBACK_MS_MAX, Number(pushback));
  const [retryAfter] = metadata.get("retry-after");
  return parseRetryAfterMs(typeof retryAfter === "string" ? retryAfter : undefined, wallMs);
}
