import { createLogonFields } from "../adapters/fix/logon-fields.ts";
import type { FixFeedConfig, FixSettings } from "../config/config.ts";
import { feedPrefix } from "../config/feed-names.ts";
import { isLoopback } from "../config/loopback.ts";
import { type ConfigProblem, stateProblem, valueProblem } from "../config/problems.ts";
import { IngestError } from "../domain/ingest-error.ts";
import type { SessionHours } from "../runtime/session-hours.ts";
import { compileFixVenue } from "../venues/compile-fix-venue.ts";
import type { CompiledFixVenue } from "../venues/compiled-fix-venue.ts";
import { findFixSymbolProblems } from "../venues/fix-profile-checks.ts";
import type { FixProfile } from "../venues/fix-profile-schema.ts";
import { fixIdentity } from "./fix-identity.ts";

/** What a parser says may quote much of the file. */
const PROBLEM_CHARACTERS_MAX = 300;

/** Why a dictionary cannot be used, or null when it can. Loads the FIX engine: only feeds that have one pay for it. */
export type DictionaryChecker = (xml: string) => Promise<string | null>;

/** What a FIX feed is made of beside its configuration. */
export interface FixVenueParts {
  readonly venue: CompiledFixVenue;
  readonly settings: FixSettings;
  readonly hours: SessionHours;
}

/** `parts` is null when there is a problem. */
export interface PreparedFixVenue {
  readonly parts: FixVenueParts | null;
  readonly problems: readonly ConfigProblem[];
}

/** Compiles the venue of an enabled FIX feed, and finds all that its settings and its profile ask of each other. */
export async function prepareFixVenue(
  feed: FixFeedConfig,
  profile: FixProfile,
  checkDictionary: DictionaryChecker,
): Promise<PreparedFixVenue> {
  const settings = feed.fix;
  if (settings === null) throw new Error(`Bug: the configuration let the enabled feed '${feed.name}' pass incomplete`);
  const prefix = feedPrefix(feed.name);
  const venue = compileFixVenue(profile, { heartbeatS: settings.heartbeatS, depth: settings.depth });
  const problems = [
    ...findSymbolProblems(prefix, feed, profile),
    ...findRangeProblems(prefix, settings, profile),
    ...findTlsProblems(prefix, settings, profile),
    ...findLoginProblems(prefix, feed.name, { settings, profile, venue }),
    ...(await findDictionaryProblems(prefix, settings, checkDictionary)),
  ];
  return problems.length > 0
    ? { parts: null, problems }
    : { parts: { venue, settings, hours: sessionHours(settings, profile) }, problems };
}

function sessionHours({ hours }: FixSettings, profile: FixProfile): SessionHours {
  return {
    start: hours.start ?? profile.hours.start,
    end: hours.end ?? profile.hours.end,
    timeZone: hours.timeZone ?? profile.hours.timeZone,
    days: hours.days ?? profile.hours.days,
  };
}

function findSymbolProblems(prefix: string, feed: FixFeedConfig, profile: FixProfile): ConfigProblem[] {
  const problems = findFixSymbolProblems(profile, feed.symbols);
  if (problems.length === 0) return [];
  return [stateProblem(`${prefix}SYMBOLS`, "name symbols the venue takes", problems.join("; "))];
}

function findRangeProblems(prefix: string, settings: FixSettings, { name, limits }: FixProfile): ConfigProblem[] {
  const checked = [
    { key: "DEPTH", value: settings.depth, range: limits.depth },
    { key: "HEARTBEAT_S", value: settings.heartbeatS, range: limits.heartbeatS },
  ];
  return checked
    .filter(({ value, range }) => value < range.min || value > range.max)
    .map(({ key, value, range }) =>
      valueProblem(
        `${prefix}${key}`,
        { text: String(value), display: "plain" },
        `be ${range.min} to ${range.max} at ${name}`,
      ),
    );
}

/** A tunnel on this machine may do the encryption. */
function findTlsProblems(prefix: string, settings: FixSettings, profile: FixProfile): ConfigProblem[] {
  if (profile.tls === "optional" || settings.tls !== null || isLoopback(settings.host)) return [];
  return [stateProblem(`${prefix}TLS`, "be on", `it is off, and ${profile.name} takes TLS only`)];
}

function findLoginProblems(
  prefix: string,
  name: string,
  { settings, profile, venue }: { settings: FixSettings; profile: FixProfile; venue: CompiledFixVenue },
): ConfigProblem[] {
  const missing = profile.logon.needs.filter((part) => settings[part] === null);
  if (missing.length > 0) {
    return missing.map((part) =>
      stateProblem(`${prefix}${part.toUpperCase()}`, `be set, as ${profile.name} wants it`, "it is not set"),
    );
  }
  const password = settings.password?.reveal() ?? null;
  if (profile.logon.signature === null) {
    // A SOH would end the field, and what follows would be fields of its own.
    if (password === null || !/\p{Cc}/u.test(password)) return [];
    return [stateProblem(`${prefix}PASSWORD`, "hold no control characters and no line ends", "it does")];
  }
  try {
    const credentials = { username: settings.username, password: () => password };
    const identity = fixIdentity(settings, venue);
    // Made and thrown away: it finds a key that cannot sign before anything is connected.
    createLogonFields({ name, venue, identity, heartbeatS: settings.heartbeatS, credentials });
    return [];
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    return [stateProblem(`${prefix}PASSWORD`, "be a key that can sign the logon", error.message)];
  }
}

async function findDictionaryProblems(
  prefix: string,
  { dictionary }: FixSettings,
  checkDictionary: DictionaryChecker,
): Promise<ConfigProblem[]> {
  const problem = dictionary === null ? null : await checkDictionary(dictionary.xml);
  if (problem === null) return [];
  const state = problem.replace(/\s+/g, " ").trim().slice(0, PROBLEM_CHARACTERS_MAX);
  return [stateProblem(`${prefix}DICTIONARY`, "name a FIX dictionary (QuickFIX XML)", state)];
}
