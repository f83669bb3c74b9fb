import { fieldTexts, namesCurrency, namesSymbol, type RequestPart, splitField, splitPair } from "./fix-fields.ts";
import type { FixProfile } from "./fix-profile-schema.ts";
import { wireNameOf } from "./fix-symbols.ts";

/** Header and trailer: the session writes them (FIX 4.4 vol 2). */
const SESSION_TAGS: ReadonlySet<number> = new Set([8, 9, 10, 34, 35, 43, 49, 50, 52, 56, 57, 97, 122]);
/** Written by the session into every Logon. */
const LOGON_TAGS: ReadonlySet<number> = new Set([98, 108, 141]);
/** Secrets and who they belong to: they come from the feed's variables, never from a profile. */
const SECRET_TAGS: ReadonlySet<number> = new Set([553, 554, 925, 95, 96]);
/** Groups of a request: their count, and the field each of their entries begins with. */
const GROUPS: readonly (readonly [count: number, first: readonly number[]])[] = [
  [267, [269]],
  [146, [55, 48]],
];

/** Most symbols of a FIX feed: `_SYMBOLS`. */
const FEED_SYMBOLS_MAX = 4096;

/** MDReqID (262) and QuoteReqID (131): what a request of each stream is known by. */
export const REQUEST_ID_TAGS = { "market-data": 262, quote: 131 } as const;
/** SubscriptionRequestType. */
export const SUBSCRIPTION_TYPE_TAG = 263;

/** What does not fit together in a FIX profile whose shape is right: one line each, with the path; empty when all fits. */
export function findFixProfileProblems(profile: FixProfile): string[] {
  return [
    ...findDefaultSymbolProblems(profile),
    ...findLogonProblems(profile),
    ...findRequestProblems("subscribe", profile.subscribe, profile),
    ...findUnsubscribeProblems(profile),
    ...findMarketDataProblems(profile),
  ];
}

/** Which of `symbols` the venue cannot take, each with the reason; for a feed's `_SYMBOLS`. */
export function findFixSymbolProblems(profile: FixProfile, symbols: readonly string[]): string[] {
  const pattern = new RegExp(profile.symbols.pattern, "u");
  const example = wireNameOf(profile, profile.symbols.default[0]);
  const needsPair = fieldTexts([...profile.subscribe, ...(profile.unsubscribe ?? [])]).some(namesCurrency);
  const users = new Map<string, string>();
  return symbols.flatMap((symbol) => {
    const wire = wireNameOf(profile, symbol);
    const user = users.get(wire);
    users.set(wire, symbol);
    if (user !== undefined) return [`"${user}" and "${symbol}" are both "${wire}" at ${profile.name}`];
    if (!pattern.test(wire)) return [`"${wire}" is not a symbol of ${profile.name}: want one like "${example}"`];
    if (needsPair && splitPair(symbol) === null) return [`"${symbol}" is no pair of currencies such as EUR/USD`];
    return [];
  });
}

function findDefaultSymbolProblems(profile: FixProfile): string[] {
  try {
    return findFixSymbolProblems(profile, profile.symbols.default).map((problem) => `symbols.default: ${problem}`);
  } catch (error) {
    // RegExp says what is wrong with a pattern by throwing.
    return [`symbols.pattern: ${(error as SyntaxError).message}`];
  }
}

function findLogonProblems({ logon }: FixProfile): string[] {
  const problems: string[] = [];
  for (const [index, text] of logon.fields.entries()) {
    const [tag] = splitField(text);
    const problem = LOGON_TAGS.has(tag) ? "is written by the session" : refusedTag(tag);
    if (problem !== "") problems.push(`logon.fields.${index}: tag ${tag} ${problem}`);
  }
  if (logon.signature !== null && !logon.needs.includes("password")) {
    problems.push("logon.needs: must list password, as the logon is signed with it");
  }
  return problems;
}

function findRequestProblems(path: string, parts: readonly RequestPart[], profile: FixProfile): string[] {
  const problems: string[] = [];
  const idTag = REQUEST_ID_TAGS[profile.stream];
  const idField = parts.find((part) => typeof part === "string" && splitField(part)[0] === idTag);
  if (idField === undefined || !(idField as string).includes("{id}")) problems.push(`${path}: ${idTag} must hold {id}`);
  for (const text of fieldTexts(parts)) {
    const [tag] = splitField(text);
    const problem = refusedTag(tag);
    if (problem !== "") problems.push(`${path}: tag ${tag} ${problem}`);
  }
  for (const part of parts) {
    if (typeof part === "string") {
      if (namesSymbol(part) && profile.limits.symbolsPerRequest > 1) {
        problems.push(`${path}: {symbol} outside $each needs limits.symbolsPerRequest 1`);
      }
    } else if (!part.$each.some((text) => text.includes("{symbol}")))
      problems.push(`${path}: $each must hold {symbol}`);
  }
  return [...problems, ...GROUPS.flatMap(([count, first]) => findGroupProblem(path, parts, { count, first }))];
}

/** A count that is a constant must be right: an LP cuts the group there, or rejects the message. */
function findGroupProblem(
  path: string,
  parts: readonly RequestPart[],
  { count, first }: { count: number; first: readonly number[] },
): string[] {
  const value = fieldTexts(parts)
    .map(splitField)
    .find(([tag]) => tag === count)?.[1];
  if (value === undefined || value === "{symbolCount}") return [];
  const isEntry = (text: string) => first.includes(splitField(text)[0]);
  const repeated = parts.some((part) => typeof part !== "string" && part.$each.some(isEntry));
  if (repeated) return [`${path}: ${count} must be {symbolCount}, as its entries stand in $each`];
  const entries = parts.filter((part) => typeof part === "string" && isEntry(part)).length;
  return Number(value) === entries
    ? []
    : [`${path}: ${count}=${value}, and ${entries} fields ${first.join(" or ")} follow`];
}

function findUnsubscribeProblems(profile: FixProfile): string[] {
  if (profile.unsubscribe === null) return [];
  if (profile.unsubscribe !== undefined) return findRequestProblems("unsubscribe", profile.unsubscribe, profile);
  const hasType = fieldTexts(profile.subscribe).some((text) => splitField(text)[0] === SUBSCRIPTION_TYPE_TAG);
  return hasType ? [] : ["unsubscribe: must be given, or null, as subscribe has no 263 to change"];
}

function findMarketDataProblems({ marketData, book, stream, subscribe, requests, limits }: FixProfile): string[] {
  const problems: string[] = [];
  if (requests === "one" && limits.symbolsPerRequest < FEED_SYMBOLS_MAX) {
    problems.push(`limits.symbolsPerRequest: must be ${FEED_SYMBOLS_MAX} or more, as requests is one`);
  }
  if (!fieldTexts(subscribe).some((text) => text.includes("{symbol}"))) problems.push("subscribe: must hold {symbol}");
  if (book.key === "level" && marketData.levelTag === 0) {
    problems.push("marketData.levelTag: must be 1023 or 290, as book.key is level");
  }
  const { requestIdTag } = marketData;
  if (requestIdTag !== undefined && (requestIdTag === REQUEST_ID_TAGS["market-data"]) !== (stream === "market-data")) {
    problems.push(`marketData.requestIdTag: ${requestIdTag} is not of stream ${stream}`);
  }
  return problems;
}

function refusedTag(tag: number): string {
  if (SESSION_TAGS.has(tag)) return "is written by the session";
  return SECRET_TAGS.has(tag) ? "is never in a profile: it comes from _USERNAME and _PASSWORD" : "";
}
