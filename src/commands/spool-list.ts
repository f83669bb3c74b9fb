import { inspectSpool } from "../publish/spool/inspection.ts";
import { spoolHolder } from "../publish/spool/node-file-system.ts";
import type { FoundLog } from "../publish/spool/recovery.ts";
import { bytesText, countText } from "../telemetry/board-text.ts";
import { sanitizeText } from "../telemetry/sanitize-text.ts";
import { ExitCode } from "./command.ts";
import { partitionText, type SpoolJob } from "./spool-job.ts";
import { renderTable } from "./table.ts";

/** What waits for one lane, as `--json` prints it. */
interface LogSummary {
  readonly topic: string;
  /** −1: unassigned. */
  readonly partition: number;
  readonly partitionCount: number;
  readonly records: number;
  readonly batches: number;
  readonly bytes: number;
  /** Stamps of the oldest and the newest record, ms; null when nothing waits. */
  readonly oldestMs: number | null;
  readonly newestMs: number | null;
  /** Quotes by source; what is no quote, and whose source is lost, is in none. */
  readonly sources: Readonly<Record<string, number>>;
  readonly segments: number;
  /** Told by checkpoint and frames alone: `verify` reads the batches themselves. */
  readonly damagedRecords: number;
  readonly missingRecords: number;
  readonly trouble: string;
}

/** `spool ls`. */
export async function listSpool({ context, directory, values, fileSystem }: SpoolJob): Promise<number> {
  const { logs, survey } = inspectSpool(fileSystem, directory);
  const holder = spoolHolder(directory);
  const summaries = logs.map(summaryOf);
  if (values.json === true) {
    context.print(`${JSON.stringify({ directory, process: holder, logs: summaries, leftAlone: survey.leftAlone })}\n`);
    return ExitCode.ok;
  }
  if (summaries.length > 0) context.print(tableOf(summaries));
  for (const text of survey.leftAlone) context.print(`${sanitizeText(text)}: left alone\n`);
  const records = summaries.reduce((sum, log) => sum + log.records, 0);
  const bytes = summaries.reduce((sum, log) => sum + log.bytes, 0);
  const use = holder === null ? "no process uses it" : `process ${holder} uses it`;
  context.print(`${countText(records)} records, ${bytesText(bytes)} wait in '${directory}'; ${use}\n`);
  return ExitCode.ok;
}

function summaryOf({ log, segments, damagedRecords, missingRecords, trouble }: FoundLog): LogSummary {
  const waiting = segments.filter(({ unread }) => !unread.isEmpty);
  const sources: Record<string, number> = {};
  for (const { file, unread } of waiting) {
    for (const [feed, name] of file.header.feedNames.entries()) {
      if (unread.counts[feed] > 0) sources[name] = (sources[name] ?? 0) + unread.counts[feed];
    }
  }
  return {
    ...log.name,
    records: waiting.reduce((sum, { unread }) => sum + unread.records, 0),
    batches: waiting.reduce((sum, { unread }) => sum + unread.batches, 0),
    bytes: waiting.reduce((sum, { unread }) => sum + unread.bytes, 0),
    oldestMs: waiting[0]?.start.timeMs ?? null,
    newestMs: waiting.length === 0 ? null : Math.max(...waiting.map(({ newestMs }) => newestMs)),
    sources,
    segments: segments.length,
    damagedRecords,
    missingRecords,
    trouble,
  };
}

function tableOf(logs: readonly LogSummary[]): string {
  const rows = logs.map((log) => [
    sanitizeText(log.topic),
    partitionText(log),
    countText(log.records),
    countText(log.batches),
    bytesText(log.bytes),
    timeText(log.oldestMs),
    timeText(log.newestMs),
    sanitizeText(Object.keys(log.sources).sort().join(",")) || "-",
    stateText(log),
  ]);
  return renderTable(
    ["topic", "partition", "records", "batches", "bytes", "oldest", "newest", "sources", "state"],
    rows,
  );
}

function timeText(timeMs: number | null): string {
  return timeMs === null || timeMs < 0 ? "-" : new Date(timeMs).toISOString();
}

function stateText({ damagedRecords, missingRecords, trouble }: LogSummary): string {
  const parts: string[] = [];
  if (damagedRecords > 0) parts.push(`${countText(damagedRecords)} records damaged`);
  if (missingRecords > 0) parts.push(`${countText(missingRecords)} records missing`);
  if (trouble !== "") parts.push(sanitizeText(trouble));
  return parts.length === 0 ? "ok" : parts.join("; ");
}
