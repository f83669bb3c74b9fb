import type * as z from "zod";
import { type Display, quote, redact } from "./redact.ts";

/** One reason why the configuration cannot be used. Holds nothing that must not be printed. */
export interface ConfigProblem {
  readonly variable: string;
  /** The value as it may be shown; null when the variable is not set or its value is beside the point. */
  readonly value: string | null;
  /** What is asked; completes "it must …". */
  readonly wanted: string;
  /** How things stand: `current value is "0"`. */
  readonly state: string;
  /** What to do about it, or null. */
  readonly suggestion: string | null;
}

/** Something that works, and that whoever runs the program should know. */
export interface ConfigWarning {
  readonly variable: string;
  /** One sentence without full stop, naming the variable. */
  readonly message: string;
}

/** A problem with the value of a variable; the value is redacted here. */
export function valueProblem(
  variable: string,
  shown: { text: string; display: Display },
  wanted: string,
  suggestion: string | null = null,
): ConfigProblem {
  const value = redact(shown.text, shown.display);
  return { variable, value, wanted, state: `current value is ${quote(value)}`, suggestion };
}

/** A problem that is not one of a value: a variable missing, a file that cannot be read. */
export function stateProblem(
  variable: string,
  wanted: string,
  state: string,
  suggestion: string | null = null,
): ConfigProblem {
  return { variable, value: null, wanted, state, suggestion };
}

/** What zod found, as problems: the messages of our schemas complete "it must …". */
export function issueProblems(
  issues: readonly z.core.$ZodIssue[],
  show: (key: string) => { variable: string; text: string; display: Display },
): ConfigProblem[] {
  return issues.map((issue) => {
    const { variable, ...shown } = show(String(issue.path[0] ?? ""));
    const suggestion = issue.code === "custom" ? (issue.params?.["suggestion"] as string | null) : null;
    return valueProblem(variable, shown, issue.message, suggestion ?? null);
  });
}

/**
 * One problem in one line:
 * `Cannot use BINANCE_STALE_AFTER_MS as it must be >= 1: current value is "0"`.
 */
export function renderProblem(problem: ConfigProblem): string {
  const hint = problem.suggestion === null ? "" : ` (${problem.suggestion})`;
  return `Cannot use ${problem.variable} as it must ${problem.wanted}: ${problem.state}${hint}`;
}

/** All problems, one a line, with the end of line. */
export function renderProblems(problems: readonly ConfigProblem[]): string {
  return problems.map((problem) => `${renderProblem(problem)}\n`).join("");
}
