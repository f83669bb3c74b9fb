import { readBatch } from "../publish/record-batch-reader.ts";
import { type Inspection, inspectSpool, piecesOf, type SegmentPiece } from "../publish/spool/inspection.ts";
import type { FoundLog } from "../publish/spool/recovery.ts";
import { bytesText, countText } from "../telemetry/board-text.ts";
import { sanitizeText } from "../telemetry/sanitize-text.ts";
import { type CommandContext, ExitCode } from "./command.ts";
import { logText, type SpoolJob } from "./spool-job.ts";

/** The terminal is told how far it is this often, ms. */
const PROGRESS_EVERY_MS = 200;
const CLEAR_LINE = "\r\u001b[K";

/** One thing that is wrong, and where. */
interface Finding {
  readonly topic: string;
  readonly partition: number;
  readonly partitionCount: number;
  /** Null: not in any file. */
  readonly file: string | null;
  readonly offset: number | null;
  /** Null where it cannot be told. */
  readonly records: number | null;
  readonly problem: string;
}

/** All that was found. */
interface Verification {
  batches: number;
  records: number;
  bytes: number;
  readonly findings: Finding[];
  /** Files the service leaves alone, and why. */
  readonly leftAlone: readonly string[];
}

/** `spool verify`. */
export async function verifySpool({ context, directory, values, fileSystem }: SpoolJob): Promise<number> {
  const inspection = inspectSpool(fileSystem, directory);
  const result: Verification = {
    batches: 0,
    records: 0,
    bytes: 0,
    findings: [],
    leftAlone: inspection.survey.leftAlone,
  };
  const progress = new Progress(context, totalBytes(inspection));
  for (const log of inspection.logs) await verifyLog(inspection, log, { context, progress, result });
  progress.clear();
  if (context.stop.aborted) {
    context.complain("Cannot verify all of the spool: stopped\n");
    return ExitCode.failed;
  }
  if (values.json === true) context.print(`${JSON.stringify({ directory, ...result })}\n`);
  else context.print(reportOf(result));
  return result.findings.length + result.leftAlone.length === 0 ? ExitCode.ok : ExitCode.failed;
}

interface VerifyTools {
  readonly context: CommandContext;
  readonly progress: Progress;
  readonly result: Verification;
}

async function verifyLog(inspection: Inspection, found: FoundLog, tools: VerifyTools): Promise<void> {
  const { context, progress, result } = tools;
  const { name } = found.log;
  const add = (finding: Omit<Finding, keyof typeof name>) => result.findings.push({ ...name, ...finding });
  for (const segment of found.segments) {
    for await (const piece of piecesOf(inspection, found, segment)) {
      if (context.stop.aborted) return;
      const problem = problemOf(piece);
      if (piece.kind === "batch") {
        result.batches++;
        result.records += piece.frame.recordCount;
        result.bytes += piece.bytes.length;
        progress.add(piece.bytes.length);
      }
      if (problem === null) continue;
      const records = piece.kind === "batch" ? piece.frame.recordCount : piece.recordCount;
      add({ file: segment.file.path, offset: piece.offset, records, problem });
    }
  }
  if (found.missingRecords > 0) {
    add({ file: null, offset: null, records: found.missingRecords, problem: "records are in no file" });
  }
  if (found.trouble !== "") add({ file: null, offset: null, records: null, problem: found.trouble });
}

/** Null for a batch as it should be. */
function problemOf(piece: SegmentPiece): string | null {
  if (piece.kind === "damage") {
    if (piece.recordCount !== null) return "the batch is not as it was written";
    return `no batch can be told in ${piece.bytes} bytes`;
  }
  try {
    const { records } = readBatch(piece.bytes);
    return records.length === piece.frame.recordCount ? null : `${records.length} records are in the batch`;
  } catch (error) {
    return `the batch's records cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function reportOf({ findings, leftAlone, batches, records, bytes }: Verification): string {
  const lines = findings.map((finding) => {
    const { file, offset, records: count, problem } = finding;
    const where = file === null ? logText(finding) : `${logText(finding)}: ${file} at ${offset}`;
    return sanitizeText(`${where}: ${problem}${count === null ? "" : ` (${countText(count)} records)`}`);
  });
  lines.push(...leftAlone.map((text) => `${sanitizeText(text)}: left alone`));
  const verdict = lines.length === 0 ? "all good" : `${countText(lines.length)} found damaged`;
  lines.push(`${countText(batches)} batches, ${countText(records)} records, ${bytesText(bytes)} read: ${verdict}`);
  return `${lines.join("\n")}\n`;
}

function totalBytes({ logs }: Inspection): number {
  return logs.flatMap(({ segments }) => segments).reduce((sum, { unread }) => sum + unread.bytes, 0);
}

/** How far it is, on a terminal alone. */
class Progress {
  readonly #context: CommandContext;
  readonly #totalBytes: number;
  #doneBytes = 0;
  #toldAtMs: number;
  #isShown = false;

  constructor(context: CommandContext, total: number) {
    this.#context = context;
    this.#totalBytes = total;
    this.#toldAtMs = context.clock.monotonicMs();
  }

  add(bytes: number): void {
    this.#doneBytes += bytes;
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#context.terminal === null || nowMs - this.#toldAtMs < PROGRESS_EVERY_MS) return;
    this.#toldAtMs = nowMs;
    this.#isShown = true;
    this.#context.complain(`${CLEAR_LINE}${bytesText(this.#doneBytes)} of ${bytesText(this.#totalBytes)}`);
  }

  clear(): void {
    if (this.#isShown) this.#context.complain(CLEAR_LINE);
  }
}
