import { compileConditions } from "../compile-conditions.ts";
import { type PathTrie, PathTrieBuilder, UNWANTED } from "../path-trie.ts";
import type { QuoteMapping } from "../profile-quote-schema.ts";
import { compileQuoteMapping, type QuotePlan } from "../quote-plan.ts";
import type { ValueTest } from "../rule-matcher.ts";
import type { AnswerRule, RestProfile, RestQuoteMapping } from "./rest-profile-schema.ts";

/** Where the symbol of a quote is told. */
export type SymbolSource = "path" | "request" | "key";

/** The mapping of a quote rule, compiled. */
export interface AnswerQuotePlan {
  readonly quote: QuotePlan;
  readonly symbolFrom: SymbolSource;
  /** Keys may be names of the venue's own making. */
  readonly isRenamed: boolean;
  /** A symbol that was asked for and is not in the answer is unknown; else it has not changed. */
  readonly isMissingRefused: boolean;
}

/** One rule of a profile's `answers`, compiled. */
export interface RulePlan {
  readonly rule: AnswerRule;
  readonly statuses: ReadonlySet<number>;
  readonly tests: readonly ValueTest[];
  /** For `quote` only. */
  readonly quotes: AnswerQuotePlan | null;
}

/** The rules of a profile's `answers` as tables, in the order of the profile. Shared by all decoders of a venue. */
export interface AnswerPlan {
  readonly trie: PathTrie;
  readonly rules: readonly RulePlan[];
  /** Where the point to go on from stands; UNWANTED when there is none. */
  readonly sinceNode: number;
}

/** Compiles the rules of a checked profile. Cold, once per profile. */
export function compileAnswers({ answers, request }: RestProfile): AnswerPlan {
  const trie = new PathTrieBuilder();
  const rules = answers.map((rule): RulePlan => {
    const tests = compileConditions(rule.when, trie);
    const quotes = rule.kind === "quote" ? compileQuotes(rule, trie) : null;
    return { rule, statuses: new Set(rule.status), tests, quotes };
  });
  const sinceNode = request.since === undefined ? UNWANTED : trie.addPath(0, 0, request.since);
  return { trie: trie.build(), rules, sinceNode };
}

/** The mapping in the words of the quote compiler; a symbol that stands at no path is given the empty one. */
export function toQuoteMapping(rest: RestQuoteMapping): QuoteMapping {
  const { symbol, bid, ask, time, sequence, zeroPriceIsEmpty } = rest;
  return {
    symbol: "from" in symbol ? { path: "", template: "{symbol}" } : symbol,
    bid,
    ask,
    ...(time === undefined ? {} : { time }),
    ...(sequence === undefined ? {} : { sequence }),
    merge: false,
    zeroPriceIsEmpty,
  };
}

function compileQuotes(rule: AnswerRule & { kind: "quote" }, trie: PathTrieBuilder): AnswerQuotePlan {
  const { symbol } = rule.quote;
  const source = "from" in symbol ? symbol : null;
  return {
    quote: compileQuoteMapping(toQuoteMapping(rule.quote), trie),
    symbolFrom: source?.from ?? "path",
    isRenamed: source?.from === "key" && source.renamed,
    isMissingRefused: rule.missing === "refused",
  };
}
