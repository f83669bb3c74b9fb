import { feedPrefix } from "../../src/config/feed-names.ts";
import { MetricsText } from "../harness/metrics-text.ts";
import { waitUntil } from "../harness/wait-until.ts";
import { emptyFolder, type Running, startBinary } from "./binary.ts";

/** How long a test waits for what must come. */
export const WAIT_LIMIT_MS = 10_000;
/** So many acknowledged quotes of a feed prove that it runs. */
const QUOTES = 50;

/** A simulated venue as a feed is pointed at it. */
export interface ReadableVenue {
  readonly venue: string;
  readonly symbols: readonly string[];
  readonly clientSettings: object;
}

/** The variables of a feed that reads this venue; a value may be replaced by `more`. */
export function feedEnv(
  name: string,
  venue: ReadableVenue,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const settings = {
    VENUE: venue.venue,
    SYMBOLS: venue.symbols.slice(0, 2).join(","),
    INITIAL_DELAY_MS: "50",
    MAX_DELAY_MS: "500",
    ...venue.clientSettings,
    ...more,
  };
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [feedPrefix(name) + key, value]));
}

/** The environment of these feeds, and nothing else of the machine's. */
export function environment(feeds: Readonly<Record<string, Record<string, string>>>): Record<string, string> {
  return Object.assign(
    { FEEDS: Object.keys(feeds).join(","), ADMIN_PORT: "0", CONNECTS_PER_SECOND: "100" },
    ...Object.values(feeds),
  );
}

/** The program as it runs, and its admin server. */
export interface Program {
  readonly run: Running;
  readonly url: string;
}

/** Starts `run` in a folder of its own. */
export async function start(env: Record<string, string>, where = emptyFolder()): Promise<Program> {
  const run = startBinary(["run"], env, where);
  return { run, url: String((await run.waitForLog("admin_server_started"))["url"]) };
}

/** One page of the admin server. */
export async function page({ url }: Program, path: string): Promise<string> {
  return await (await fetch(`${url}${path}`, { signal: AbortSignal.timeout(WAIT_LIMIT_MS) })).text();
}

/** All metrics at one moment. */
export async function metrics(program: Program): Promise<MetricsText> {
  return new MetricsText(await page(program, "/metrics"));
}

/** Resolves when quotes of all these feeds have been acknowledged. */
export async function untilQuoted(program: Program, feeds: readonly string[]): Promise<void> {
  const isSo = async () => {
    const now = await metrics(program);
    return feeds.every((source) => now.sum("ingester_quotes_acked_total", { source }) >= QUOTES);
  };
  await waitUntil(isSo, { limitMs: WAIT_LIMIT_MS, what: `quotes of ${feeds.join(", ")}` });
}

/** The only connection of each feed, as /status tells of it. */
export async function connections(
  program: Program,
): Promise<Record<string, { state: string; lastError: { code: string; message: string } | null }>> {
  const { feeds } = JSON.parse(await page(program, "/status"));
  return Object.fromEntries(
    feeds.map((feed: { name: string; connections: unknown[] }) => [feed.name, feed.connections[0]]),
  );
}
