import { type ReportHead, renderFigure } from "./fault-report.ts";
import type { FaultOutcome } from "./fault-run.ts";

const BEGIN = "<!-- measured -->";
const END = "<!-- /measured -->";
const HEADER = ["| Fault | Case | Measured | Figures |", "| --- | --- | --- | --- |"];
const ROW = /^\| (F\d+) \| `([\w-]+)` \|/;

/**
 * The text of `docs/promises.md` with the rows of these cases replaced by what was measured now; those of other cases stay.
 * What failed is not recorded.
 *
 * @throws Error when the text has no place for them
 */
export function recordMeasured(text: string, head: ReportHead, outcomes: readonly FaultOutcome[]): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`Cannot record figures: there is no ${BEGIN} with an ${END} after it`);
  const rows = new Map<string, string>();
  for (const line of text.slice(begin, end).split("\n")) {
    const name = ROW.exec(line)?.[2];
    if (name !== undefined) rows.set(name, line);
  }
  for (const outcome of outcomes) if (outcome.error === null) rows.set(outcome.name, renderRow(head, outcome));
  const sorted = [...rows.values()].sort((a, b) => faultNumber(a) - faultNumber(b) || a.localeCompare(b));
  const table = [BEGIN, `Machine: ${head.machine}. Command: \`./build.sh faults\`.`, "", ...HEADER, ...sorted, ""];
  return `${text.slice(0, begin)}${table.join("\n")}${text.slice(end)}`;
}

function renderRow({ date, commit }: ReportHead, { fault, name, form, tookMs, figures }: FaultOutcome): string {
  const measured = `${date.slice(0, 10)}, ${commit}, ${form}, ${(tookMs / 1000).toFixed(0)} s`;
  return `| ${fault} | \`${name}\` | ${measured} | ${figures.map(renderFigure).join("; ")} |`;
}

function faultNumber(row: string): number {
  return Number(ROW.exec(row)?.[1].slice(1));
}
