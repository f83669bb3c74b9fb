import { compileConditions } from "./compile-conditions.ts";
import type { FrameKind } from "./compiled-venue.ts";
import { FrameKind as Kind } from "./compiled-venue.ts";
import { type PathTrie, PathTrieBuilder } from "./path-trie.ts";
import { compileQuoteMapping, type QuotePlan } from "./quote-plan.ts";
import type { ValueTest } from "./rule-matcher.ts";
import type { MessageRule, WebSocketProfile } from "./websocket-profile-schema.ts";

/** A text frame that is no JSON, and the rule it stands in. */
export interface FrameText {
  readonly bytes: Uint8Array;
  readonly ruleIndex: number;
}

/** The rules of a profile's `messages` as tables, in the order of the profile. Shared by all decoders of a venue. */
export interface MessagePlan {
  readonly trie: PathTrie;
  readonly rules: readonly MessageRule[];
  /** Per JSON rule: the tests, and which rule it is. */
  readonly tests: readonly (readonly ValueTest[])[];
  readonly ruleIndexes: readonly number[];
  readonly frameTexts: readonly FrameText[];
  /** Per rule. */
  readonly kinds: readonly FrameKind[];
  readonly quotes: readonly (QuotePlan | null)[];
}

const KINDS: Readonly<Record<MessageRule["kind"], FrameKind>> = {
  quote: Kind.quote,
  heartbeat: Kind.heartbeat,
  ignore: Kind.ignored,
  ack: Kind.control,
  refusal: Kind.control,
  answer: Kind.control,
  fatal: Kind.control,
  reconnect: Kind.control,
};

/** Compiles the rules of a checked profile. Cold, once per profile. */
export function compileMessages(profile: WebSocketProfile): MessagePlan {
  const trie = new PathTrieBuilder();
  const tests: ValueTest[][] = [];
  const ruleIndexes: number[] = [];
  const frameTexts: FrameText[] = [];
  const quotes: (QuotePlan | null)[] = [];
  for (const [ruleIndex, rule] of profile.messages.entries()) {
    if ("frameText" in rule && rule.frameText !== undefined) {
      frameTexts.push({ bytes: Buffer.from(rule.frameText, "utf8"), ruleIndex });
    }
    if (rule.when !== undefined) {
      tests.push(compileConditions(rule.when, trie));
      ruleIndexes.push(ruleIndex);
    }
    quotes.push(rule.kind === "quote" ? compileQuoteMapping(rule.quote, trie) : null);
  }
  const kinds = profile.messages.map((rule) => KINDS[rule.kind]);
  return { trie: trie.build(), rules: profile.messages, tests, ruleIndexes, frameTexts, kinds, quotes };
}
