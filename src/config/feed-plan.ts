import type { ConfigFileReader } from "./config-file.ts";
import { FEEDS_MAX, feedPrefix, isFeedName } from "./feed-names.ts";
import { findTransport } from "./feed-transport.ts";
import type { FeedTransport } from "./feed-variables.ts";
import { nearest } from "./nearest.ts";
import { type ConfigProblem, valueProblem } from "./problems.ts";
import { PROCESS_GROUPS } from "./process-variables.ts";
import type { SeedFeed } from "./seed-feeds.ts";
import { splitList } from "./variable-types.ts";

/** A feed whose variables are known, before any of them is read. */
export interface PlannedFeed {
  readonly name: string;
  /** `LP_ALPHA_` */
  readonly prefix: string;
  readonly transport: FeedTransport;
  readonly isListed: boolean;
  readonly seed: SeedFeed | null;
}

/** What can be told from FEEDS alone. */
export interface FeedPlan {
  readonly feeds: readonly PlannedFeed[];
  readonly problems: readonly ConfigProblem[];
}

/** What {@link planFeeds} looks at. */
export interface FeedPlanInput {
  /** The text of FEEDS, the default included. */
  readonly feedsText: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly seeds: readonly SeedFeed[];
  /** The built-in venues: name and transport. */
  readonly venues: ReadonlyMap<string, FeedTransport>;
  /** For the profiles that feeds name: each says its transport. */
  readonly readFile: ConfigFileReader;
}

/** What `_ENABLED` is when it is not set. */
export function isEnabledByDefault(plan: PlannedFeed): boolean {
  return plan.isListed && (plan.seed?.isEnabled ?? true);
}

/**
 * Finds out which feeds there are: those listed, then the other seed feeds. Names that are no good are left out, so that
 * the rest of the configuration is still checked; the schema of FEEDS reports their form, this function the rest.
 */
export function planFeeds(input: FeedPlanInput): FeedPlan {
  const problems: ConfigProblem[] = [];
  const planned = new Map<string, PlannedFeed>();
  const listed = new Set(splitList(input.feedsText).filter(isFeedName).slice(0, FEEDS_MAX));
  for (const name of listed) {
    const wanted = refuseFeed(name, planned, input);
    if (wanted === null) planFeed(planned, name, { isListed: true, input });
    else problems.push(feedsProblem(input.feedsText, wanted));
  }
  for (const seed of input.seeds) {
    if (!planned.has(feedPrefix(seed.name))) planFeed(planned, seed.name, { isListed: false, input });
  }
  return { feeds: [...planned.values()], problems };
}

interface Refusal {
  readonly wanted: string;
  readonly suggestion: string | null;
}

function planFeed(
  planned: Map<string, PlannedFeed>,
  name: string,
  { isListed, input }: { isListed: boolean; input: FeedPlanInput },
): void {
  const seed = input.seeds.find((candidate) => candidate.name === name) ?? null;
  const prefix = feedPrefix(name);
  planned.set(prefix, { name, prefix, transport: seed?.transport ?? findTransport(name, input), isListed, seed });
}

function refuseFeed(name: string, planned: ReadonlyMap<string, PlannedFeed>, input: FeedPlanInput): Refusal | null {
  const prefix = feedPrefix(name);
  const seedNames = input.seeds.map((seed) => seed.name);
  const twin = planned.get(prefix)?.name ?? seedNames.find((seed) => seed !== name && feedPrefix(seed) === prefix);
  if (twin !== undefined) {
    return {
      wanted: `not list "${name}", whose variables would begin with ${prefix} like those of "${twin}"`,
      suggestion: `use another name than "${name}"`,
    };
  }
  if (RESERVED_PREFIXES.has(prefix)) {
    return {
      wanted: `not list "${name}", as variables that begin with ${prefix} belong to the program`,
      suggestion: `use another name than "${name}"`,
    };
  }
  if (seedNames.includes(name) || input.venues.has(name)) return null;
  if (input.env[`${prefix}VENUE`] !== undefined || input.env[`${prefix}PROFILE`] !== undefined) return null;
  const meant = nearest(name, [...seedNames, ...input.venues.keys()]);
  return {
    wanted: `list known feeds only, as "${name}" has neither a profile built in nor ${prefix}VENUE or ${prefix}PROFILE`,
    suggestion: meant === null ? "`edge-ingester venues` lists the built-in ones" : `did you mean "${meant}"?`,
  };
}

function feedsProblem(feedsText: string, refusal: Refusal): ConfigProblem {
  return valueProblem("FEEDS", { text: feedsText, display: "plain" }, refusal.wanted, refusal.suggestion);
}

/** The first words of our own names: a feed called `kafka` would share variables with the broker's. */
const RESERVED_PREFIXES: ReadonlySet<string> = new Set(
  PROCESS_GROUPS.flatMap((group) => Object.keys(group.schema.shape)).map((name) => `${name.split("_")[0]}_`),
);
