import { type ParseArgsConfig, parseArgs } from "node:util";

/**
 * Options and words of a command line, or the problem with them: an unknown option and a word too many are one, never
 * ignored.
 */
export function parseOptions<T extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: T,
  wordsMax = 0,
) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    const extra = positionals[wordsMax];
    if (extra !== undefined) return { problem: `Cannot use '${extra}': the command takes no such word` };
    return { values, words: positionals };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Only its first sentence tells what is wrong; the rest is advice for other cases.
    return { problem: `${error.message.split(". ")[0]}: see --help` };
  }
}
