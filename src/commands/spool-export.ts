import { closeSync, openSync, writeSync } from "node:fs";
import { type BatchRecord, readBatch } from "../publish/record-batch-reader.ts";
import type { LogName } from "../publish/spool/batch-log.ts";
import { inspectSpool, piecesOf } from "../publish/spool/inspection.ts";
import type { FoundLog } from "../publish/spool/recovery.ts";
import { countText } from "../telemetry/board-text.ts";
import { type CommandContext, ExitCode } from "./command.ts";
import type { SpoolJob, SpoolValues } from "./spool-job.ts";

/** Writes to standard output. */
const STANDARD_OUTPUT = "-";
/** An absolute time: date, time and zone. */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Which records are wanted. */
interface Wanted {
  readonly topic: string | null;
  readonly partition: number | null;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the export cost and found. */
interface Outcome {
  records: number;
  damagedPlaces: number;
}

/** `spool export`. */
export async function exportSpool({ context, directory, values, fileSystem }: SpoolJob): Promise<number> {
  const wanted = readWanted(values);
  if (typeof wanted === "string" || values.out === undefined) {
    context.complain(`${typeof wanted === "string" ? wanted : "Cannot export: --out must name a file, or be -"}\n`);
    return ExitCode.usage;
  }
  const output = createOutput(context, values.out);
  const outcome: Outcome = { records: 0, damagedPlaces: 0 };
  try {
    const inspection = inspectSpool(fileSystem, directory);
    for (const found of inspection.logs.filter(({ log }) => isWanted(log.name, wanted))) {
      for (const segment of found.segments) {
        for await (const piece of piecesOf(inspection, found, segment)) {
          const text = piece.kind === "batch" ? linesOf(found, piece.bytes, { wanted, outcome }) : null;
          if (text === null) outcome.damagedPlaces++;
          // A reader that wants no more (`| head`) is no failure.
          else if (text !== "" && !(await output.write(text))) return ExitCode.ok;
          if (context.stop.aborted) throw new Error("stopped");
        }
      }
    }
  } finally {
    output.close();
  }
  context.complain(`${countText(outcome.records)} records exported\n`);
  if (outcome.damagedPlaces === 0) return ExitCode.ok;
  context.complain(`Cannot export ${outcome.damagedPlaces} damaged places: 'spool verify' says where\n`);
  return ExitCode.failed;
}

/** A text: what is wrong with the options. */
function readWanted({ topic, partition, from, to }: SpoolValues): Wanted | string {
  if (partition !== undefined && !/^\d{1,9}$/.test(partition)) {
    return `Cannot use --partition '${partition}': it must be a number`;
  }
  const fromMs = from === undefined ? Number.NEGATIVE_INFINITY : parseTime(from);
  const toMs = to === undefined ? Number.POSITIVE_INFINITY : parseTime(to);
  for (const [name, text, time] of [
    ["from", from, fromMs],
    ["to", to, toMs],
  ] as const) {
    if (Number.isNaN(time)) return `Cannot use --${name} '${text}': give 2026-01-31T12:00:00Z, or ms since 1970`;
  }
  return { topic: topic ?? null, partition: partition === undefined ? null : Number(partition), fromMs, toMs };
}

function parseTime(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  return ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
}

function isWanted({ topic, partition }: LogName, wanted: Wanted): boolean {
  return (
    (wanted.topic === null || topic === wanted.topic) && (wanted.partition === null || partition === wanted.partition)
  );
}

/** The wanted records of a batch, a JSON object a line; null when the batch cannot be read. */
function linesOf(
  { log }: FoundLog,
  bytes: Buffer,
  { wanted, outcome }: { readonly wanted: Wanted; readonly outcome: Outcome },
): string | null {
  let records: readonly BatchRecord[];
  try {
    records = readBatch(bytes).records;
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
  let text = "";
  for (const record of records) {
    if (record.timestampMs < wanted.fromMs || record.timestampMs >= wanted.toMs) continue;
    outcome.records++;
    text += `${lineOf(log.name, record)}\n`;
  }
  return text;
}

function lineOf({ topic, partition }: LogName, { timestampMs, key, headers, value }: BatchRecord): string {
  const head = {
    topic,
    partition,
    timestamp: timestampMs,
    key: key === null ? null : textOf(key),
    headers: Object.fromEntries(headers.map((header) => [header.key, textOf(header.value)])),
  };
  return `${JSON.stringify(head).slice(0, -1)},"value":${valueText(value)}}`;
}

/** JSON is put in as it is, digit by digit; anything else becomes a string. */
function valueText(value: Uint8Array | null): string {
  if (value === null) return "null";
  const text = textOf(value);
  return isJsonLine(text) ? text : JSON.stringify(text);
}

function isJsonLine(text: string): boolean {
  if (!text.startsWith("{") || text.includes("\n")) return false;
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Bytes that are no UTF-8 come in base64, marked. */
function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return `base64:${Buffer.from(bytes).toString("base64")}`;
    throw error;
  }
}

/** Where the lines go; `write` is false when nobody reads any more. */
interface Output {
  write(text: string): Promise<boolean>;
  close(): void;
}

/** @throws the system's error when the file is there already or cannot be made */
function createOutput(context: CommandContext, path: string): Output {
  if (path === STANDARD_OUTPUT) return { write: (text) => context.printAll(text), close: () => undefined };
  const file = openSync(path, "wx", 0o600);
  return {
    write: async (text) => {
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      return true;
    },
    close: () => closeSync(file),
  };
}
