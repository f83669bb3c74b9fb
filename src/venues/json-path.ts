import { splitPath } from "./path-trie.ts";
import { EACH, FILTER_SEGMENT } from "./profile-words.ts";

/**
 * All values at `path` of a parsed message; `*` stands for every element of an array, `[name=ticker]` for those whose
 * member `name` is `ticker`. Cold path: control messages only.
 */
export function valuesAt(message: unknown, path: string): unknown[] {
  let values: unknown[] = [message];
  for (const segment of splitPath(path)) values = values.flatMap((value) => step(value, segment));
  return values;
}

function step(value: unknown, segment: string): unknown[] {
  if (value === null || typeof value !== "object") return [];
  if (segment === EACH) return Array.isArray(value) ? value : [];
  const [, key, wanted] = FILTER_SEGMENT.exec(segment) ?? [];
  if (key !== undefined) {
    const elements: unknown[] = Array.isArray(value) ? value : [];
    return elements.filter((element) => memberOf(element, key) === wanted);
  }
  const member = memberOf(value, segment);
  return member === undefined ? [] : [member];
}

function memberOf(value: unknown, key: string): unknown {
  if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}
