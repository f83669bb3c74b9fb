import type { Config } from "../config/config.ts";
import { feedPrefix } from "../config/feed-names.ts";
import { type LoadOptions, loadConfig } from "../config/load-config.ts";
import type { ConfigProblem } from "../config/problems.ts";
import { type FeedReaders, type PreparedFeed, prepareFeeds } from "./prepare-feeds.ts";

/** What is read anew, and how. */
export interface RereadRequest {
  /** Lists of symbols in place of those of the configuration, by name of the feed. */
  readonly symbolsByFeed: ReadonlyMap<string, readonly string[]>;
  /** This feed alone is prepared, and nobody else's problems count; null: everything. */
  readonly onlyFeed: string | null;
}

/** The configuration as its files have it now. */
export interface RereadConfig {
  /** Null when there are problems. */
  readonly config: Config | null;
  readonly feeds: readonly PreparedFeed[];
  readonly problems: readonly ConfigProblem[];
}

/** Reads the configuration anew: the environment is that of the start, files may have changed. */
export type ConfigRereader = (request: RereadRequest) => Promise<RereadConfig>;

/** A rereader for the environment of this process. */
export function createRereader(
  env: Readonly<Record<string, string | undefined>>,
  options: LoadOptions & FeedReaders,
): ConfigRereader {
  return async ({ symbolsByFeed, onlyFeed }) => {
    const changes = [...symbolsByFeed].map(([feed, symbols]) => [`${feedPrefix(feed)}SYMBOLS`, symbols.join(",")]);
    const loaded = loadConfig({ ...env, ...Object.fromEntries(changes) }, options);
    const isMine = ({ variable }: ConfigProblem) => onlyFeed === null || variable.startsWith(feedPrefix(onlyFeed));
    const found = (loaded.config === null ? loaded.problems : []).filter(isMine);
    const candidates = loaded.config?.feeds ?? (loaded.config === null ? loaded.soundFeeds : []);
    const feeds = candidates.filter(({ name }) => onlyFeed === null || name === onlyFeed);
    const prepared = await prepareFeeds({ feeds }, options);
    const problems = [...found, ...prepared.problems];
    return { config: problems.length > 0 ? null : loaded.config, feeds: prepared.feeds, problems };
  };
}
