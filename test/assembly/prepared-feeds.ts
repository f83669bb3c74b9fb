import { tmpdir } from "node:os";
import type { AdapterParts } from "../../src/assembly/create-adapter.ts";
import {
  type EnabledFeed,
  type EnabledFixFeed,
  type EnabledGrpcFeed,
  type EnabledRestFeed,
  enabledFeeds,
  prepareFeeds,
} from "../../src/assembly/prepare-feeds.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { renderProblems } from "../../src/config/problems.ts";
import { RequestBudget } from "../../src/runtime/request-budget.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";
import { TurnQueue } from "../../src/runtime/turn-queue.ts";
import { venueTransports } from "../../src/venues/built-in-venues.ts";

const clock = new SystemClock();

/** What adapters work with, of one test alone. */
export function adapterParts(stateDir = tmpdir()): AdapterParts {
  return {
    turns: new TurnQueue(clock),
    budget: new RequestBudget(clock),
    clock,
    rawPayload: "on",
    readSecret: async () => null,
    stateDir,
    onNumbersTrouble: () => {},
  };
}

/** An environment of a test. */
export type Env = Readonly<Record<string, string>>;

/** The configuration and its feeds with files that exist only here; of dictionaries `<fix/>` alone is good. */
export async function prepare(env: Env, files: Env = {}) {
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
    return { text, mode: 0o100600 };
  };
  const loaded = loadConfig(env, { readFile, venues: venueTransports(), hostName: "here" });
  if (loaded.config === null) throw new Error(renderProblems(loaded.problems));
  const checkDictionary = async (xml: string) => (xml === "<fix/>" ? null : "it holds no messages");
  return { config: loaded.config, ...(await prepareFeeds(loaded.config, { readFile, checkDictionary })) };
}

/** The first enabled FIX feed; throws when there is a problem. */
export function fixFeed(env: Env, files: Env = {}): Promise<EnabledFixFeed> {
  return feedOf("fix", env, files);
}

/** The first enabled REST feed; throws when there is a problem. */
export function restFeed(env: Env, files: Env = {}): Promise<EnabledRestFeed> {
  return feedOf("rest", env, files);
}

/** The first enabled gRPC feed; throws when there is a problem. */
export function grpcFeed(env: Env, files: Env = {}): Promise<EnabledGrpcFeed> {
  return feedOf("grpc", env, files);
}

async function feedOf<T extends EnabledFeed["transport"]>(transport: T, env: Env, files: Env) {
  const { feeds, problems } = await prepare(env, files);
  const feed = enabledFeeds(feeds).find(
    (one): one is Extract<EnabledFeed, { transport: T }> => one.transport === transport,
  );
  if (problems.length > 0 || feed === undefined) {
    throw new Error(`There is no ${transport} feed: ${renderProblems(problems)}`);
  }
  return feed;
}
