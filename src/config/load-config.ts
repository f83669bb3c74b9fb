import { join } from "node:path";
import type { Config, FeedConfig } from "./config.ts";
import type { ConfigFileReader } from "./config-file.ts";
import { feedPrefix } from "./feed-names.ts";
import { isEnabledByDefault, type PlannedFeed, planFeeds } from "./feed-plan.ts";
import type { FeedTransport } from "./feed-variables.ts";
import type { ConfigProblem, ConfigWarning } from "./problems.ts";
import { GENERAL_VARIABLES } from "./process-variables.ts";
import { readSections } from "./read-sections.ts";
import { type Origin, readVariables, type VariableText } from "./read-variables.ts";
import { redact } from "./redact.ts";
import { findRefusedVariables } from "./refused-variables.ts";
import { readSeedFeeds } from "./seed-feeds.ts";
import { findUnknownVariables } from "./unknown-variables.ts";
import { variableMeta } from "./variable.ts";
import { catalogVariables, type KnownVariable } from "./variable-catalog.ts";

/** What the configuration is read from, beside the environment itself. */
export interface LoadOptions {
  readonly readFile: ConfigFileReader;
  /** The built-in venue profiles: name and transport. */
  readonly venues: ReadonlyMap<string, FeedTransport>;
  /** Default of INSTANCE_ID; made fit for a record here. */
  readonly hostName: string;
  /** Who runs the program; absent: not to be judged. */
  readonly userId?: number | undefined;
}

const ROOT_USER_ID = 0;

/** One variable as it is in effect, for people: redacted. */
export interface EffectiveSetting {
  readonly variable: string;
  readonly group: string;
  /** Null when it has no value of its own; `note` then says what holds. */
  readonly value: string | null;
  readonly note: string | null;
  readonly origin: Origin;
  /** Path of the file, for origin `file`. */
  readonly file: string | null;
}

/** A configuration that can be used. */
export interface LoadedConfig {
  readonly config: Config;
  readonly settings: readonly EffectiveSetting[];
  readonly warnings: readonly ConfigWarning[];
}

/** Everything that is wrong, at least one. */
export interface RefusedConfig {
  readonly config: null;
  readonly problems: readonly ConfigProblem[];
  /** The enabled feeds that have nothing to do with the problems: what is wrong with their profiles can be told as well. */
  readonly soundFeeds: readonly FeedConfig[];
}

/**
 * Reads the whole configuration from the environment and reports all that is wrong with it at once. Pure apart from
 * `readFile`; never throws on what a user can set.
 */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>>,
  options: LoadOptions,
): LoadedConfig | RefusedConfig {
  const { readFile, venues } = options;
  const feedsText = env["FEEDS"] ?? variableMeta(GENERAL_VARIABLES.shape.FEEDS).defaultText ?? "";
  const plan = planFeeds({ feedsText, env, seeds: readSeedFeeds(), venues, readFile });
  const known = catalogVariables(plan.feeds);
  const read = readVariables({ env, known, readFile });
  setDerivedDefaults(read.texts, plan.feeds, { env, hostName: options.hostName });

  const sections = readSections(plan.feeds, { texts: read.texts, known, readFile, venues });
  const refused = new Set(read.problems.map((problem) => problem.variable));
  const problems = [
    ...findRefusedVariables(env),
    ...findUnknownVariables({ env, known, feeds: plan.feeds, venues }),
    ...read.problems,
    // What follows from a value that was refused already would only tell the same twice.
    ...[...plan.problems, ...sections.problems].filter(
      ({ variable }) => !refused.has(variable) && !refused.has(`${variable}_FILE`),
    ),
  ];
  if (sections.config === null || problems.length > 0) {
    const isSound = ({ name, isEnabled }: FeedConfig) =>
      isEnabled && !problems.some(({ variable }) => variable.startsWith(feedPrefix(name)));
    return { config: null, problems, soundFeeds: sections.feeds.filter(isSound) };
  }
  return {
    config: sections.config,
    settings: [...known.values()].map((variable) => effectiveSetting(variable, read.texts.get(variable.name))),
    warnings: [...warnAboutUser(options.userId), ...read.warnings, ...sections.warnings],
  };
}

function warnAboutUser(userId: number | undefined): ConfigWarning[] {
  if (userId !== ROOT_USER_ID) return [];
  const message =
    "The program runs as root, which it never needs: run it as a user of its own (systemd: DynamicUser=yes)";
  return [{ variable: "User", message }];
}

/** Defaults that depend on other settings are put in as text, so that they pass the same checks and are shown alike. */
function setDerivedDefaults(
  texts: Map<string, VariableText>,
  feeds: readonly PlannedFeed[],
  { env, hostName }: { env: Readonly<Record<string, string | undefined>>; hostName: string },
): void {
  setDefault(texts, "SINK", texts.has("KAFKA_BROKERS") ? "kafka" : "sqlite");
  setDefault(texts, "INSTANCE_ID", instanceIdOf(hostName));
  setDefault(texts, "STATE_DIR", stateDirOf(env["STATE_DIRECTORY"]));
  setDefault(texts, "SPOOL_MODE", textOf(texts, "SINK").toLowerCase() === "kafka" ? "overflow" : "off");
  setDefault(texts, "SPOOL_DIR", join(textOf(texts, "STATE_DIR"), "spool"));
  for (const feed of feeds) setDefault(texts, `${feed.prefix}ENABLED`, String(isEnabledByDefault(feed)));
}

function setDefault(texts: Map<string, VariableText>, name: string, text: string): void {
  if (!texts.has(name)) texts.set(name, { text, origin: "default", file: null });
}

function textOf(texts: ReadonlyMap<string, VariableText>, name: string): string {
  return texts.get(name)?.text ?? "";
}

function instanceIdOf(hostName: string): string {
  const text = hostName.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return text === "" ? "edge-ingester" : text.slice(0, 128);
}

/** systemd sets STATE_DIRECTORY to the absolute paths of `StateDirectory=`, with colons between several. */
function stateDirOf(systemdPaths: string | undefined): string {
  const path = systemdPaths?.split(":")[0] ?? "";
  return path.startsWith("/") ? path : "state";
}

function effectiveSetting(variable: KnownVariable, text: VariableText | undefined): EffectiveSetting {
  const { name, group, meta } = variable;
  if (text === undefined) {
    return { variable: name, group, value: null, note: meta.defaultNote, origin: "default", file: null };
  }
  const value = redact(text.text, meta.display);
  return { variable: name, group, value, note: null, origin: text.origin, file: text.file };
}
