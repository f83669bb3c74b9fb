import { describe, expect, test } from "bun:test";
import { fixDecimalKind } from "../../src/fix/fix-decimal.ts";
import { DecimalKind } from "../../src/venues/decimal-text.ts";

describe("fixDecimalKind()", () => {
  test.each([
    ["1", DecimalKind.positive],
    ["1.10", DecimalKind.positive],
    [".5", DecimalKind.positive],
    ["5.", DecimalKind.positive],
    ["00023.23", DecimalKind.positive],
    ["-.25", DecimalKind.negative],
    ["-00.1", DecimalKind.negative],
    ["0", DecimalKind.zero],
    ["-0.00", DecimalKind.zero],
    [".0", DecimalKind.zero],
    ["9".repeat(64), DecimalKind.positive],
    ["9".repeat(65), DecimalKind.invalid],
    ["", DecimalKind.invalid],
    ["-", DecimalKind.invalid],
    [".", DecimalKind.invalid],
    ["-.", DecimalKind.invalid],
    ["+1", DecimalKind.invalid],
    ["--1", DecimalKind.invalid],
    ["1-", DecimalKind.invalid],
    ["1e3", DecimalKind.invalid],
    [" 1", DecimalKind.invalid],
    ["1,5", DecimalKind.invalid],
    ["1.2.3", DecimalKind.invalid],
    ["NaN", DecimalKind.invalid],
  ])("judges %p", (text, expected) => {
    const bytes = Buffer.from(`5${text}5`, "latin1");
    expect(fixDecimalKind(bytes, 1, bytes.length - 1)).toBe(expected);
  });
});
