import { JsonType } from "./json-grammar.ts";
import type { PathTrieBuilder } from "./path-trie.ts";
import type { Condition, Conditions, Literal, VALUE_KINDS } from "./profile-words.ts";
import { ANY_VALUE, Comparison, maskOf, type ValueTest } from "./rule-matcher.ts";

const NO_BYTES = new Uint8Array(0);
const STRING_MASK = maskOf(JsonType.string);

const KIND_MASKS: Readonly<Record<(typeof VALUE_KINDS)[number], number>> = {
  absent: maskOf(JsonType.absent),
  present: ANY_VALUE,
  null: maskOf(JsonType.null),
  boolean: maskOf(JsonType.true, JsonType.false),
  number: maskOf(JsonType.number),
  string: STRING_MASK,
  object: maskOf(JsonType.object),
  array: maskOf(JsonType.array),
};

/** Turns a profile's conditions into tests on places of the message (root 0 of the trie). Cold, once per profile. */
export function compileConditions(conditions: Conditions, trie: PathTrieBuilder): ValueTest[] {
  return Object.entries(conditions).flatMap(([path, condition]) =>
    compileCondition(condition, trie.addPath(0, 0, path)),
  );
}

function compileCondition(condition: Condition, node: number): ValueTest[] {
  if (condition === null || typeof condition !== "object") return [equalTo(condition, node)];
  const tests: ValueTest[] = [];
  if (condition.is !== undefined) tests.push(makeTest(node, KIND_MASKS[condition.is], Comparison.none));
  if (condition.oneOf !== undefined) {
    const choices = condition.oneOf.map((literal) => equalTo(literal, node));
    tests.push({ ...makeTest(node, ANY_VALUE, Comparison.oneOf), choices });
  }
  for (const comparison of ["startsWith", "endsWith", "contains"] as const) {
    const text = condition[comparison];
    if (text === undefined) continue;
    tests.push({ ...makeTest(node, STRING_MASK, Comparison[comparison]), bytes: Buffer.from(text, "utf8") });
  }
  return tests;
}

/** A string or number is compared by its text, so that `1` and `1.0` are two things; the rest by type alone. */
function equalTo(literal: Literal, node: number): ValueTest {
  if (literal === null) return makeTest(node, maskOf(JsonType.null), Comparison.none);
  if (typeof literal === "boolean") {
    return makeTest(node, maskOf(literal ? JsonType.true : JsonType.false), Comparison.none);
  }
  const mask = typeof literal === "string" ? STRING_MASK : maskOf(JsonType.number);
  return { ...makeTest(node, mask, Comparison.equals), bytes: Buffer.from(String(literal), "utf8") };
}

function makeTest(node: number, typeMask: number, comparison: Comparison): ValueTest {
  return { node, typeMask, comparison, bytes: NO_BYTES, choices: [] };
}
