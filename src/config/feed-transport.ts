import type { ConfigFileReader } from "./config-file.ts";
import { feedPrefix } from "./feed-names.ts";
import { FEED_TRANSPORTS, FEED_VARIABLES, type FeedTransport } from "./feed-variables.ts";

/** What {@link findTransport} looks at. */
export interface TransportInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly venues: ReadonlyMap<string, FeedTransport>;
  readonly readFile: ConfigFileReader;
}

/**
 * The transport of a feed that is no seed feed: what the profile says that it names, built in or a file. Where that cannot
 * be told, which is a problem of its own and reported elsewhere, it is the one whose variables are set: so that they are
 * checked, and not called unknown.
 */
export function findTransport(name: string, input: TransportInput): FeedTransport {
  const prefix = feedPrefix(name);
  const profileFile = input.env[`${prefix}PROFILE`]?.trim();
  if (profileFile !== undefined) return readTransport(profileFile, input.readFile) ?? guessTransport(prefix, input.env);
  return input.venues.get(input.env[`${prefix}VENUE`]?.trim() ?? name) ?? guessTransport(prefix, input.env);
}

/** Null when the file cannot be read, is no JSON, or names none that is known. */
function readTransport(path: string, readFile: ConfigFileReader): FeedTransport | null {
  try {
    const profile: unknown = JSON.parse(readFile(path).text);
    if (typeof profile !== "object" || profile === null || !("transport" in profile)) return null;
    const { transport } = profile;
    return FEED_TRANSPORTS.find((known) => known === transport) ?? null;
  } catch {
    // Why is told where the file is read for good.
    return null;
  }
}

/** The first of those that know the most of what is set. */
function guessTransport(prefix: string, env: TransportInput["env"]): FeedTransport {
  const isPolled = /^\s*https?:/i.test(env[`${prefix}URL`] ?? "");
  const known = (transport: FeedTransport) =>
    Object.keys(FEED_VARIABLES[transport].shape).filter((key) => env[prefix + key] !== undefined).length +
    // The one variable of several transports whose value tells which is meant.
    (isPolled && transport === "rest" ? 1 : 0);
  return FEED_TRANSPORTS.reduce((best, transport) => (known(transport) > known(best) ? transport : best));
}
