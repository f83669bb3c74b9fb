// Hot path.
import { DecimalKind, decimalKind, numberKind } from "./decimal-text.ts";
import { JsonType } from "./json-grammar.ts";
import type { JsonScanner } from "./json-scanner.ts";

/** What a message says about a price or a size. */
export const FieldState = {
  /** The message does not have the field. */
  absent: 0,
  /** It says there is none: `null` or `""`. */
  empty: 1,
  zero: 2,
  positive: 3,
  negative: 4,
  /** No decimal number. */
  bad: 5,
} as const;

/** See {@link FieldState}. */
export type FieldState = (typeof FieldState)[keyof typeof FieldState];

/** What the decimal field in slot `node` says; the slot's offsets are its text. */
export function decimalState(scanner: JsonScanner, node: number): FieldState {
  const type = scanner.types[node];
  const start = scanner.starts[node];
  const end = scanner.ends[node];
  let kind: DecimalKind = DecimalKind.invalid;
  if (type === JsonType.string) {
    if (start === end) return FieldState.empty;
    kind = decimalKind(scanner.text, start, end);
  } else if (type === JsonType.number) {
    kind = numberKind(scanner.text, start, end);
  } else if (type === JsonType.absent) {
    return FieldState.absent;
  } else if (type === JsonType.null) {
    return FieldState.empty;
  }
  if (kind === DecimalKind.positive) return FieldState.positive;
  if (kind === DecimalKind.zero) return FieldState.zero;
  return kind === DecimalKind.negative ? FieldState.negative : FieldState.bad;
}
