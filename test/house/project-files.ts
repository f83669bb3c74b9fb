import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder that holds `build.sh`. */
export const PROJECT_ROOT = join(import.meta.dir, "..", "..");

/** One text file of the project. */
export interface ProjectFile {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** One breach of a house rule; `toString` form in test output: `path:line rule`. */
export interface Breach {
  readonly path: string;
  /** From 1; 0 when the whole file is meant. */
  readonly line: number;
  readonly rule: string;
}

/** Every text file that is in git or would be with the next `git add`. */
export function projectFiles(): ProjectFile[] {
  const listing = Bun.spawnSync(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: PROJECT_ROOT,
  });
  if (listing.exitCode !== 0) throw new Error(`Cannot list the project's files: ${listing.stderr.toString()}`);
  const files: ProjectFile[] = [];
  for (const path of listing.stdout.toString().split("\0")) {
    if (path === "" || !existsSync(join(PROJECT_ROOT, path))) continue;
    const text = readFileSync(join(PROJECT_ROOT, path), "utf8");
    if (!text.includes("\0")) files.push({ path, text });
  }
  return files;
}

/** The TypeScript of one top folder (`src`, `test`); declarations (`.d.ts`) included. */
export function typeScriptIn(folder: string): ProjectFile[] {
  return projectFiles().filter((file) => file.path.startsWith(`${folder}/`) && file.path.endsWith(".ts"));
}

/** The number of the line an offset lies on, from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

/** All breaches of one rule over many files, as lines a person can click on. */
export function breachesOf(files: readonly ProjectFile[], rule: (file: ProjectFile) => Breach[]): string[] {
  return files.flatMap(rule).map((breach) => `${breach.path}:${breach.line} ${breach.rule}`);
}

/** An example file for the proof that a rule can fail. */
export function example(path: string, text: string): ProjectFile {
  return { path, text };
}
