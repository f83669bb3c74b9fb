// Hot path.
import { JsonType } from "./json-grammar.ts";
import type { JsonScanner } from "./json-scanner.ts";

/** How a test compares the bytes of a value, once its type is allowed. */
export const Comparison = { none: 0, equals: 1, startsWith: 2, endsWith: 3, contains: 4, oneOf: 5 } as const;

/** See {@link Comparison}. */
export type Comparison = (typeof Comparison)[keyof typeof Comparison];

/** One test of one place in a message, compiled from a profile's condition. */
export interface ValueTest {
  readonly node: number;
  /** Bit `1 << JsonType` for each type that passes. */
  readonly typeMask: number;
  readonly comparison: Comparison;
  readonly bytes: Uint8Array;
  /** For `oneOf`: any of them. */
  readonly choices: readonly ValueTest[];
}

/** No rule matches. */
export const NO_RULE = -1;

/** Index of the first rule whose tests all hold for what the scanner has found, or {@link NO_RULE}. */
export function findRule(rules: readonly (readonly ValueTest[])[], scanner: JsonScanner): number {
  for (let rule = 0; rule < rules.length; rule++) if (allHold(rules[rule], scanner)) return rule;
  return NO_RULE;
}

/** True when every test holds; so when there is none. */
export function allHold(tests: readonly ValueTest[], scanner: JsonScanner): boolean {
  for (let i = 0; i < tests.length; i++) if (!holds(tests[i], scanner)) return false;
  return true;
}

function holds(test: ValueTest, scanner: JsonScanner): boolean {
  const node = test.node;
  if (((1 << scanner.types[node]) & test.typeMask) === 0) return false;
  const comparison = test.comparison;
  if (comparison === Comparison.none) return true;
  if (comparison === Comparison.oneOf) return anyHolds(test.choices, scanner);
  const start = scanner.starts[node];
  const end = scanner.ends[node];
  const length = test.bytes.length;
  if (end - start < length) return false;
  if (comparison === Comparison.startsWith) return isAt(test.bytes, scanner.text, start);
  if (comparison === Comparison.endsWith) return isAt(test.bytes, scanner.text, end - length);
  if (comparison === Comparison.equals) return end - start === length && isAt(test.bytes, scanner.text, start);
  for (let at = start; at + length <= end; at++) if (isAt(test.bytes, scanner.text, at)) return true;
  return false;
}

function anyHolds(choices: readonly ValueTest[], scanner: JsonScanner): boolean {
  for (let i = 0; i < choices.length; i++) if (holds(choices[i], scanner)) return true;
  return false;
}

/** True when `wanted` stands at `at` in `bytes`; the caller knows that there is room for it. */
export function isAt(wanted: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

/** The mask that lets one type pass. */
export function maskOf(...types: readonly JsonType[]): number {
  return types.reduce<number>((mask, type) => mask | (1 << type), 0);
}

/** The mask that lets every type pass but `absent`. */
export const ANY_VALUE = maskOf(...Object.values(JsonType)) & ~maskOf(JsonType.absent);
