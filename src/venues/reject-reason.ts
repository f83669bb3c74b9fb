/** Why a message was rejected: closed list, also a metric label and the reason in the rejected topic. */
export const REJECT_REASONS = [
  /** No JSON, and no text the profile knows. */
  "invalid_json",
  "invalid_utf8",
  /** Nested deeper than 64. */
  "too_deep",
  /** A key we read stands twice in one object. */
  "duplicate_key",
  /** No rule of the profile matches. */
  "unknown_message",
  /** A field the profile calls for is not there. */
  "missing_field",
  /** The symbol is no string. */
  "bad_symbol",
  "bad_price",
  "bad_size",
  "bad_sequence",
  "bad_time",
  /** Where levels or quotes should be listed stands something else. */
  "bad_list",
  /** A change came before the snapshot it changes. */
  "no_snapshot",
  /** The bytes are no protobuf message (gRPC). */
  "invalid_wire",
  /** A field stands in another form than its `.proto` says. */
  "wrong_type",
  "too_many_fields",
] as const;

/** See {@link REJECT_REASONS}. */
export type RejectReason = (typeof REJECT_REASONS)[number];
