import { join, resolve } from "node:path";

/** Folder of the real recordings: `CAPTURES_DIR`, else `shared/captures` beside the project. */
export function capturesDir(): string {
  return process.env["CAPTURES_DIR"] ?? join(resolve(import.meta.dir, "../../.."), "shared", "captures");
}
