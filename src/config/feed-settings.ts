import type * as z from "zod";
import type { FeedConfig, FixEndpoint } from "./config.ts";
import { describeReadError } from "./config-file.ts";
import type { PlannedFeed } from "./feed-plan.ts";
import { FIX_FEED_VARIABLES, WEBSOCKET_FEED_VARIABLES } from "./feed-variables.ts";
import { nearest } from "./nearest.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem, valueProblem } from "./problems.ts";
import { quote } from "./redact.ts";
import { parseSection, type SectionContext } from "./section.ts";

type WebSocketValues = z.output<typeof WEBSOCKET_FEED_VARIABLES>;
type FixValues = z.output<typeof FIX_FEED_VARIABLES>;

/** One feed read: null when a value of it is not well-formed. */
export interface FeedSettings {
  readonly feed: FeedConfig | null;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** Checks the variables of one feed. A disabled feed is checked for form only, not for what it needs to run. */
export function readFeed(plan: PlannedFeed, context: SectionContext): FeedSettings {
  return plan.transport === "fix" ? readFixFeed(plan, context) : readWebSocketFeed(plan, context);
}

/** What `_ENABLED` is when it is not set. */
export function isEnabledByDefault(plan: PlannedFeed): boolean {
  return plan.isListed && (plan.seed?.isEnabled ?? true);
}

function readWebSocketFeed(plan: PlannedFeed, context: SectionContext): FeedSettings {
  const { values, partial, problems } = parseSection(WEBSOCKET_FEED_VARIABLES, plan.prefix, context);
  const isEnabled = partial.ENABLED ?? isEnabledByDefault(plan);
  return {
    feed: values === null ? null : buildWebSocketFeed(plan, values),
    problems: [
      ...problems,
      ...checkNeeded(plan, isEnabled ? ["SYMBOLS"] : [], context),
      ...checkDelays(plan, partial),
      ...checkProfile(plan, { PROFILE: partial.PROFILE, VENUE: isEnabled ? partial.VENUE : undefined }, context),
    ],
    warnings: [...warnDisabled(plan, isEnabled, context), ...warnPlaintext(plan, partial.URL)],
  };
}

function readFixFeed(plan: PlannedFeed, context: SectionContext): FeedSettings {
  const { values, partial, problems } = parseSection(FIX_FEED_VARIABLES, plan.prefix, context);
  const isEnabled = partial.ENABLED ?? isEnabledByDefault(plan);
  const needed = isEnabled ? (["SYMBOLS", "HOST", "PORT", "SENDER", "TARGET"] as const) : [];
  return {
    feed: values === null ? null : buildFixFeed(plan, values),
    problems: [...problems, ...checkNeeded(plan, needed, context), ...checkDelays(plan, partial)],
    warnings: warnDisabled(plan, isEnabled, context),
  };
}

function buildWebSocketFeed(plan: PlannedFeed, values: WebSocketValues): FeedConfig {
  return {
    ...commonSettings(plan, values),
    transport: "websocket",
    venue: values.PROFILE === undefined ? (values.VENUE ?? plan.name) : plan.name,
    profileFile: values.PROFILE ?? null,
    url: values.URL ?? null,
    pingIntervalMs: values.PING_INTERVAL_MS ?? null,
  };
}

function buildFixFeed(plan: PlannedFeed, values: FixValues): FeedConfig {
  return { ...commonSettings(plan, values), transport: "fix", venue: plan.name, fix: fixEndpoint(values) };
}

function fixEndpoint(values: FixValues): FixEndpoint | null {
  const { HOST: host, PORT: port, SENDER: sender, TARGET: target } = values;
  if (host === undefined || port === undefined || sender === undefined || target === undefined) return null;
  return { host, port, sender, target };
}

function commonSettings(plan: PlannedFeed, values: WebSocketValues | FixValues) {
  return {
    name: plan.name,
    isEnabled: values.ENABLED ?? isEnabledByDefault(plan),
    symbols: values.SYMBOLS ?? [],
    maxRetries: values.MAX_RETRIES,
    initialDelayMs: values.INITIAL_DELAY_MS,
    maxDelayMs: values.MAX_DELAY_MS,
    staleAfterMs: values.STALE_AFTER_MS ?? null,
  };
}

function checkNeeded(plan: PlannedFeed, keys: readonly string[], context: SectionContext): ConfigProblem[] {
  return keys
    .map((key) => plan.prefix + key)
    .filter((variable) => !context.texts.has(variable))
    .map((variable) => stateProblem(variable, `be set as feed ${plan.name} is enabled`, "it is not set"));
}

function checkDelays(plan: PlannedFeed, values: Partial<WebSocketValues | FixValues>): ConfigProblem[] {
  const { INITIAL_DELAY_MS: initialDelayMs, MAX_DELAY_MS: maxDelayMs } = values;
  if (initialDelayMs === undefined || maxDelayMs === undefined || initialDelayMs <= maxDelayMs) return [];
  const wanted = `be >= ${plan.prefix}INITIAL_DELAY_MS, which is ${initialDelayMs}`;
  return [valueProblem(`${plan.prefix}MAX_DELAY_MS`, { text: String(maxDelayMs), display: "plain" }, wanted)];
}

/** `VENUE` alone needs to be known only when the feed runs; FEEDS has reported a name that is no venue. */
function checkProfile(
  plan: PlannedFeed,
  values: { PROFILE: string | undefined; VENUE: string | undefined },
  context: SectionContext,
): ConfigProblem[] {
  const venueVariable = `${plan.prefix}VENUE`;
  const profileVariable = `${plan.prefix}PROFILE`;
  if (values.PROFILE !== undefined) {
    if (context.texts.get(venueVariable)?.origin === "environment") {
      const wanted = `not be set together with ${venueVariable}`;
      return [stateProblem(profileVariable, wanted, "both are set", "unset one of them")];
    }
    return checkProfileFile(profileVariable, values.PROFILE, context);
  }
  if (values.VENUE === undefined || context.venueNames.includes(values.VENUE)) return [];
  const meant = nearest(values.VENUE, context.venueNames);
  const suggestion = meant === null ? "`edge-ingester venues` lists them" : `did you mean ${meant}?`;
  return [valueProblem(venueVariable, { text: values.VENUE, display: "plain" }, "be a built-in venue", suggestion)];
}

function checkProfileFile(variable: string, path: string, context: SectionContext): ConfigProblem[] {
  const wanted = "name a venue profile that can be read";
  try {
    const isEmpty = context.readFile(path).text.trim() === "";
    return isEmpty ? [stateProblem(variable, wanted, `the file ${quote(path)} is empty`)] : [];
  } catch (error) {
    return [stateProblem(variable, wanted, `${describeReadError(error)} at ${quote(path)}`)];
  }
}

/** Settings of a feed that does not run are most likely a mistake, yet handy while it is switched off for a day. */
function warnDisabled(plan: PlannedFeed, isEnabled: boolean, context: SectionContext): ConfigWarning[] {
  if (isEnabled) return [];
  const enabledVariable = `${plan.prefix}ENABLED`;
  if (plan.isListed && context.texts.get(enabledVariable)?.origin !== "environment") {
    return [{ variable: "FEEDS", message: `Feed ${plan.name} does not run until ${enabledVariable} is true` }];
  }
  const isSet = [...context.known.values()].some(
    ({ feed, name }) =>
      feed === plan.name && name !== enabledVariable && (context.texts.get(name)?.origin ?? "default") !== "default",
  );
  if (!isSet) return [];
  return [
    { variable: enabledVariable, message: `Feed ${plan.name} does not run, so its other settings have no effect` },
  ];
}

function warnPlaintext(plan: PlannedFeed, url: string | undefined): ConfigWarning[] {
  if (url === undefined || !/^ws:/i.test(url)) return [];
  const host = new URL(url).hostname;
  if (host === "localhost" || host === "[::1]" || host.startsWith("127.")) return [];
  const variable = `${plan.prefix}URL`;
  return [{ variable, message: `${variable} is ws://: the prices of feed ${plan.name} travel unencrypted` }];
}
