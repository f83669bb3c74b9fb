import { existsSync } from "node:fs";
import { join } from "node:path";

const PROJECT_ROOT = join(import.meta.dir, "../../../..");

/** Folder of the public definitions; null when this machine has none. Throws in CI, where they must be there. */
export function definitionsFolder(): string | null {
  const captures = process.env["CAPTURES_DIR"] ?? join(PROJECT_ROOT, "../shared/captures");
  const folder = join(captures, "quickfix-definitions");
  if (existsSync(folder)) return folder;
  if (process.env["CI"] === "true") throw new Error(`Cannot run the acceptance definitions: ${folder} is not there`);
  console.error(`skipped: the acceptance definitions, as ${folder} is not there`);
  return null;
}
