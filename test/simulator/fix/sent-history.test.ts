import { expect, test } from "bun:test";
import fc from "fast-check";
import { SentHistory } from "../../../src/simulator/fix/sent-history.ts";

/** Each fills megabytes. */
const RUNS = 50;

function textOf(sequence: number, length: number): Buffer {
  return Buffer.alloc(length, `${sequence}.`);
}

test("SentHistory finds what was kept lately, as it was, and never anything else", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 60 }), (lengths) => {
      const history = new SentHistory();
      for (const [index, length] of lengths.entries()) {
        const bytes = Buffer.concat([Buffer.from("head"), textOf(index + 1, length)]);
        history.keep(index + 1, bytes, 4, bytes.length);
      }
      let total = 0;
      for (let sequence = lengths.length; sequence >= 1; sequence--) {
        total += lengths[sequence - 1];
        const found = history.find(sequence);
        // A ring of 4 MiB whose end may be padded by less than the longest message.
        if (total < 4 * 1024 * 1024 - 300_000) expect(found).not.toBeNull();
        if (found !== null) expect(found.equals(textOf(sequence, lengths[sequence - 1]))).toBe(true);
      }
    }),
    { numRuns: RUNS },
  );
});

test("SentHistory forgets by number, and all when told to", () => {
  const history = new SentHistory();
  for (let sequence = 1; sequence <= 20_000; sequence++) history.keep(sequence, textOf(sequence, 10), 0, 10);
  expect(history.oldest(20_000)).toBe(20_000 - 16_383);
  expect([history.find(history.oldest(20_000) - 1), history.find(20_001)]).toEqual([null, null]);
  expect(history.find(history.oldest(20_000))?.toString()).toBe(textOf(3617, 10).toString());
  history.clear();
  expect(history.find(20_000)).toBeNull();
});

test("SentHistory does not keep what is larger than itself", () => {
  const history = new SentHistory();
  history.keep(1, Buffer.alloc(5 * 1024 * 1024), 0, 5 * 1024 * 1024);
  expect(history.find(1)).toBeNull();
});
