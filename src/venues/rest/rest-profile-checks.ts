import { splitPath } from "../path-trie.ts";
import { findSymbolProblems } from "../profile-checks.ts";
import { EACH, FILTER_SEGMENT } from "../profile-words.ts";
import { itemsPathOf, pathsOf } from "../quote-plan.ts";
import { toQuoteMapping } from "./answer-plan.ts";
import { namesIn, symbolsNamedIn } from "./request-template.ts";
import type { AnswerRule, RestProfile, RestQuoteMapping } from "./rest-profile-schema.ts";

/** What does not fit together in a REST profile whose shape is right: one line each, with the path; empty when all fits. */
export function findRestProfileProblems(profile: RestProfile): string[] {
  return [
    ...findUrlProblems(profile),
    ...findDefaultSymbolProblems(profile),
    ...findRequestProblems(profile),
    ...findBudgetProblems(profile),
    ...findRuleProblems(profile),
  ];
}

function findUrlProblems({ url }: RestProfile): string[] {
  const parsed = URL.parse(url);
  if (parsed === null) return ["url: must be a URL"];
  return parsed.username === "" && parsed.password === ""
    ? []
    : ["url: must not hold a user: a token goes into headers"];
}

function findDefaultSymbolProblems(profile: RestProfile): string[] {
  try {
    return findSymbolProblems(profile, profile.symbols.default).map((problem) => `symbols.default: ${problem}`);
  } catch (error) {
    // RegExp says what is wrong with a pattern by throwing.
    return [`symbols.pattern: ${(error as SyntaxError).message}`];
  }
}

function findRequestProblems({ request, answers }: RestProfile): string[] {
  const problems: string[] = [];
  const texts = [request.path, ...Object.values(request.query), ...Object.values(request.headers)];
  const named = symbolsNamedIn(texts);
  if (named === "one" && request.symbolsPerRequest > 1) {
    problems.push("request: {symbol} needs symbolsPerRequest 1; {symbols} names several");
  }
  if (named === "none" && request.symbolsPerRequest > 1) {
    problems.push("request.symbolsPerRequest: is of no use where a request asks for everything");
  }
  const asksSince = texts.some((text) => namesIn(text).includes("since"));
  if (asksSince !== (request.since !== undefined)) {
    problems.push("request.since: {since} and the path it is read from need each other");
  }
  if (
    request.since !== undefined &&
    splitPath(request.since).some((segment) => segment === EACH || isFilter(segment))
  ) {
    problems.push("request.since: must be one place");
  }
  const isFromRequest = answers.some((rule) => rule.kind === "quote" && isSymbolFrom(rule.quote, "request"));
  if (isFromRequest && named !== "one") problems.push("request: must name {symbol}, as quotes do not name theirs");
  return problems;
}

function findBudgetProblems({ budget }: RestProfile): string[] {
  const problems: string[] = [];
  if (budget.costs.at(-1)?.symbolsMax !== undefined) {
    problems.push("budget.costs: the last must be for any number of symbols");
  }
  const keys = budget.windows.map(({ weight, windowMs }) => `${weight}/${windowMs}`);
  if (new Set(keys).size < keys.length) problems.push("budget.windows: two are the same");
  return problems;
}

function findRuleProblems(profile: RestProfile): string[] {
  const problems = profile.answers.flatMap((rule, index) => findOneRuleProblems(rule, `answers.${index}`, profile));
  if (!profile.answers.some((rule) => rule.kind === "quote")) problems.push("answers: must have a rule of kind quote");
  return problems;
}

function findOneRuleProblems(rule: AnswerRule, place: string, profile: RestProfile): string[] {
  const problems: string[] = [];
  if (Object.keys(rule.when).some((path) => splitPath(path).some(isFilter))) {
    problems.push(`${place}.when: [key=value] is for reason only`);
  }
  if (rule.kind !== "quote") return problems;
  problems.push(...findMappingProblems(rule.quote).map((problem) => `${place}.quote${problem}`));
  if (profile.sequence.kind !== "none" && rule.quote.sequence === undefined) {
    problems.push(`${place}.quote.sequence: is needed for sequence.kind ${profile.sequence.kind}`);
  }
  return problems;
}

function findMappingProblems(rest: RestQuoteMapping): string[] {
  const problems: string[] = [];
  const mapping = toQuoteMapping(rest);
  const itemsPath = itemsPathOf(mapping);
  for (const path of pathsOf(mapping)) {
    const segments = splitPath(path);
    const before = segments.indexOf(EACH);
    const isOtherList = before >= 0 && segments.slice(0, before).join(".") !== itemsPath;
    if (isOtherList || segments.filter((segment) => segment === EACH).length > 1) {
      problems.push(`: ${path}: all * of a quote must stand for the same list`);
    }
    if (segments.some(isFilter)) problems.push(`: ${path}: [key=value] is for reason only`);
  }
  if (isSymbolFrom(rest, "key") && itemsPath === null) problems.push(".symbol: there is no key without * in the paths");
  return problems;
}

function isSymbolFrom({ symbol }: RestQuoteMapping, from: "request" | "key"): boolean {
  return "from" in symbol && symbol.from === from;
}

function isFilter(segment: string): boolean {
  return FILTER_SEGMENT.test(segment);
}
