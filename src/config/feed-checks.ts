import type * as z from "zod";
import type { FeedConfig } from "./config.ts";
import { describeReadError } from "./config-file.ts";
import { isEnabledByDefault, type PlannedFeed } from "./feed-plan.ts";
import type { FEED_VARIABLES, FeedTransport } from "./feed-variables.ts";
import { nearest } from "./nearest.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem, valueProblem } from "./problems.ts";
import { quote } from "./redact.ts";
import type { SectionContext } from "./section.ts";

/** What the variables of a feed of any transport say. */
type FeedValues = z.output<(typeof FEED_VARIABLES)[FeedTransport]>;

/** One feed read: null when a value of it is not well-formed. */
export interface FeedSettings {
  readonly feed: FeedConfig | null;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** What feeds of every transport have. */
export function commonSettings(plan: PlannedFeed, values: FeedValues) {
  return {
    name: plan.name,
    isEnabled: values.ENABLED ?? isEnabledByDefault(plan),
    venue: values.PROFILE === undefined ? (values.VENUE ?? plan.name) : plan.name,
    profileFile: values.PROFILE ?? null,
    symbols: values.SYMBOLS ?? [],
    maxRetries: values.MAX_RETRIES,
    initialDelayMs: values.INITIAL_DELAY_MS,
    maxDelayMs: values.MAX_DELAY_MS,
    staleAfterMs: values.STALE_AFTER_MS ?? null,
  };
}

/** What is checked of feeds of every transport: what they need to run, their delays, their profile. */
export function checkFeed(
  plan: PlannedFeed,
  feed: { readonly values: Partial<FeedValues>; readonly isEnabled: boolean; readonly needed: readonly string[] },
  context: SectionContext,
): ConfigProblem[] {
  const { values, isEnabled, needed } = feed;
  return [
    ...checkNeeded(plan, isEnabled ? needed : [], context),
    ...checkDelays(plan, values),
    ...checkProfile(plan, { PROFILE: values.PROFILE, VENUE: isEnabled ? values.VENUE : undefined }, context),
  ];
}

/** The variables `keys` of the feed that are not set. */
function checkNeeded(plan: PlannedFeed, keys: readonly string[], context: SectionContext): ConfigProblem[] {
  return keys
    .map((key) => plan.prefix + key)
    .filter((variable) => !context.texts.has(variable))
    .map((variable) => stateProblem(variable, `be set as feed ${plan.name} is enabled`, "it is not set"));
}

/** The longest delay must not be below the first. */
function checkDelays(plan: PlannedFeed, values: Partial<FeedValues>): ConfigProblem[] {
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
  if (values.VENUE === undefined || context.venues.get(values.VENUE) === plan.transport) return [];
  const candidates = [...context.venues].filter(([, transport]) => transport === plan.transport).map(([name]) => name);
  const meant = nearest(values.VENUE, candidates);
  const suggestion = meant === null ? "`edge-ingester venues` lists them" : `did you mean ${meant}?`;
  // A seed feed keeps its transport; any other has that of its venue.
  const wanted = context.venues.has(values.VENUE)
    ? `be a built-in venue over ${plan.transport}`
    : "be a built-in venue";
  return [valueProblem(venueVariable, { text: values.VENUE, display: "plain" }, wanted, suggestion)];
}

/** Settings of a feed that does not run are most likely a mistake, yet handy while it is switched off for a day. */
export function warnDisabled(plan: PlannedFeed, isEnabled: boolean, context: SectionContext): ConfigWarning[] {
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

function checkProfileFile(variable: string, path: string, context: SectionContext): ConfigProblem[] {
  const wanted = "name a venue profile that can be read";
  try {
    const isEmpty = context.readFile(path).text.trim() === "";
    return isEmpty ? [stateProblem(variable, wanted, `the file ${quote(path)} is empty`)] : [];
  } catch (error) {
    return [stateProblem(variable, wanted, `${describeReadError(error)} at ${quote(path)}`)];
  }
}
