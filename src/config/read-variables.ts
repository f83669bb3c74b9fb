import { type ConfigFileReader, describeReadError } from "./config-file.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem } from "./problems.ts";
import { groupFileWarning, openFileProblem } from "./secret-file-mode.ts";
import { type KnownVariable, secretFileName } from "./variable-catalog.ts";

/** Where the value of a variable came from. */
export type Origin = "default" | "environment" | "file";

/** The text of a variable, before it is checked. */
export interface VariableText {
  readonly text: string;
  readonly origin: Origin;
  /** Path of the file, for origin `file`; otherwise null. */
  readonly file: string | null;
}

/** The texts of all variables that have one, and what is wrong already. */
export interface VariableTexts {
  readonly texts: Map<string, VariableText>;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** What {@link readVariables} reads from. */
export interface VariableSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly known: ReadonlyMap<string, KnownVariable>;
  readonly readFile: ConfigFileReader;
}

/** Finds the text of every known variable: its own value, or for a secret the content of its file, or the default. */
export function readVariables(source: VariableSource): VariableTexts {
  const texts = new Map<string, VariableText>();
  const problems: ConfigProblem[] = [];
  const warnings: ConfigWarning[] = [];
  for (const variable of source.known.values()) {
    const read = readVariable(variable, source);
    if (read.problem !== null) problems.push(read.problem);
    if (read.warning !== null) warnings.push(read.warning);
    if (read.text !== null) texts.set(variable.name, read.text);
    else if (read.problem === null && variable.defaultText !== null) {
      texts.set(variable.name, { text: variable.defaultText, origin: "default", file: null });
    }
  }
  return { texts, problems, warnings };
}

interface ReadVariable {
  readonly text: VariableText | null;
  readonly problem: ConfigProblem | null;
  readonly warning: ConfigWarning | null;
}

const NOT_SET: ReadVariable = { text: null, problem: null, warning: null };

function readVariable(variable: KnownVariable, source: VariableSource): ReadVariable {
  const { name } = variable;
  const value = source.env[name];
  if (variable.meta.display !== "secret") return value === undefined ? NOT_SET : readText(variable, value.trim());
  const fileVariable = secretFileName(name);
  const path = source.env[fileVariable];
  if (value !== undefined && path !== undefined) {
    return refused(stateProblem(name, `not be set together with ${fileVariable}`, "both are set", "unset one of them"));
  }
  if (path !== undefined) return readSecretFile(fileVariable, path.trim(), source.readFile);
  return value === undefined ? NOT_SET : readText(variable, value);
}

/** An empty value is never taken for "not set": `BINANCE_SYMBOLS=` must not subscribe to the default symbols. */
function readText({ name, defaultText }: KnownVariable, text: string): ReadVariable {
  if (text.trim() === "") {
    const suggestion = defaultText === null ? null : `unset it for the default, ${defaultText}`;
    return refused(stateProblem(name, "not be empty", "it is set to nothing", suggestion));
  }
  return { text: { text, origin: "environment", file: null }, problem: null, warning: null };
}

/** The path is not repeated in a problem: it may be the secret itself, put into the wrong variable. */
function readSecretFile(fileVariable: string, path: string, readFile: ConfigFileReader): ReadVariable {
  const wanted = "name a file that holds the secret";
  if (path === "") return refused(stateProblem(fileVariable, wanted, "it is set to nothing"));
  try {
    const file = readFile(path);
    const text = file.text.replace(/\r?\n$/, "");
    if (text.trim() === "") return refused(stateProblem(fileVariable, wanted, "the file is empty"));
    const problem = openFileProblem(fileVariable, file);
    if (problem !== null) return refused(problem);
    return { text: { text, origin: "file", file: path }, problem: null, warning: groupFileWarning(fileVariable, file) };
  } catch (error) {
    return refused(stateProblem(fileVariable, wanted, describeReadError(error)));
  }
}

function refused(problem: ConfigProblem): ReadVariable {
  return { text: null, problem, warning: null };
}
