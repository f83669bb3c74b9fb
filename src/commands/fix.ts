import { readFile } from "node:fs/promises";
import type { FieldDictionary } from "../adapters/fix/engine/field-dictionary.ts";
import { loadFieldDictionary } from "../adapters/fix/engine/load-field-dictionary.ts";
import { LogReader } from "../fix/log-reader.ts";
import { type Command, type CommandContext, ExitCode } from "./command.ts";
import { messageText } from "./fix-message-text.ts";
import { viewMessage } from "./fix-message-view.ts";
import { parseOptions } from "./parse-options.ts";

/** Reads standard input. */
const STANDARD_INPUT = "-";

/** `edge-ingester fix`. */
export const fixCommand: Command = {
  name: "fix",
  summary: "Show the FIX messages of a log in words",
  help: `edge-ingester fix decode FILE|- [--json] [--dictionary FILE]

Prints every FIX message of a file, or of standard input: a line about it, then its fields with their names, what their
values mean, and groups indented. Fields may be delimited by SOH, | or ^A, and lines may begin with anything. A wrong
BodyLength or CheckSum is told. Passwords and raw data are left out. --json prints one object per message and line;
--dictionary adds the names of an LP's own dictionary (QuickFIX XML) to those of FIX 4.4.

Exit code: 0 when there was a message, 1 when there was none or a file cannot be read, 2 when the words are wrong.

Examples:
  edge-ingester fix decode session.log
  edge-ingester fix decode - --json <session.log
  edge-ingester fix decode session.log --dictionary lp.xml
`,
  async run(context) {
    const options = parseOptions(context.args, { json: { type: "boolean" }, dictionary: { type: "string" } }, 2);
    if ("problem" in options) {
      context.complain(`${options.problem}\n`);
      return ExitCode.usage;
    }
    const [verb, path] = options.words;
    if (verb !== "decode" || path === undefined) {
      context.complain(fixCommand.help);
      return ExitCode.usage;
    }
    try {
      const dictionary = await loadDictionary(options.values.dictionary ?? null);
      const count = await decodeFile(context, path, { dictionary, isJson: options.values.json === true });
      if (count === 0) context.complain(`Cannot find a FIX message in '${path}'\n`);
      return count === 0 ? ExitCode.failed : ExitCode.ok;
    } catch (error) {
      context.complain(`${reasonOf(error)}\n`);
      return ExitCode.failed;
    }
  },
};

async function loadDictionary(path: string | null): Promise<FieldDictionary> {
  if (path === null) return await loadFieldDictionary(null);
  try {
    return await loadFieldDictionary(await readFile(path, "utf8"));
  } catch (error) {
    throw new Error(`Cannot use the dictionary '${path}': ${reasonOf(error)}`, { cause: error });
  }
}

interface DecodeOptions {
  readonly dictionary: FieldDictionary;
  readonly isJson: boolean;
}

/** Prints the messages as the file is read, whatever its size; returns how many there were. */
async function decodeFile(
  context: CommandContext,
  path: string,
  { dictionary, isJson }: DecodeOptions,
): Promise<number> {
  let count = 0;
  let output = "";
  const reader = new LogReader((message) => {
    const view = viewMessage(message, dictionary);
    output += isJson ? `${JSON.stringify(view)}\n` : messageText(view);
    count++;
  });
  const flush = async () => {
    const text = output;
    output = "";
    return text === "" || (await context.printAll(text));
  };
  try {
    const input = path === STANDARD_INPUT ? Bun.stdin : Bun.file(path);
    for await (const chunk of input.stream()) {
      reader.feed(Buffer.from(chunk).toString("latin1"));
      // A reader that wants no more (`| head`) is no failure.
      if (context.stop.aborted || !(await flush())) return count;
    }
  } catch (error) {
    throw new Error(`Cannot read '${path}': ${reasonOf(error)}`, { cause: error });
  }
  reader.end();
  await flush();
  return count;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
