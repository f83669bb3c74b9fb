import { expect, test } from "bun:test";
import fc from "fast-check";
import { buildMessage } from "../../../src/fix/message-builder.ts";
import { damaged, withPaddedLength } from "../../../src/simulator/fix/fix-message.ts";
import { stampsOf, stampTimes, writeDigits } from "../../../src/simulator/fix/message-stamps.ts";
import { readable, withCheckSum } from "../../harness/fix-wire.ts";

const HEADER = {
  beginString: "FIX.4.4",
  msgType: "0",
  sequence: 12,
  sender: "A",
  target: "B",
  sendingTime: "20260102-10:11:12",
};

function hasRightSum(message: Uint8Array): boolean {
  return withCheckSum(message.subarray(0, -7)).equals(Buffer.from(message));
}

test("withPaddedLength() pads BodyLength and keeps the checksum right", () => {
  const message = buildMessage(HEADER, []);
  expect(readable(withPaddedLength(message, 7))).toStartWith("8=FIX.4.4|9=0000042|35=0|34=12|");
  expect(hasRightSum(withPaddedLength(message, 7))).toBe(true);
  expect(withPaddedLength(message, 0).equals(message)).toBe(true);
});

test("damaged() spoils the sum alone, or the length alone", () => {
  const message = withPaddedLength(buildMessage(HEADER, []), 0);
  const badSum = damaged(message, "checksum");
  expect([badSum.length, hasRightSum(badSum)]).toEqual([message.length, false]);
  const badLength = damaged(message, "bodyLength");
  expect([readable(badLength).slice(0, 15), hasRightSum(badLength)]).toEqual(["8=FIX.4.4|9=43|", true]);
});

test("stampsOf() finds what changes, and leaves the sum of the rest", () => {
  const message = Buffer.from(
    buildMessage({ ...HEADER, msgType: "W" }, [
      [272, "20260102"],
      [273, "10:11:12"],
      [60, "20260102-10:11:12"],
    ]),
  );
  const { stamps, fixedSum } = stampsOf(message);
  expect(stamps.map(({ kind, length }) => `${kind} ${length}`)).toEqual([
    "sequence 2",
    "timestamp 17",
    "date 8",
    "timeOfDay 8",
    "timestamp 17",
  ]);
  const times = stampTimes("20260102-10:11:12");
  const sum =
    fixedSum + 2 * times.timestampSum + times.dateSum + times.timeOfDaySum + "1".charCodeAt(0) + "2".charCodeAt(0);
  expect(readable(message)).toEndWith(`|10=${String(sum & 255).padStart(3, "0")}|`);
});

test("writeDigits() writes any number over another of its length and sums its digits", () => {
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (value) => {
      const text = String(value);
      const target = Buffer.alloc(text.length + 2, "x");
      const sum = writeDigits(target, 1, { length: text.length, value });
      expect(target.toString()).toBe(`x${text}x`);
      expect(sum).toBe([...text].reduce((total, digit) => total + digit.charCodeAt(0), 0));
    }),
  );
});
