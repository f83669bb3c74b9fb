import { feedPrefix } from "./feed-names.ts";
import type { PlannedFeed } from "./feed-plan.ts";
import { FEED_VARIABLES, type FeedTransport } from "./feed-variables.ts";
import { isSlipOf, nearest } from "./nearest.ts";
import { type ConfigProblem, stateProblem } from "./problems.ts";
import { quote } from "./redact.ts";
import { type KnownVariable, secretFileName } from "./variable-catalog.ts";

/** Prefixes that are ours whatever the feeds. */
const OWN_PREFIXES = ["KAFKA_", "ADMIN_", "SINK_", "SQLITE_", "RECONNECT_"] as const;

/** Names with our prefixes that belong to Apache Kafka's own scripts, to SQLite itself and to this project's tests. */
const FOREIGN_NAMES: ReadonlySet<string> = new Set([
  "KAFKA_BROKERS_TEST",
  "KAFKA_DEBUG",
  "KAFKA_GC_LOG_OPTS",
  "KAFKA_HEAP_OPTS",
  "KAFKA_HOME",
  "KAFKA_JMX_OPTS",
  "KAFKA_JVM_PERFORMANCE_OPTS",
  "KAFKA_LOG4J_OPTS",
  "KAFKA_OPTS",
  "SQLITE_HISTORY",
  "SQLITE_TMPDIR",
]);

/** What {@link findUnknownVariables} compares. */
export interface UnknownVariablesInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly known: ReadonlyMap<string, KnownVariable>;
  readonly feeds: readonly PlannedFeed[];
  /** The built-in venues: name and transport. */
  readonly venues: ReadonlyMap<string, FeedTransport>;
}

/**
 * Finds the variables that were surely meant for us and that nothing reads: those with one of our prefixes, those of a
 * built-in venue that no feed uses, and near misses of our names. Their values are never shown, as they may be secrets.
 */
export function findUnknownVariables(input: UnknownVariablesInput): ConfigProblem[] {
  const names = readableNames(input.known);
  const prefixes = [...OWN_PREFIXES, ...input.feeds.map((feed) => feed.prefix)].sort(
    (a, b) => b.length - a.length, // of `LP_` and `LP_ALPHA_` the longer one is meant
  );
  const problems: ConfigProblem[] = [];
  for (const name of Object.keys(input.env).sort()) {
    if (input.env[name] === undefined || names.has(name) || FOREIGN_NAMES.has(name)) continue;
    const upper = name.toUpperCase();
    const prefix = prefixes.find((candidate) => upper.startsWith(candidate));
    if (names.has(upper)) {
      problems.push(unknownProblem(name, `did you mean ${upper}?`));
    } else if (isOfUnusedVenue(upper, prefix ?? "", input)) {
      problems.push(unknownProblem(name, "add the venue to FEEDS"));
    } else if (prefix !== undefined) {
      problems.push(unknownProblem(name, suggestName(upper, prefix, names)));
    } else {
      const slip = [...names].find((candidate) => isSlipOf(upper, candidate));
      if (slip !== undefined) problems.push(unknownProblem(name, `did you mean ${slip}?`));
    }
  }
  return problems;
}

function readableNames(known: ReadonlyMap<string, KnownVariable>): ReadonlySet<string> {
  const names = new Set(known.keys());
  for (const variable of known.values()) {
    if (variable.meta.display === "secret") names.add(secretFileName(variable.name));
  }
  return names;
}

/** Compares what follows the prefix alone: the prefix is right, and would make all names of a feed look alike. */
function suggestName(upper: string, prefix: string, names: ReadonlySet<string>): string {
  if (names.has(secretFileName(upper))) return `did you mean ${secretFileName(upper)}?`;
  const rests = [...names].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const meant = nearest(upper.slice(prefix.length), rests);
  return meant === null ? "`edge-ingester help config` lists them all" : `did you mean ${prefix}${meant}?`;
}

/**
 * `KRAKEN_SYMBOLS` while no feed is called `kraken`, `KRAKEN_REST_URL` while one is, but none `kraken-rest`: a feed that was meant to
 * run and does not. `known` is the longest prefix of ours that the name has.
 */
function isOfUnusedVenue(upper: string, known: string, { venues }: UnknownVariablesInput): boolean {
  return [...venues].some(([venue, transport]) => {
    const prefix = feedPrefix(venue);
    if (prefix.length <= known.length || !upper.startsWith(prefix)) return false;
    return Object.hasOwn(FEED_VARIABLES[transport].shape, upper.slice(prefix.length));
  });
}

function unknownProblem(name: string, suggestion: string): ConfigProblem {
  const shown = /^[\x21-\x7e]{1,120}$/.test(name) ? name : quote(name);
  return stateProblem(shown, "be a known variable", "there is none of this name", suggestion);
}
