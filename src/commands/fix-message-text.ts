import { sanitizeText } from "../telemetry/sanitize-text.ts";
import type { FieldView, MessageView } from "./fix-message-view.ts";

const TAG_WIDTH = 6;
const NAME_WIDTH = 24;

/** A message for people: a line of its own about it, what is wrong with it, then a line per field, groups indented. */
export function messageText(view: MessageView): string {
  const time = view.sendingTime === "" ? "(no time)" : view.sendingTime;
  const title = `${time}  ${view.msgType} ${view.name}  34=${view.sequence}  ${view.sender} → ${view.target}`;
  const lines = [sanitizeText(title), ...view.problems.map((problem) => `  ! ${sanitizeText(problem)}`)];
  addFields(lines, view.fields, "");
  return `${lines.join("\n")}\n\n`;
}

/** Depth is bounded by the groups that a dictionary has within groups. */
function addFields(lines: string[], fields: readonly FieldView[], indent: string): void {
  for (const { tag, name, value, meaning, entries } of fields) {
    const label = (tag === 0 ? "?" : String(tag)).padStart(TAG_WIDTH);
    const explained = meaning === null ? value : `${value} (${meaning})`;
    lines.push(`${indent}${label} ${(name ?? "").padEnd(NAME_WIDTH)} ${sanitizeText(explained)}`.trimEnd());
    for (const entry of entries ?? []) {
      const start = lines.length;
      addFields(lines, entry, `${indent}    `);
      lines[start] = markEntry(lines[start]);
    }
  }
}

/** The first line of an entry, with a dash before its tag. */
function markEntry(line: string): string {
  const tagStart = line.search(/\S/);
  return `${line.slice(0, tagStart - 2)}- ${line.slice(tagStart)}`;
}
