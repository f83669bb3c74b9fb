import type { FeedConfig } from "./config.ts";
import { checkFeed, commonSettings, type FeedSettings, warnDisabled } from "./feed-checks.ts";
import { isEnabledByDefault, type PlannedFeed } from "./feed-plan.ts";
import { isLoopback } from "./loopback.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem } from "./problems.ts";
import { REST_FEED_VARIABLES } from "./rest-variables.ts";
import { parseSection, type SectionContext } from "./section.ts";
import { readAuthorities } from "./tls-files.ts";

/** Checks the variables of one REST feed, and reads the file they name. */
export function readRestFeed(plan: PlannedFeed, context: SectionContext): FeedSettings {
  const { values, partial, problems } = parseSection(REST_FEED_VARIABLES, plan.prefix, context);
  const isEnabled = partial.ENABLED ?? isEnabledByDefault(plan);
  const authorities = readAuthorities({ variable: `${plan.prefix}TLS_CA_FILE`, path: partial.TLS_CA_FILE }, context);
  const feed: FeedConfig | null =
    values === null
      ? null
      : {
          ...commonSettings(plan, values),
          transport: "rest",
          url: values.URL ?? null,
          pollIntervalMs: values.POLL_INTERVAL_MS ?? null,
          timeoutMs: values.TIMEOUT_MS ?? null,
          maxBodyBytes: values.MAX_BODY_BYTES ?? null,
          publishUnchanged: values.PUBLISH_UNCHANGED,
          account: values.ACCOUNT ?? null,
          token: values.TOKEN ?? null,
          tokenFile: context.texts.get(`${plan.prefix}TOKEN`)?.file ?? null,
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
    warnings: [
      ...warnDisabled(plan, isEnabled, context),
      ...warnPlaintext(plan, { url: partial.URL, hasToken: partial.TOKEN !== undefined }),
    ],
  };
}

function checkAuthoritiesOfUse(plan: PlannedFeed, url: string | undefined, context: SectionContext): ConfigProblem[] {
  const variable = `${plan.prefix}TLS_CA_FILE`;
  if (url === undefined || !isPlaintext(url) || !context.texts.has(variable)) return [];
  return [stateProblem(variable, `not be set unless ${plan.prefix}URL is https://`, "it is set")];
}

function warnPlaintext(
  plan: PlannedFeed,
  { url, hasToken }: { url: string | undefined; hasToken: boolean },
): ConfigWarning[] {
  if (url === undefined || !isPlaintext(url) || isLoopback(new URL(url).hostname)) return [];
  const variable = `${plan.prefix}URL`;
  const what = hasToken ? "the token and the prices" : "the prices";
  return [{ variable, message: `${variable} is http://: ${what} of feed ${plan.name} travel unencrypted` }];
}

function isPlaintext(url: string): boolean {
  return /^http:/i.test(url);
}
