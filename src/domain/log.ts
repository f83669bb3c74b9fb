import { IngestError } from "./ingest-error.ts";

/** From which level on lines are written; `silent` writes none. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** What a field of a log line may hold: facts, no objects. */
export type LogValue = string | number | boolean | null;

/** The facts of one log line. `source` and `code` also name the cause by which lines are limited. */
export type LogFields = Readonly<Record<string, LogValue>>;

/**
 * Where state changes are told: one JSON line each, on standard error. `event` is a constant such as `feed_live`, never
 * a sentence with values inside; the values are fields. Never throws, and never per message: lines of one cause are
 * limited.
 */
export interface Log {
  debug(fields: LogFields, event: string): void;
  info(fields: LogFields, event: string): void;
  warn(fields: LogFields, event: string): void;
  error(fields: LogFields, event: string): void;
  /** A log whose every line carries these fields too. */
  child(fields: LogFields): Log;
}

/** How deep `errorFields` follows the causes of an error. */
const CAUSE_DEPTH_MAX = 4;

/** The fields that say what an error is: `code` (`bug` when it is not an {@link IngestError}), `message` and `cause`. */
export function errorFields(error: unknown): LogFields {
  const code = error instanceof IngestError ? error.code : "bug";
  const causes: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && causes.length < CAUSE_DEPTH_MAX) {
    causes.push(messageOf(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  const context = error instanceof IngestError ? error.context : {};
  const fields = { ...context, code, message: messageOf(error) };
  return causes.length === 0 ? fields : { ...fields, cause: causes.join(": ") };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
