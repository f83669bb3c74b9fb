import type { FeedConfig } from "./config.ts";
import { checkFeed, commonSettings, type FeedSettings, warnDisabled } from "./feed-checks.ts";
import { isEnabledByDefault, type PlannedFeed } from "./feed-plan.ts";
import { isLoopback } from "./loopback.ts";
import type { ConfigWarning } from "./problems.ts";
import { parseSection, type SectionContext } from "./section.ts";
import { WEBSOCKET_FEED_VARIABLES } from "./websocket-variables.ts";

/** Checks the variables of one WebSocket feed. */
export function readWebSocketFeed(plan: PlannedFeed, context: SectionContext): FeedSettings {
  const { values, partial, problems } = parseSection(WEBSOCKET_FEED_VARIABLES, plan.prefix, context);
  const isEnabled = partial.ENABLED ?? isEnabledByDefault(plan);
  const feed: FeedConfig | null =
    values === null
      ? null
      : {
          ...commonSettings(plan, values),
          transport: "websocket",
          url: values.URL ?? null,
          pingIntervalMs: values.PING_INTERVAL_MS ?? null,
        };
  return {
    feed,
    problems: [...problems, ...checkFeed(plan, { values: partial, isEnabled, needed: ["SYMBOLS"] }, context)],
    warnings: [...warnDisabled(plan, isEnabled, context), ...warnPlaintext(plan, partial.URL)],
  };
}

function warnPlaintext(plan: PlannedFeed, url: string | undefined): ConfigWarning[] {
  if (url === undefined || !/^ws:/i.test(url) || isLoopback(new URL(url).hostname)) return [];
  const variable = `${plan.prefix}URL`;
  return [{ variable, message: `${variable} is ws://: the prices of feed ${plan.name} travel unencrypted` }];
}
