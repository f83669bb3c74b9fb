import * as z from "zod";
import type { ConfigFileReader } from "./config-file.ts";
import type { FeedTransport } from "./feed-variables.ts";
import { type ConfigProblem, issueProblems } from "./problems.ts";
import type { VariableText } from "./read-variables.ts";
import type { KnownVariable } from "./variable-catalog.ts";

/** What every section of the configuration is read from. */
export interface SectionContext {
  readonly texts: ReadonlyMap<string, VariableText>;
  readonly known: ReadonlyMap<string, KnownVariable>;
  readonly readFile: ConfigFileReader;
  /** The built-in venues: name and transport. */
  readonly venues: ReadonlyMap<string, FeedTransport>;
}

/** The values of one section. */
export interface ParsedSection<T> {
  /** All of them; null when one is not good. */
  readonly values: T | null;
  /** Those that are good, for the checks that can be made all the same. */
  readonly partial: Partial<T>;
  readonly problems: readonly ConfigProblem[];
}

/** Checks the texts of one schema; `prefix` is what its variables begin with in the environment. */
export function parseSection<S extends z.ZodObject>(
  schema: S,
  prefix: string,
  context: SectionContext,
): ParsedSection<z.output<S>> {
  const texts: Record<string, string> = {};
  for (const key of Object.keys(schema.shape)) {
    const text = context.texts.get(prefix + key)?.text;
    if (text !== undefined) texts[key] = text;
  }
  const parsed = schema.safeParse(texts);
  if (parsed.success) return { values: parsed.data, partial: parsed.data, problems: [] };
  const problems = issueProblems(parsed.error.issues, (key) => ({
    variable: prefix + key,
    text: texts[key] ?? "",
    display: context.known.get(prefix + key)?.meta.display ?? "secret",
  }));
  return { values: null, partial: parsePartly(schema, texts), problems };
}

function parsePartly<S extends z.ZodObject>(schema: S, texts: Readonly<Record<string, string>>): Partial<z.output<S>> {
  const partial: Record<string, unknown> = {};
  for (const [key, variable] of Object.entries(schema.shape)) {
    const parsed = z.safeParse(variable, texts[key]);
    if (parsed.success && parsed.data !== undefined) partial[key] = parsed.data;
  }
  return partial as Partial<z.output<S>>;
}
