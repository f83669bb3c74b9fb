import { readFileSync, statSync } from "node:fs";

/** A file the configuration names: its text, and its permission bits. */
export interface ConfigFile {
  readonly text: string;
  /** `stat` mode; the lowest three octal digits say who may read it. */
  readonly mode: number;
  /** The group the file belongs to; absent when it is not known. */
  readonly groupId?: number;
}

/** Reads one file; throws an error with a `code` such as ENOENT. */
export type ConfigFileReader = (path: string) => ConfigFile;

/** Largest file accepted: profiles, certificates and secrets are all far smaller. */
const FILE_BYTES_MAX = 1_048_576;

/**
 * Reads a regular file of at most 1 MiB, for `loadConfig`. Throws the system's error, EFBIG when the file is too large,
 * or EINVAL when it is no regular file (a pipe would block the start for ever).
 */
export function readConfigFile(path: string): ConfigFile {
  const stat = statSync(path);
  if (stat.isDirectory()) throw fileError("EISDIR");
  if (!stat.isFile()) throw fileError("EINVAL");
  if (stat.size > FILE_BYTES_MAX) throw fileError("EFBIG");
  return { text: readFileSync(path, "utf8"), mode: stat.mode, groupId: stat.gid };
}

/** Why a file could not be read, in words that hold nothing of its path or content. */
export function describeReadError(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return "there is no such file";
    case "EACCES":
    case "EPERM":
      return "the file cannot be read (permission denied)";
    case "EISDIR":
      return "it is a directory";
    case "EINVAL":
      return "it is no regular file";
    case "EFBIG":
      return `the file is larger than ${FILE_BYTES_MAX} bytes`;
    default:
      return `the file cannot be read${/^E[A-Z0-9]{2,30}$/.test(code) ? ` (${code})` : ""}`;
  }
}

function fileError(code: string): Error {
  return Object.assign(new Error(`Cannot read file: ${code}`), { code });
}
