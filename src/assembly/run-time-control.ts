import type { RunningFeed } from "../adapters/running-feed.ts";
import type { Config } from "../config/config.ts";
import type { OperatorToken } from "../telemetry/control/admin-access.ts";
import { type AdapterParts, createAdapter } from "./create-adapter.ts";
import { FeedController, type FeedControllerOptions } from "./feed-controller.ts";
import { enabledFeeds } from "./prepare-feeds.ts";
import { Reloader } from "./reloader.ts";

/** What changes the program while it runs. */
export interface RunTimeControl {
  readonly controller: FeedController;
  readonly reloader: Reloader;
}

/** What it works with. */
export interface RunTimeControlOptions extends FeedControllerOptions {
  readonly config: Config;
  readonly feeds: readonly RunningFeed[];
  readonly adapterParts: AdapterParts;
  setTokens(tokens: readonly OperatorToken[]): void;
}

/** Control of the feeds by requests, and of what is read from files by SIGHUP: a reload keeps the symbols of run time. */
export function createRunTimeControl(options: RunTimeControlOptions): RunTimeControl {
  const { config, prepared, feeds, reread, adapterParts, setTokens, log } = options;
  const controller = new FeedController(options);
  const reloader = new Reloader({
    config,
    enabled: enabledFeeds(prepared),
    feeds,
    reread,
    changedSymbols: () => controller.changedSymbols,
    createAdapter: (feed) => createAdapter(feed, adapterParts),
    setTokens,
    log,
  });
  return { controller, reloader };
}
