import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Folder of the real recordings: `CAPTURES_DIR`, else `shared/captures` beside the project. */
export function capturesDir(): string {
  const { CAPTURES_DIR } = process.env;
  return CAPTURES_DIR ?? join(resolve(import.meta.dir, "../../.."), "shared", "captures");
}

/** Whether the tests of real recordings are left out: they must run in CI, and elsewhere where the recordings are. */
export function skipsCaptures(): boolean {
  const { CI } = process.env;
  return CI !== "true" && !existsSync(capturesDir());
}
