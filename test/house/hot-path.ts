import { readCode } from "./code-text.ts";
import { type Breach, lineAt, type ProjectFile } from "./project-files.ts";

/** Words that cost per message. Templates and regexes are found by the reader of the code. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:await|async)\b/g, "waits"],
  [/\bnew Promise\b|\bPromise\./g, "makes a promise"],
  [/\b(?:new )?Date\b[.(]/g, "uses Date"],
  [/\bnew RegExp\b|\bRegExp\(/g, "makes a regex"],
  [/\bJSON\.(?:parse|stringify)\b/g, "uses JSON"],
];

/** True for a file that says of itself that it is on the way of every message. */
export function isHotPath(file: ProjectFile): boolean {
  return file.path.startsWith("src/") && file.text.startsWith("// Hot path.");
}

/** What a hot-path file has that costs too much per message. The text of an error that is thrown may be built. */
export function checkHotPath(file: ProjectFile): Breach[] {
  if (!isHotPath(file)) return [];
  const { code, templates, regexes } = readCode(file.text);
  const at = (offset: number, rule: string): Breach => ({
    path: file.path,
    line: lineAt(file.text, offset),
    rule: `hot path ${rule}`,
  });
  const words = WORDS.flatMap(([word, rule]) => [...code.matchAll(word)].map((match) => at(match.index, rule)));
  return [
    ...words,
    ...templates.filter((offset) => !isThrown(code, offset)).map((offset) => at(offset, "builds a template string")),
    ...regexes.map((offset) => at(offset, "has a regex")),
  ];
}

function isThrown(code: string, offset: number): boolean {
  const statementStart = Math.max(
    code.lastIndexOf(";", offset),
    code.lastIndexOf("{\n", offset),
    code.lastIndexOf("}\n", offset),
  );
  return code
    .slice(statementStart + 1, offset)
    .trimStart()
    .startsWith("throw ");
}
