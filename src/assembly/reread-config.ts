import type { Config } from "../config/config.ts";
import type { ConfigFileReader } from "../config/config-file.ts";
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
  /** Profiles and `.proto` files whose text is another than when everything was good for the last time. */
  readonly changedFiles: readonly string[];
}

/** Reads the configuration anew: the environment is that of the start, files may have changed. */
export type ConfigRereader = (request: RereadRequest) => Promise<RereadConfig>;

/**
 * A rereader for the environment of this process.
 * @param texts profiles and `.proto` files as they were read at the start, by path
 */
export function createRereader(
  env: Readonly<Record<string, string | undefined>>,
  options: LoadOptions & FeedReaders,
  texts: ReadonlyMap<string, string>,
): ConfigRereader {
  let last = texts;
  return async ({ symbolsByFeed, onlyFeed }) => {
    const changes = [...symbolsByFeed].map(([feed, symbols]) => [`${feedPrefix(feed)}SYMBOLS`, symbols.join(",")]);
    const loaded = loadConfig({ ...env, ...Object.fromEntries(changes) }, options);
    const isMine = ({ variable }: ConfigProblem) => onlyFeed === null || variable.startsWith(feedPrefix(onlyFeed));
    const found = (loaded.config === null ? loaded.problems : []).filter(isMine);
    const candidates = loaded.config === null ? loaded.soundFeeds : loaded.config.feeds;
    const feeds = candidates.filter(({ name }) => onlyFeed === null || name === onlyFeed);
    const read = new Map<string, string>();
    const prepared = await prepareFeeds({ feeds }, { ...options, readFile: keepTexts(options.readFile, read) });
    const problems = [...found, ...prepared.problems];
    const before = last;
    const changedFiles = [...read].filter(([path, text]) => before.get(path) !== text).map(([path]) => path);
    if (problems.length === 0 && onlyFeed === null) last = read;
    return { config: problems.length > 0 ? null : loaded.config, feeds: prepared.feeds, problems, changedFiles };
  };
}

/** Reads as before, and keeps the texts by path. */
export function keepTexts(readFile: ConfigFileReader, texts: Map<string, string>): ConfigFileReader {
  return (path) => {
    const file = readFile(path);
    texts.set(path, file.text);
    return file;
  };
}
