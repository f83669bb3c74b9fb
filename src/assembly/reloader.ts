import type { Adapter } from "../adapters/adapter.ts";
import { createFeedPolicy } from "../adapters/feed-policy.ts";
import type { RunningFeed } from "../adapters/running-feed.ts";
import type { Config, FeedConfig } from "../config/config.ts";
import { Secret } from "../config/secret.ts";
import { errorFields, type Log } from "../domain/log.ts";
import type { OperatorToken } from "../telemetry/control/admin-access.ts";
import { fixIdentity } from "./fix-identity.ts";
import { type EnabledFeed, enabledFeeds } from "./prepare-feeds.ts";
import type { ConfigRereader, RereadConfig } from "./reread-config.ts";

/** What the reloader works with. */
export interface ReloaderOptions {
  readonly config: Config;
  /** By feed index. */
  readonly enabled: readonly EnabledFeed[];
  readonly feeds: readonly RunningFeed[];
  readonly reread: ConfigRereader;
  /** The lists of symbols that were changed at run time, by name of the feed. */
  readonly changedSymbols: () => ReadonlyMap<string, readonly string[]>;
  readonly createAdapter: (feed: EnabledFeed) => Adapter;
  readonly setTokens: (tokens: readonly OperatorToken[]) => void;
  readonly log: Log;
}

/** Why a feed goes on as it is; empty when it need not. */
const NEEDS_RESTART = {
  transport: "the profile names another transport",
  sequence: "the profile has another rule for the venue's numbers",
  limits: "the profile has other limits or times",
  identity: "the profile names another session",
} as const;

/**
 * Takes in what the files of the configuration say now: secrets, certificates, profiles. A feed gets a new adapter, which its next
 * session is of; a session that runs is left alone. What cannot be changed without a restart is told.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  /** What is in effect. */
  #config: Config;
  readonly #enabled: EnabledFeed[];
  #running: Promise<void> | null = null;
  #isAskedAgain = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#enabled = [...options.enabled];
  }

  /** Reloads; what is asked for meanwhile is done once more behind it. Never rejects. */
  async reload(by: string): Promise<void> {
    if (this.#running !== null) {
      this.#isAskedAgain = true;
      return await this.#running;
    }
    this.#running = this.#reloadAll(by);
    await this.#running;
    this.#running = null;
  }

  async #reloadAll(by: string): Promise<void> {
    do {
      this.#isAskedAgain = false;
      try {
        await this.#reloadOnce(by);
      } catch (error) {
        this.#options.log.error({ ...errorFields(error), by }, "reload_failed");
      }
    } while (this.#isAskedAgain);
  }

  /** All or nothing: with a problem anywhere everything stays as it is. */
  async #reloadOnce(by: string): Promise<void> {
    const { reread, changedSymbols, log } = this.#options;
    const anew = await reread({ symbolsByFeed: changedSymbols(), onlyFeed: null });
    for (const { variable, wanted, state } of anew.problems) {
      log.error({ variable, message: `must ${wanted}: ${state}`, by }, "reload_refused");
    }
    if (anew.config === null) return;
    const feeds = this.#reloadFeeds(anew, by);
    const isAdminChanged = fingerprint(this.#config.admin.tokens) !== fingerprint(anew.config.admin.tokens);
    if (isAdminChanged) {
      this.#options.setTokens(anew.config.admin.tokens);
      log.info({ variable: "ADMIN_TOKEN", by }, "reload_applied");
    }
    const kept = this.#tellKept(anew.config, by);
    this.#config = {
      ...anew.config,
      kafka: this.#config.kafka,
      admin: { ...anew.config.admin, tls: this.#config.admin.tls },
    };
    log.info({ by, changed: feeds + (isAdminChanged ? 1 : 0), kept }, "reloaded");
  }

  /** Returns how many feeds have got a new adapter. */
  #reloadFeeds({ feeds, changedFiles }: RereadConfig, by: string): number {
    const { log, createAdapter } = this.#options;
    let count = 0;
    for (const next of enabledFeeds(feeds)) {
      const index = this.#enabled.findIndex(({ config }) => config.name === next.config.name);
      const old = this.#enabled[index];
      if (old === undefined || !isChanged(old, next, changedFiles)) continue;
      const source = next.config.name;
      const reason = this.#whyNot(old, next);
      if (reason !== "") {
        log.warn({ source, reason, by }, "reload_needs_restart");
        continue;
      }
      // The instruments are those of the start: they keep the numbers.
      const feed = { ...next, feedIndex: old.feedIndex, instruments: old.instruments };
      this.#options.feeds[old.feedIndex].setAdapter(createAdapter(feed));
      this.#enabled[index] = feed;
      count++;
      log.info({ source, from: "its next session", by }, "reload_applied");
    }
    return count;
  }

  /** What feed and pipeline were made with stays. */
  #whyNot(old: EnabledFeed, next: EnabledFeed): string {
    if (old.transport !== next.transport) return NEEDS_RESTART.transport;
    if (!Bun.deepEquals(old.venue.sequence, next.venue.sequence)) return NEEDS_RESTART.sequence;
    if (old.transport === "fix" && next.transport === "fix") {
      // Its numbers are kept under who we are.
      const [before, after] = [old, next].map(({ settings, venue }) => fixIdentity(settings, venue));
      if (!Bun.deepEquals(before, after)) return NEEDS_RESTART.identity;
    }
    const whenExhausted = this.#config.reconnect.onExhausted;
    const policyOf = ({ config, venue }: EnabledFeed) => createFeedPolicy({ ...config, whenExhausted }, venue.limits);
    return Bun.deepEquals(policyOf(old), policyOf(next)) ? "" : NEEDS_RESTART.limits;
  }

  /** Tells of what is read once, at the start; returns how many parts differ. */
  #tellKept(next: Config, by: string): number {
    const parts = [
      { part: "Kafka's certificates and login", old: this.#config.kafka, next: next.kafka },
      { part: "the admin server's certificates", old: this.#config.admin.tls, next: next.admin.tls },
    ];
    const different = parts.filter((part) => fingerprint(part.old) !== fingerprint(part.next));
    for (const { part } of different) this.#options.log.warn({ part, by }, "reload_needs_restart");
    return different.length;
  }
}

/** Whether something the feed is made of is another: its settings, or the text of its profile and `.proto` files. */
function isChanged(old: EnabledFeed, next: EnabledFeed, changedFiles: readonly string[]): boolean {
  const withoutSymbols = (config: FeedConfig) => fingerprint({ ...config, symbols: [] });
  if (withoutSymbols(old.config) !== withoutSymbols(next.config)) return true;
  const isProto = next.transport === "grpc" && changedFiles.some((path) => path.endsWith(".proto"));
  return isProto || changedFiles.some((path) => path === next.config.profileFile);
}

/** A text that is another when anything within is, secrets too; for comparing alone. */
function fingerprint(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, text: unknown) {
    // `text` has been through `toJSON`, which hides a secret.
    const original = this[key];
    return original instanceof Secret ? original.reveal() : text;
  });
}
