import { basename } from "node:path";
import { readCode } from "./code-text.ts";
import { type Breach, lineAt, type ProjectFile } from "./project-files.ts";

/** The most lines a file of code may have. */
const FILE_LINES_MAX = 400;

const KEBAB_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.property)?(?:\.test|\.bench|\.d)?\.ts$/;
const EXPORT = /^export (?:declare |abstract |async )*(?:function|class|interface|type|const|let)\b[^{;]*/gm;
const ARROW_CONSTANT = /^(?:export )?const \w+(?:: [^=\n]+)? = (?:async )?(?:\([^)]*\)|\w+)(?:: [^=\n]+)? =>/gm;

/** Too long, or named against the house. */
export function checkFile(file: ProjectFile): Breach[] {
  const breaches: Breach[] = [];
  const lines = file.text.split("\n").length - 1;
  const name = basename(file.path);
  if (lines > FILE_LINES_MAX) breaches.push({ path: file.path, line: 0, rule: `has ${lines} lines, at most 400` });
  if (name === "index.ts")
    breaches.push({ path: file.path, line: 0, rule: "is an index.ts: name it for what it holds" });
  if (!KEBAB_NAME.test(name)) breaches.push({ path: file.path, line: 0, rule: "is not named in kebab-case" });
  return breaches;
}

/** Exports without a docstring of their own right above. */
export function checkDocstrings(file: ProjectFile): Breach[] {
  const { code } = readCode(file.text);
  const breaches: Breach[] = [];
  let previousName = "";
  for (const match of code.matchAll(EXPORT)) {
    const name = /(?:function\*?|class|interface|type|const|let) (\w+)/.exec(match[0])?.[1] ?? match[0];
    const above = file.text.slice(0, match.index).trimEnd();
    const hasDocstring = above.endsWith("*/") && above.lastIndexOf("/**") > above.lastIndexOf("*/", above.length - 3);
    // The further signatures of an overloaded function share the docstring of the first.
    if (!hasDocstring && name !== previousName) {
      breaches.push({
        path: file.path,
        line: lineAt(file.text, match.index),
        rule: `exports ${name} without a docstring`,
      });
    }
    previousName = name;
  }
  return breaches;
}

/** Functions of the file's top level written as arrow constants. */
export function checkTopLevelFunctions(file: ProjectFile): Breach[] {
  const { code } = readCode(file.text);
  return [...code.matchAll(ARROW_CONSTANT)].map((match) => ({
    path: file.path,
    line: lineAt(file.text, match.index),
    rule: "has an arrow function at its top level: write `function`",
  }));
}

/** TODO and its kin without the number of an issue. */
export function checkTodo(file: ProjectFile): Breach[] {
  return [...file.text.matchAll(/\b(?:TODO|FIXME|XXX)\b(?! ?\(?#\d)/g)].map((match) => ({
    path: file.path,
    line: lineAt(file.text, match.index),
    rule: `has a ${match[0]} without an issue number`,
  }));
}

/** Errors that are caught and then nothing is done about them; a comment alone does nothing. */
export function checkCatches(file: ProjectFile): Breach[] {
  const { code } = readCode(file.text);
  const silent = [
    ...code.matchAll(/\bcatch\s*(?:\([^)]*\)\s*)?\{\s*\}/g),
    ...code.matchAll(/\.catch\(\s*\(\w*\) => \{\s*\}\s*\)/g),
  ];
  return silent.map((match) => ({
    path: file.path,
    line: lineAt(file.text, match.index),
    rule: "catches an error silently",
  }));
}
