import type { RestFeedConfig } from "../config/config.ts";
import { feedPrefix } from "../config/feed-names.ts";
import { type ConfigProblem, stateProblem, valueProblem } from "../config/problems.ts";
import type { CompiledRestVenue } from "../venues/compiled-rest-venue.ts";
import { compileRestVenue } from "../venues/rest/compile-rest-venue.ts";
import type { RestProfile } from "../venues/rest/rest-profile-schema.ts";

/** What may stand in a header: visible ASCII. */
const TOKEN = /^[\x21-\x7e]+$/;

/** `venue` is null when there is a problem. */
export interface PreparedRestVenue {
  readonly venue: CompiledRestVenue | null;
  readonly problems: readonly ConfigProblem[];
}

/** Compiles the venue of an enabled REST feed, and finds all that its settings and its profile ask of each other. */
export function prepareRestVenue(feed: RestFeedConfig, profile: RestProfile): PreparedRestVenue {
  const { url, pollIntervalMs, timeoutMs, maxBodyBytes } = feed;
  const venue = compileRestVenue(profile, {
    ...(url === null ? {} : { urlOverride: url }),
    ...(pollIntervalMs === null ? {} : { pollIntervalMs }),
    ...(timeoutMs === null ? {} : { timeoutMs }),
    ...(maxBodyBytes === null ? {} : { maxBodyBytes }),
  });
  const problems = [
    ...findStaleProblems(feed, venue),
    ...findAccountProblems(feed, venue),
    ...findTokenProblems(feed, venue),
  ];
  return problems.length > 0 ? { venue: null, problems } : { venue, problems };
}

/** A feed that is stale between any two polls tells nothing by it. */
function findStaleProblems({ name, staleAfterMs }: RestFeedConfig, venue: CompiledRestVenue): ConfigProblem[] {
  const { intervalMs } = venue.polling;
  if (staleAfterMs === null || staleAfterMs > intervalMs) return [];
  const wanted = `be > ${intervalMs}, the interval of the polls`;
  return [valueProblem(`${feedPrefix(name)}STALE_AFTER_MS`, { text: String(staleAfterMs), display: "plain" }, wanted)];
}

function findAccountProblems({ name, account }: RestFeedConfig, venue: CompiledRestVenue): ConfigProblem[] {
  return findNeedProblems(`${feedPrefix(name)}ACCOUNT`, account !== null, {
    venue: venue.name,
    isNeeded: venue.needsAccount,
  });
}

function findTokenProblems({ name, token }: RestFeedConfig, venue: CompiledRestVenue): ConfigProblem[] {
  const variable = `${feedPrefix(name)}TOKEN`;
  const problems = findNeedProblems(variable, token !== null, { venue: venue.name, isNeeded: venue.needsToken });
  if (problems.length > 0 || token === null || TOKEN.test(token.reveal())) return problems;
  return [stateProblem(variable, "hold printable ASCII characters without spaces and line ends", "it holds others")];
}

/** One that is set and not sent is most likely meant for another venue. */
function findNeedProblems(
  variable: string,
  isSet: boolean,
  { venue, isNeeded }: { venue: string; isNeeded: boolean },
): ConfigProblem[] {
  if (isSet === isNeeded) return [];
  return isNeeded
    ? [stateProblem(variable, `be set, as ${venue} wants it`, "it is not set")]
    : [stateProblem(variable, `not be set, as ${venue} has no use for it`, "it is set")];
}
