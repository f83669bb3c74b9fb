import { type LogName, UNASSIGNED } from "../publish/spool/batch-log.ts";
import type { SpoolFileSystem } from "../publish/spool/spool-file-system.ts";
import { sanitizeText } from "../telemetry/sanitize-text.ts";
import type { CommandContext } from "./command.ts";

/** Options of all verbs of `spool`. */
export const SPOOL_OPTIONS = {
  dir: { type: "string" },
  json: { type: "boolean" },
  topic: { type: "string" },
  partition: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  out: { type: "string" },
  "older-than": { type: "string" },
  all: { type: "boolean" },
  yes: { type: "boolean" },
} as const;

/** What was given of them. */
export type SpoolValues = {
  readonly [Name in keyof typeof SPOOL_OPTIONS]?: (typeof SPOOL_OPTIONS)[Name]["type"] extends "string"
    ? string
    : boolean;
};

/** One run of a verb. */
export interface SpoolJob {
  readonly context: CommandContext;
  readonly directory: string;
  readonly values: SpoolValues;
  readonly fileSystem: SpoolFileSystem;
}

/** `quotes 3 of 12`, for people. */
export function logText({ topic, partition, partitionCount }: LogName): string {
  return `${sanitizeText(topic)} ${partitionText({ partition, partitionCount })}`;
}

/** `3 of 12`; `unassigned` while Kafka was never reached. */
export function partitionText({ partition, partitionCount }: Pick<LogName, "partition" | "partitionCount">): string {
  return partition === UNASSIGNED ? "unassigned" : `${partition} of ${partitionCount}`;
}
