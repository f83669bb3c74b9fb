import { findSymbolProblems } from "../profile-checks.ts";
import type { Json } from "../templates.ts";
import { usesTime } from "../templates.ts";
import type { GrpcProfile, GrpcQuoteMapping } from "./grpc-profile-schema.ts";

/** What does not fit together in the profile of a gRPC venue whose shape is right: one line each; empty when all fits. */
export function findGrpcProfileProblems(profile: GrpcProfile): string[] {
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

function findSymbolsProblems(profile: GrpcProfile): string[] {
  try {
    const wrong = findSymbolProblems(profile, profile.symbols.default);
    return wrong.map((problem) => `symbols.default: ${problem}`);
  } catch (error) {
    // RegExp says what is wrong with a pattern by throwing.
    return [`symbols.pattern: ${(error as SyntaxError).message}`];
  }
}

function findTemplateProblems({ subscribe, unsubscribe, limits }: GrpcProfile): string[] {
  const problems: string[] = [];
  for (const [name, template] of Object.entries({ subscribe, unsubscribe })) {
    if (template === undefined) continue;
    const text = JSON.stringify(template);
    if (!text.includes("{symbol")) problems.push(`${name}: names no symbol`);
    const isAll = text.includes("{symbols}") || text.includes('"$each"');
    if (!isAll && limits.symbolsPerRequest > 1) {
      problems.push(`${name}: {symbol} outside $each needs limits.symbolsPerRequest 1`);
    }
    if (usesTime(template as Json) || text.includes("{id")) problems.push(`${name}: may hold symbols only`);
  }
  return problems;
}

function findRuleProblems({ messages, ackTimeoutMs }: GrpcProfile): string[] {
  const problems: string[] = [];
  if (!messages.some((rule) => rule.kind === "quote")) problems.push("messages: must have a rule of kind quote");
  if (ackTimeoutMs > 0 && !messages.some((rule) => rule.kind === "ack")) {
    problems.push("ackTimeoutMs: must be 0 when no rule is of kind ack");
  }
  return problems;
}

function findMappingProblems(mapping: GrpcQuoteMapping, { sequence: { kind } }: GrpcProfile): string[] {
  const problems: string[] = [];
  if (kind !== "none" && mapping.sequence === undefined) {
    problems.push(`.sequence: is needed for sequence.kind ${kind}`);
  }
  if (kind === "linked" && mapping.previousSequence === undefined) {
    problems.push(".previousSequence: is needed for sequence.kind linked");
  }
  if (mapping.merge && (mapping.bid.levels ?? mapping.ask.levels) !== undefined) {
    problems.push(".merge: levels say all there is and cannot be merged");
  }
  if (mapping.snapshot?.isNeeded === true && !mapping.merge) {
    problems.push(".snapshot.isNeeded: is for merged quotes");
  }
  return problems;
}
