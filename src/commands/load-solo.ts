import { type EnabledFeed, enabledFeeds } from "../assembly/prepare-feeds.ts";
import { feedPrefix, isFeedName } from "../config/feed-names.ts";
import { readSeedFeeds } from "../config/seed-feeds.ts";
import { splitList } from "../config/variable-types.ts";
import { describeVenue } from "../venues/built-in-venues.ts";
import type { CommandContext } from "./command.ts";
import { type Loaded, loadAll } from "./load.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** One feed of the configuration, on its own. */
export interface LoadedSolo extends Loaded {
  readonly feed: EnabledFeed;
  /** What it was read from. */
  readonly env: Env;
}

/** What may be told of a feed on its own. */
export interface SoloOptions {
  /** In place of the configured ones. */
  readonly symbols?: string | undefined;
  /** Gets the text of profile, dictionary and `.proto` files that were read, by path. */
  readonly files?: Map<string, string>;
}

/** Reads the configuration of one feed; null when something is wrong: all of it has been told then. */
export async function loadSolo(
  context: CommandContext,
  name: string,
  options: SoloOptions = {},
): Promise<LoadedSolo | null> {
  if (!isFeedName(name)) {
    context.complain(`Cannot use feed '${name}': a name has at most 32 lower-case letters, digits and single - or _\n`);
    return null;
  }
  const env = soloEnv(context.env, name, options.symbols);
  const loaded = await loadAll(context, env, options.files === undefined ? {} : { read: options.files });
  if (loaded === null) return null;
  const feed = enabledFeeds(loaded.feeds).find(({ config }) => config.name === name);
  if (feed === undefined) throw new Error(`Bug: the only feed '${name}' was not prepared`);
  return { ...loaded, feed, env };
}

/**
 * The environment of this feed and no other: variables of other feeds would be unknown. A built-in venue that is not configured
 * takes its own first symbols.
 */
export function soloEnv(env: Env, name: string, symbols: string | undefined): Record<string, string | undefined> {
  const seeds = readSeedFeeds();
  const prefix = feedPrefix(name);
  const others = [...splitList(env["FEEDS"] ?? "").filter(isFeedName), ...seeds.map((seed) => seed.name)]
    .map(feedPrefix)
    .filter((other) => other !== prefix);
  const isOthers = (variable: string) => {
    const longest = [prefix, ...others]
      .filter((candidate) => variable.startsWith(candidate))
      .reduce((best, candidate) => (candidate.length > best.length ? candidate : best), "");
    return longest !== "" && longest !== prefix;
  };
  const kept = Object.fromEntries(Object.entries(env).filter(([variable]) => !isOthers(variable)));
  const isSeed = seeds.some((seed) => seed.name === name);
  const own = kept[`${prefix}SYMBOLS`] ?? (isSeed ? undefined : defaultSymbols(kept[`${prefix}VENUE`] ?? name));
  const chosen = symbols ?? own;
  return {
    ...kept,
    FEEDS: name,
    [`${prefix}ENABLED`]: "true",
    ...(chosen === undefined ? {} : { [`${prefix}SYMBOLS`]: chosen }),
  };
}

function defaultSymbols(venue: string): string | undefined {
  return describeVenue(venue)?.defaultSymbols.join(",");
}
