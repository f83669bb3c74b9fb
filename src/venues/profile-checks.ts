import { splitPath } from "./path-trie.ts";
import type { QuoteMapping } from "./profile-quote-schema.ts";
import { EACH, FILTER_SEGMENT } from "./profile-words.ts";
import { itemsPathOf, pathsOf } from "./quote-plan.ts";
import { hasRequestId, type Json, namesOneSymbol, namesSymbols, repeatsValue } from "./templates.ts";
import type { MessageRule, WebSocketProfile } from "./websocket-profile-schema.ts";

/** What does not fit together in the profile of a WebSocket venue whose shape is right: one line each, with the path; empty when all fits. */
export function findProfileProblems(profile: WebSocketProfile): string[] {
  return [
    ...findSymbolsProblems(profile),
    ...findTemplateProblems(profile),
    ...findRuleProblems(profile),
    ...profile.messages.flatMap((rule, index) =>
      rule.kind === "quote"
        ? findMappingProblems(rule.quote, profile).map((problem) => `messages.${index}.quote${problem}`)
        : [],
    ),
  ];
}

/** Which of `symbols` the venue cannot know by its pattern, each with the reason; for a feed's `_SYMBOLS`. */
export function findSymbolProblems(
  profile: Pick<WebSocketProfile, "name" | "symbols">,
  symbols: readonly string[],
): string[] {
  const pattern = new RegExp(profile.symbols.pattern, "u");
  const example = profile.symbols.default[0];
  return symbols
    .filter((symbol) => !pattern.test(symbol))
    .map((symbol) => `"${symbol}" is not a symbol of ${profile.name}: want one like "${example}"`);
}

function findSymbolsProblems(profile: WebSocketProfile): string[] {
  try {
    const wrong = findSymbolProblems(profile, profile.symbols.default);
    return wrong.map((problem) => `symbols.default: ${problem}`);
  } catch (error) {
    // RegExp says what is wrong with a pattern by throwing.
    return [`symbols.pattern: ${(error as SyntaxError).message}`];
  }
}

function findTemplateProblems(profile: WebSocketProfile): string[] {
  const problems: string[] = [];
  for (const name of ["subscribe", "unsubscribe"] as const) {
    const template = profile[name] as Json;
    if (namesOneSymbol(template) && profile.limits.symbolsPerRequest > 1) {
      problems.push(`${name}: {symbol} outside $each needs limits.symbolsPerRequest 1`);
    }
  }
  for (const [index, message] of profile.opening.entries()) {
    if (namesSymbols(message as Json))
      problems.push(`opening.${index}: must not name symbols, as it is sent before them`);
  }
  const idRule = profile.messages.find(
    (rule) => (rule.kind === "ack" || rule.kind === "refusal") && rule.id !== undefined,
  );
  if (idRule !== undefined && !hasRequestId(profile.subscribe as Json)) {
    problems.push("subscribe: must hold {id}, as a rule reads the id of an answer");
  }
  return problems;
}

function findRuleProblems(profile: WebSocketProfile): string[] {
  const problems: string[] = [];
  for (const [index, rule] of profile.messages.entries()) {
    const hasText = "frameText" in rule && rule.frameText !== undefined;
    if (hasText === (rule.when !== undefined)) problems.push(`messages.${index}: must have either when or frameText`);
    problems.push(...findReplyProblems(rule).map((problem) => `messages.${index}${problem}`));
    if (rule.when !== undefined && Object.keys(rule.when).some(isControlPath)) {
      problems.push(`messages.${index}.when: [key=value] is for symbol, id and reason only`);
    }
  }
  if (!profile.messages.some((rule) => rule.kind === "quote"))
    problems.push("messages: must have a rule of kind quote");
  if (profile.ackTimeoutMs > 0 && !profile.messages.some((rule) => rule.kind === "ack")) {
    problems.push("ackTimeoutMs: must be 0 when no rule is of kind ack");
  }
  return problems;
}

/** What does not fit together in an ack or an answer. */
function findReplyProblems(rule: MessageRule): string[] {
  if (rule.kind === "ack" && rule.othersRefused && (rule.id === undefined || rule.symbol === undefined)) {
    return [".othersRefused: needs id, to know what was asked for, and symbol, to know what was accepted"];
  }
  if (rule.kind !== "answer" || (rule.value !== undefined) === repeatsValue(rule.message as Json)) return [];
  return rule.value === undefined
    ? [".value: is needed for the {value} in message"]
    : [".value: is of no use without {value} in message"];
}

function findMappingProblems(mapping: QuoteMapping, profile: WebSocketProfile): string[] {
  const problems: string[] = [];
  const itemsPath = itemsPathOf(mapping);
  for (const path of pathsOf(mapping)) {
    const before = splitPath(path).indexOf(EACH);
    const isOtherList = before >= 0 && splitPath(path).slice(0, before).join(".") !== itemsPath;
    if (isOtherList || splitPath(path).filter((segment) => segment === EACH).length > 1) {
      problems.push(`: ${path}: all * of a quote must stand for the same list`);
    }
    if (isControlPath(path)) problems.push(`: ${path}: [key=value] is for symbol, id and reason of other rules only`);
  }
  const { kind } = profile.sequence;
  if (kind !== "none" && mapping.sequence === undefined)
    problems.push(`.sequence: is needed for sequence.kind ${kind}`);
  if (kind === "linked" && mapping.previousSequence === undefined) {
    problems.push(".previousSequence: is needed for sequence.kind linked");
  }
  return problems;
}

function isControlPath(path: string): boolean {
  return splitPath(path).some((segment) => FILTER_SEGMENT.test(segment));
}
