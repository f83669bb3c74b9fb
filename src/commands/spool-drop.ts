import { inspectSpool } from "../publish/spool/inspection.ts";
import { carryOutDrop, type LogDrop, planDrop } from "../publish/spool/manual-drop.ts";
import { bytesText, countText } from "../telemetry/board-text.ts";
import { ExitCode } from "./command.ts";
import { logText, type SpoolJob, type SpoolValues } from "./spool-job.ts";

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What is to go. */
interface Selection {
  /** Null: of all topics. */
  readonly topic: string | null;
  /** Records of this time and newer stay, ms. */
  readonly beforeMs: number;
}

/** `spool drop`. */
export async function dropFromSpool({ context, directory, values, fileSystem }: SpoolJob): Promise<number> {
  const selection = readSelection(values, context.clock.wallUs() / 1000);
  if (typeof selection === "string") {
    context.complain(`${selection}\n`);
    return ExitCode.usage;
  }
  const inspection = inspectSpool(fileSystem, directory);
  const drops = inspection.logs
    .filter(({ log }) => selection.topic === null || log.name.topic === selection.topic)
    .map((log) => planDrop(inspection, log, selection.beforeMs))
    .filter(({ records }) => records > 0);
  const isDone = values.yes === true;
  if (isDone) for (const drop of drops) await carryOutDrop(inspection, drop, context.clock.wallUs());
  if (values.json === true) {
    const logs = drops.map(({ found, records, bytes }) => ({ ...found.log.name, records, bytes }));
    context.print(`${JSON.stringify({ directory, isDone, logs })}\n`);
  } else context.print(reportOf(drops, isDone));
  if (isDone || drops.length === 0) return ExitCode.ok;
  context.complain("Nothing was dropped: add --yes to drop it\n");
  return ExitCode.usage;
}

/** A text: what is wrong with the options. */
function readSelection(values: SpoolValues, nowMs: number): Selection | string {
  const { topic, all } = values;
  const age = values["older-than"];
  const given = [age, topic, all].filter((value) => value !== undefined).length;
  if (given !== 1) return "Cannot drop: give one of --older-than DURATION, --topic T and --all";
  if (age === undefined) return { topic: topic ?? null, beforeMs: Number.POSITIVE_INFINITY };
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(age) ?? [];
  if (count === undefined) return `Cannot use --older-than '${age}': give a number with s, m, h or d, such as 12h`;
  return { topic: null, beforeMs: nowMs - Number(count) * UNIT_MS[unit] };
}

function reportOf(drops: readonly LogDrop[], isDone: boolean): string {
  const lines = drops.map(
    ({ found, records, bytes }) => `${logText(found.log.name)}: ${countText(records)} records, ${bytesText(bytes)}`,
  );
  const records = drops.reduce((sum, drop) => sum + drop.records, 0);
  lines.push(`${countText(records)} records ${isDone ? "dropped" : "would be dropped"}`);
  return `${lines.join("\n")}\n`;
}
