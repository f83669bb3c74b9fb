import type * as z from "zod";
import type { SpoolConfig } from "./config.ts";
import { type ConfigProblem, type ConfigWarning, valueProblem } from "./problems.ts";
import { parseSection, type SectionContext } from "./section.ts";
import { SPOOL_VARIABLES } from "./spool-variables.ts";

type SpoolValues = z.output<typeof SPOOL_VARIABLES>;

/** A shorter SPOOL_MAX_AGE would drop what has hardly waited, ms. */
const AGE_MS_MIN = 1000;

/** The spool section read; `spool` is null when its variables are not well-formed. */
export interface SpoolSettings {
  readonly spool: SpoolConfig | null;
  /** The good values, for checks across sections. */
  readonly partial: Partial<SpoolValues>;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** Checks the SPOOL_ variables and BACKFILL; SPOOL_MODE and SPOOL_DIR have got their defaults before. */
export function readSpool(context: SectionContext): SpoolSettings {
  const { values, partial, problems } = parseSection(SPOOL_VARIABLES, "", context);
  const warnings: ConfigWarning[] = [];
  if (partial.SPOOL_MODE === "off" && partial.BACKFILL === "live_first") {
    warnings.push({ variable: "BACKFILL", message: "BACKFILL has no effect: SPOOL_MODE is off" });
  }
  return {
    spool: values === null ? null : buildSpool(values),
    partial,
    problems: [...problems, ...checkAge(partial)],
    warnings,
  };
}

function buildSpool(values: SpoolValues): SpoolConfig | null {
  const { SPOOL_MODE: mode, SPOOL_DIR: directory } = values;
  if (mode === undefined || directory === undefined) return null;
  return {
    mode,
    directory,
    maxBytes: values.SPOOL_MAX_BYTES,
    minFreeBytes: values.SPOOL_MIN_FREE,
    whenFull: values.SPOOL_WHEN_FULL,
    maxAgeMs: values.SPOOL_MAX_AGE,
    fsyncMs: values.SPOOL_FSYNC_MS,
    backfill: values.BACKFILL,
  };
}

function checkAge({ SPOOL_MAX_AGE: ageMs }: Partial<SpoolValues>): ConfigProblem[] {
  if (ageMs === undefined || ageMs === 0 || ageMs >= AGE_MS_MIN) return [];
  const shown = { text: String(ageMs), display: "plain" } as const;
  return [valueProblem("SPOOL_MAX_AGE", shown, `be 0 or >= ${AGE_MS_MIN}`, "it is in milliseconds")];
}
