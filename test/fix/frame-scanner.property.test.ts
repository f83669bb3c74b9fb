import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readFields } from "../../src/fix/field-reader.ts";
import { buildMessage } from "../../src/fix/message-builder.ts";
import { byteEnds, numbered, SOH, scanPieces, withFrame } from "./fix-text.ts";

/** Bytes that look like FIX often enough to reach every branch. */
const scrap = fc.oneof(
  fc.constantFrom(
    "8=FIX.4.4",
    "8=FIX",
    "8=F",
    SOH,
    "9=5",
    "9=30",
    "9=0000",
    "35=W",
    "34=7",
    "10=000",
    "95=3",
    "96=",
    "=",
    "1",
    "x",
  ),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const noise = fc.array(scrap, { maxLength: 12 }).map((parts) => Buffer.from(parts.join(""), "latin1"));
const value = fc.string({
  unit: fc.constantFrom("a", "8", "=", "F", "I", "X", "1", "0", ".", " ", "é"),
  maxLength: 20,
});
const good = fc.tuple(fc.nat(999_999), value).map(([sequence, text]) => numbered(sequence, "B", `58=${text}|`));
const withData = fc.tuple(fc.nat(999_999), fc.uint8Array({ maxLength: 60 }), good).map(([sequence, bytes, inner]) => {
  const data = Buffer.concat([bytes, inner]).toString("latin1");
  // `|` is the tests' SOH: data that has one is as good as another.
  return numbered(sequence, "B", `95=${data.length}|96=${data}|58=after|`);
});
const spoilt = fc.tuple(good, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([message, at, change]) => {
  const bytes = Buffer.from(message);
  bytes[at % bytes.length] ^= change;
  return bytes;
});
const stream = fc
  .array(fc.oneof({ weight: 4, arbitrary: good }, withData, spoilt, noise), { maxLength: 12 })
  .map((parts) => Buffer.concat(parts));

describe("FrameScanner, property:", () => {
  test("any split of a stream gives the same frames as the whole", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 20 }), (bytes, cuts) => {
        const whole = scanPieces(bytes);
        const ends = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b);
        expect(scanPieces(bytes, ends).frames).toEqual(whole.frames);
        expect(scanPieces(bytes, byteEnds(bytes)).frames).toEqual(whole.frames);
      }),
      { numRuns: 400 },
    );
  });

  test("any bytes: never throws, keeps no more than the cap", () => {
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 10 }), (chunks) => {
        const bytes = Buffer.concat(chunks);
        const told = scanPieces(bytes, byteEnds(bytes), 64);
        expect(told.pendingBytes).toBeLessThanOrEqual(64);
      }),
      { numRuns: 300 },
    );
  });

  test("good messages come through whatever stands between them", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(fc.constantFrom("x", SOH, "8", "9=", "10=000", "8=FIX"), { maxLength: 5 }), good)),
        (parts) => {
          const bytes = Buffer.concat(parts.flatMap(([junk, message]) => [Buffer.from(junk.join("")), message]));
          const expected = parts.map(([, message]) => message.toString("latin1").replaceAll(SOH, "|"));
          expect(scanPieces(bytes).frames).toEqual(expected);
        },
      ),
    );
  });

  test("one byte changed never gives another good message, and never costs the next one", () => {
    fc.assert(
      fc.property(good, good, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, next, at, change) => {
        const bytes = Buffer.from(message);
        const place = at % bytes.length;
        bytes[place] ^= change;
        const { frames } = scanPieces(Buffer.concat([bytes, next]));
        expect(frames).toEqual([next.toString("latin1").replaceAll(SOH, "|")]);
      }),
      { numRuns: 1000 },
    );
  });

  test("what message-builder writes is read back", () => {
    const field = fc.tuple(fc.integer({ min: 1000, max: 99_999 }), fc.string({ unit: "binary", minLength: 1 }));
    fc.assert(
      fc.property(fc.array(field), fc.nat(), (fields, sequence) => {
        const message = buildMessage(
          {
            beginString: "FIX.4.4",
            msgType: "W",
            sequence,
            sender: "A",
            target: "B",
            sendingTime: "20240502-07:49:37",
          },
          fields.map(([tag, text]) => [tag, text] as const),
        );
        const read = withFrame(message, readFields);
        const latin1 = (text: string) =>
          Array.from({ length: text.length }, (_, i) => text[i]).map((c) => (c > "ÿ" || c === SOH ? "?" : c));
        expect(read.slice(7, -1)).toEqual(fields.map(([tag, text]) => [tag, latin1(text).join("")]));
        expect(read[3]).toEqual([34, String(sequence)]);
      }),
    );
  });
});
