import { describe, expect, test } from "bun:test";
import { findField, readFields, sliceText } from "../../src/fix/field-reader.ts";
import { fixMessage, withFrame } from "./fix-text.ts";

describe("readFields()", () => {
  test("gives header, body and trailer in order, data whole", () => {
    const message = fixMessage("35=A|34=1|95=7|96=a|10=0||58=é|");
    expect(withFrame(message, readFields)).toEqual([
      [8, "FIX.4.4"],
      [9, "31"],
      [35, "A"],
      [34, "1"],
      [95, "7"],
      [96, "a\u000110=0\u0001"],
      [58, "é"],
      [10, message.toString("latin1").slice(-4, -1)],
    ]);
  });

  test("a length that leads nowhere is a field like any other", () => {
    const fields = (body: string) => withFrame(fixMessage(`35=A|34=1|${body}`), readFields).slice(4, -1);
    expect(fields("95=900|96=ab|58=x|")).toEqual([
      [95, "900"],
      [96, "ab"],
      [58, "x"],
    ]);
    expect(fields("95=1|96=ab|")).toEqual([
      [95, "1"],
      [96, "ab"],
    ]);
    expect(fields("95=x|96=ab|")).toEqual([
      [95, "x"],
      [96, "ab"],
    ]);
    expect(fields("95=2|58=ab|")).toEqual([
      [95, "2"],
      [58, "ab"],
    ]);
  });

  test("SignatureLength (93) announces Signature (89)", () => {
    expect(withFrame(fixMessage("35=A|34=1|93=3|89=a|b|"), (frame) => findField(frame, 89))).toBe("a\u0001b");
  });

  test("bytes that are no field have tag 0", () => {
    expect(withFrame(fixMessage("35=A|34=1|58=x|junk|=3||"), readFields).slice(5, -1)).toEqual([
      [0, "junk"],
      [0, "=3"],
      [0, ""],
    ]);
  });
});

describe("findField()", () => {
  test("gives the first of a tag, null without one, and looks into no data", () => {
    const message = fixMessage("35=A|34=1|354=7|355=|58=no||58=yes|58=later|553=|");
    expect(withFrame(message, (frame) => [58, 553, 1, 8, 355].map((tag) => findField(frame, tag)))).toEqual([
      "yes",
      "",
      null,
      "FIX.4.4",
      "\u000158=no\u0001",
    ]);
  });
});

describe("sliceText()", () => {
  test("a byte is a character; absent is empty", () => {
    const bytes = Buffer.from([0x61, 0xe9, 0xff, 0x62]).subarray(1);
    expect(sliceText(bytes, 0, 2)).toBe("éÿ");
    expect(sliceText(bytes, -1, -1)).toBe("");
  });
});
