import type * as z from "zod";
import type { FixSettings } from "./config.ts";
import { describeReadError } from "./config-file.ts";
import { checkFeed, commonSettings, type FeedSettings, warnDisabled } from "./feed-checks.ts";
import { isEnabledByDefault, type PlannedFeed } from "./feed-plan.ts";
import { FIX_FEED_VARIABLES } from "./fix-variables.ts";
import { isLoopback } from "./loopback.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem } from "./problems.ts";
import { quote } from "./redact.ts";
import { parseSection, type SectionContext } from "./section.ts";
import { readFeedTls } from "./tls-files.ts";

type FixValues = z.output<typeof FIX_FEED_VARIABLES>;

/** Without these no session can be tried. */
const NEEDED = ["SYMBOLS", "HOST", "PORT", "SENDER", "TARGET"] as const;

/** Checks the variables of one FIX feed, and reads the files they name. */
export function readFixFeed(plan: PlannedFeed, context: SectionContext): FeedSettings {
  const { values, partial, problems } = parseSection(FIX_FEED_VARIABLES, plan.prefix, context);
  const isEnabled = partial.ENABLED ?? isEnabledByDefault(plan);
  const tls = readFeedTls(plan.prefix, partial, context);
  const dictionary = readDictionary(plan, partial.DICTIONARY, context);
  const files = { tls: tls.tls, dictionary: dictionary.dictionary };
  return {
    feed:
      values === null ? null : { ...commonSettings(plan, values), transport: "fix", fix: buildSettings(values, files) },
    problems: [
      ...problems,
      ...checkFeed(plan, { values: partial, isEnabled, needed: NEEDED }, context),
      ...tls.problems,
      ...dictionary.problems,
    ],
    warnings: [
      ...warnDisabled(plan, isEnabled, context),
      ...(isEnabled ? warnPlaintext(plan, partial) : []),
      ...tls.warnings,
    ],
  };
}

function buildSettings(
  values: FixValues,
  { tls, dictionary }: Pick<FixSettings, "dictionary" | "tls">,
): FixSettings | null {
  const { HOST: host, PORT: port, SENDER: sender, TARGET: target } = values;
  if (host === undefined || port === undefined || sender === undefined || target === undefined) return null;
  return {
    host,
    port,
    sender,
    target,
    senderSub: values.SENDER_SUB ?? null,
    targetSub: values.TARGET_SUB ?? null,
    heartbeatS: values.HEARTBEAT_S,
    username: values.USERNAME ?? null,
    password: values.PASSWORD ?? null,
    reset: values.RESET ?? null,
    tls,
    depth: values.DEPTH,
    publish: values.PUBLISH,
    subscribe: values.SUBSCRIBE,
    logonTimeoutMs: values.LOGON_TIMEOUT_MS,
    subscribeTimeoutMs: values.SUBSCRIBE_TIMEOUT_MS ?? null,
    hours: {
      start: values.SESSION_START ?? null,
      end: values.SESSION_END ?? null,
      timeZone: values.SESSION_TZ ?? null,
      days: values.SESSION_DAYS ?? null,
    },
    dictionary,
  };
}

/** Whether it parses is found out where the parser is: this room knows no FIX. */
function readDictionary({ prefix }: PlannedFeed, path: string | undefined, context: SectionContext) {
  if (path === undefined) return { dictionary: null, problems: [] };
  const refuse = (state: string): { dictionary: null; problems: ConfigProblem[] } => {
    const wanted = "name a FIX dictionary (QuickFIX XML) that can be read";
    return { dictionary: null, problems: [stateProblem(`${prefix}DICTIONARY`, wanted, state)] };
  };
  try {
    const xml = context.readFile(path).text;
    return xml.trim() === "" ? refuse(`the file ${quote(path)} is empty`) : { dictionary: { path, xml }, problems: [] };
  } catch (error) {
    return refuse(`${describeReadError(error)} at ${quote(path)}`);
  }
}

function warnPlaintext(plan: PlannedFeed, values: Partial<FixValues>): ConfigWarning[] {
  const { HOST: host, TLS: tls, PASSWORD: password } = values;
  if (host === undefined || tls !== "off" || password === undefined || isLoopback(host)) return [];
  const variable = `${plan.prefix}TLS`;
  return [{ variable, message: `${variable} is off: the password of feed ${plan.name} travels unencrypted` }];
}
