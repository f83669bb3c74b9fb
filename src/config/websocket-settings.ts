import type { FeedConfig } from "./config.ts";
import { checkFeed, commonSettings, type FeedSettings, warnDisabled } from "./feed-checks.ts";
import { isEnabledByDefault, type PlannedFeed } from "./feed-plan.ts";
import { isLoopback } from "./loopback.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem } from "./problems.ts";
import { parseSection, type SectionContext } from "./section.ts";
import { readAuthorities } from "./tls-files.ts";
import { WEBSOCKET_FEED_VARIABLES } from "./websocket-variables.ts";

/** Checks the variables of one WebSocket feed, and reads the file they name. */
export function readWebSocketFeed(plan: PlannedFeed, context: SectionContext): FeedSettings {
  const { values, partial, problems } = parseSection(WEBSOCKET_FEED_VARIABLES, plan.prefix, context);
  const isEnabled = partial.ENABLED ?? isEnabledByDefault(plan);
  const authorities = readAuthorities({ variable: `${plan.prefix}TLS_CA_FILE`, path: partial.TLS_CA_FILE }, context);
  const feed: FeedConfig | null =
    values === null
      ? null
      : {
          ...commonSettings(plan, values),
          transport: "websocket",
          url: values.URL ?? null,
          pingIntervalMs: values.PING_INTERVAL_MS ?? null,
          ca: authorities.ca,
        };
  return {
    feed,
    problems: [
      ...problems,
      ...checkFeed(plan, { values: partial, isEnabled, needed: ["SYMBOLS"] }, context),
      ...authorities.problems,
      ...checkAuthoritiesOfUse(plan, partial.URL, context),
    ],
    warnings: [...warnDisabled(plan, isEnabled, context), ...warnPlaintext(plan, partial.URL)],
  };
}

function checkAuthoritiesOfUse(plan: PlannedFeed, url: string | undefined, context: SectionContext): ConfigProblem[] {
  const variable = `${plan.prefix}TLS_CA_FILE`;
  if (url === undefined || !isPlaintext(url) || !context.texts.has(variable)) return [];
  return [stateProblem(variable, `not be set unless ${plan.prefix}URL is wss://`, "it is set")];
}

function warnPlaintext(plan: PlannedFeed, url: string | undefined): ConfigWarning[] {
  if (url === undefined || !isPlaintext(url) || isLoopback(new URL(url).hostname)) return [];
  const variable = `${plan.prefix}URL`;
  return [{ variable, message: `${variable} is ws://: the prices of feed ${plan.name} travel unencrypted` }];
}

function isPlaintext(url: string): boolean {
  return /^ws:/i.test(url);
}
