import { type ParseArgsConfig, parseArgs } from "node:util";

/** Options and words of a command line, or what is wrong with it. */
export type ParsedOptions<T> = { readonly values: T; readonly words: readonly string[] } | { readonly problem: string };

/** Reads a command's arguments strictly: an unknown option is a problem, never ignored. */
export function parseOptions<T extends NonNullable<ParseArgsConfig["options"]>>(args: readonly string[], options: T) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    return { values, words: positionals };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { problem: error.message };
  }
}
