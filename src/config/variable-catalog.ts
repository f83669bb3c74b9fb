import type * as z from "zod";
import { type PlannedFeed, planFeeds } from "./feed-plan.ts";
import { FEED_VARIABLES } from "./feed-variables.ts";
import { GENERAL_VARIABLES, PROCESS_GROUPS } from "./process-variables.ts";
import { readSeedFeeds } from "./seed-feeds.ts";
import { type VariableMeta, variableMeta } from "./variable.ts";

/** One variable the program reads. */
export interface KnownVariable {
  /** The whole name, as in the environment. */
  readonly name: string;
  /** The name within its schema: without the feed's prefix. */
  readonly key: string;
  /** Title of the group it is shown in: a fixed one, or `Feed <name>`. */
  readonly group: string;
  /** The feed it belongs to; null for the process's own. */
  readonly feed: string | null;
  readonly meta: VariableMeta;
  /** The text it has when nothing is set, seed feeds considered; null when none. */
  readonly defaultText: string | null;
}

/** Every variable of the process and of the given feeds, by name, in the order of the documentation. */
export function catalogVariables(feeds: readonly PlannedFeed[]): ReadonlyMap<string, KnownVariable> {
  const known = new Map<string, KnownVariable>();
  for (const group of PROCESS_GROUPS) {
    addVariables(known, group.schema, { group: group.title, feed: null, prefix: "", defaults: new Map() });
  }
  for (const feed of feeds) {
    addVariables(known, FEED_VARIABLES[feed.transport], {
      group: `Feed ${feed.name}`,
      feed: feed.name,
      prefix: feed.prefix,
      defaults: feed.seed?.defaults ?? new Map(),
    });
  }
  return known;
}

/**
 * Every variable as it stands when nothing is set, the seed feeds included: what examples and documentation are made of.
 */
export function catalogDefaults(): ReadonlyMap<string, KnownVariable> {
  const feedsText = variableMeta(GENERAL_VARIABLES.shape.FEEDS).defaultText ?? "";
  const plan = planFeeds({ feedsText, env: {}, seeds: readSeedFeeds(), venues: new Map(), readFile: readNothing });
  return catalogVariables(plan.feeds);
}

/** No feed that is made of defaults alone has a profile of its own. */
function readNothing(path: string): never {
  throw new Error(`Bug: a seed feed names the file ${path}`);
}

/** Name of the variable that names the file a secret comes from. */
export function secretFileName(name: string): string {
  return `${name}_FILE`;
}

interface CatalogSection {
  readonly group: string;
  readonly feed: string | null;
  readonly prefix: string;
  readonly defaults: ReadonlyMap<string, string>;
}

function addVariables(known: Map<string, KnownVariable>, schema: z.ZodObject, section: CatalogSection): void {
  const { group, feed, prefix, defaults } = section;
  for (const [key, variable] of Object.entries(schema.shape)) {
    const meta = variableMeta(variable);
    known.set(prefix + key, {
      name: prefix + key,
      key,
      group,
      feed,
      meta,
      defaultText: defaults.get(key) ?? meta.defaultText,
    });
  }
}
