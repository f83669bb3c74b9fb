import { cpus, release, totalmem } from "node:os";
import type { FaultFigure } from "./fault-case.ts";
import type { FaultOutcome } from "./fault-run.ts";

const BYTES_PER_GIB = 2 ** 30;

/** Where and when a report was made. */
export interface ReportHead {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly machine: string;
  readonly commit: string;
  readonly command: string;
}

/** What the head of a report says now. */
export function describeRun(command: string): ReportHead {
  const [cpu] = cpus();
  const git = Bun.spawnSync(["git", "describe", "--always", "--dirty"], { stdout: "pipe", stderr: "ignore" });
  const memory = `${(totalmem() / BYTES_PER_GIB).toFixed(0)} GiB`;
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpu?.model.trim() ?? "unknown CPU"}, ${memory}, Linux ${release()}`,
    // A copy without its history is one too.
    commit: git.exitCode === 0 ? git.stdout.toString().trim() : "unknown",
    command,
  };
}

/** The report as JSON. */
export function renderJson(head: ReportHead, outcomes: readonly FaultOutcome[]): string {
  const cases = outcomes.map(({ error, ...rest }) => ({ ...rest, error: error?.message ?? null }));
  return `${JSON.stringify({ ...head, cases }, null, 2)}\n`;
}

/** The report as Markdown: a table of the cases, and the errors in full below it. */
export function renderMarkdown(head: ReportHead, outcomes: readonly FaultOutcome[]): string {
  const rows = outcomes.map((outcome) => {
    const { fault, title, form, seed, tookMs, figures, error } = outcome;
    const verdict = error === null ? "passed" : "**failed**";
    const took = `${(tookMs / 1000).toFixed(0)} s`;
    return `| ${fault} | ${title} | ${form} | ${verdict} | ${figures.map(renderFigure).join("; ")} | ${took} | ${seed} |`;
  });
  const failures = outcomes.flatMap(({ fault, name, seed, error }) =>
    error === null ? [] : ["", `## ${fault} ${name}, seed ${seed}`, "", "```", error.message, "```"],
  );
  return [
    "# Faults",
    "",
    `- Date: ${head.date}`,
    `- Machine: ${head.machine}`,
    `- Commit: ${head.commit}`,
    `- Command: \`${head.command}\``,
    "",
    "| Fault | Case | Form | Verdict | Figures | Took | Seed |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    ...failures,
    "",
  ].join("\n");
}

/** One figure with its bound, for people. */
export function renderFigure({ name, value, unit, most, least }: FaultFigure): string {
  const text = Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 0);
  const bounds = [most === undefined ? "" : `≤ ${most}`, least === undefined ? "" : `≥ ${least}`].filter(Boolean);
  return `${name} ${[text, unit].filter(Boolean).join(" ")}${bounds.length === 0 ? "" : ` (${bounds.join(", ")})`}`;
}
