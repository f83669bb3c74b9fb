/** Closed list of the expected troubles; also the `code` label of metrics and logs. */
export type IngestErrorCode =
  | "config_invalid"
  | "connect_refused"
  | "connect_failed"
  | "no_descriptors"
  | "dns_failed"
  | "tls_failed"
  | "handshake_timeout"
  | "handshake_rejected"
  | "rate_limited"
  | "logon_refused"
  | "logon_timeout"
  | "sequence_too_low"
  | "half_open"
  | "closed_by_venue"
  | "closed_unclean"
  | "message_too_large"
  | "protocol_violation"
  | "subscribe_timeout"
  | "subscription_refused"
  | "venue_error"
  | "sequence_gap"
  | "no_data"
  | "kafka_unavailable"
  | "kafka_refused"
  | "sink_failed"
  | "unsupported";

/** How the supervisor takes an error: try again after a backoff, or never again without a change of configuration. */
export type RetryAdvice = "backoff" | "never";

/** What an {@link IngestError} is made of beside its message. */
export interface IngestErrorOptions {
  readonly code: IngestErrorCode;
  readonly retry: RetryAdvice;
  /** Wait at least this long before the next try, ms (a venue's `Retry-After`). */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
  /** Low-volume facts for the log; never a secret. */
  readonly context?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Expected trouble: a venue, a broker or a setting is not as it must be. A bug is never an IngestError.
 * Message form: `Cannot <verb> <thing>: <state now>`, no full stop, no secrets.
 */
export class IngestError extends Error {
  readonly code: IngestErrorCode;
  readonly retry: RetryAdvice;
  readonly retryAfterMs: number;
  readonly context: Readonly<Record<string, string | number | boolean>>;

  constructor(message: string, options: IngestErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "IngestError";
    this.code = options.code;
    this.retry = options.retry;
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.context = options.context ?? {};
  }
}
