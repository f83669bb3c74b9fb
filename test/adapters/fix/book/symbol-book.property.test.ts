import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { BookEntry } from "../../../../src/adapters/fix/book/book-side.ts";
import { EntryStore } from "../../../../src/adapters/fix/book/entry-store.ts";
import { BookKey, SymbolBook, Verdict } from "../../../../src/adapters/fix/book/symbol-book.ts";
import { MarketDataMessage } from "../../../../src/fix/market-data-message.ts";
import { readFix } from "./fix-text.ts";
import { ModelBook, type ModelOp } from "./model-book.ts";

const ENTRIES_MAX = 6;
/** Texts that are often the same number, and numbers too close for a double. */
const PRICES = [
  "1",
  "1.0",
  "1.10",
  "1.1",
  "01.1",
  ".5",
  "0.50",
  "-1",
  "-.5",
  "2",
  "3.00",
  "1.1000000000000000000000000001",
];
const SIZES = ["1", "2.5", "0", "0.00", "1000000"];
const IDS = ["a", "b", "aa", "an-id-wider-than-what-there-is-room-for"];

/** One of the two books under test writes its ops into this text, so that all bytes come through the same reader. */
function opText(op: ModelOp): string {
  const field = (tag: number, value: string | number | undefined) => (value === undefined ? "" : `|${tag}=${value}`);
  const { action, type, id, refId, price, size, level } = op;
  return `279=${action}${field(269, type)}${field(278, id)}${field(280, refId)}${field(270, price)}${field(271, size)}${field(290, level)}`;
}

function messageOf(ops: readonly ModelOp[]): MarketDataMessage {
  return readFix(`35=X|55=A|268=${ops.length}|${ops.map(opText).join("|")}`, { levelTag: 290 }).message;
}

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 4 });

function opOf(keys: { id: boolean; level: boolean }): fc.Arbitrary<ModelOp> {
  return fc.record({
    action: fc.constantFrom("0", "0", "0", "1", "1", "2", "2", "3", "4", "5"),
    type: fc.oneof({ weight: 20, arbitrary: fc.constantFrom("0", "1") }, fc.constantFrom("2", "J", undefined)),
    id: keys.id ? maybe(fc.constantFrom(...IDS)) : fc.constant(undefined),
    refId: keys.id ? fc.option(fc.constantFrom(...IDS), { nil: undefined, freq: 1 }) : fc.constant(undefined),
    price: maybe(fc.constantFrom(...PRICES)),
    size: maybe(fc.constantFrom(...SIZES)),
    level: keys.level ? maybe(fc.integer({ min: 1, max: 8 })) : fc.constant(undefined),
  });
}

const NAMES = new Map(Object.entries(Verdict).map(([name, value]) => [value, name]));

const KEYS = [
  ["id", opOf({ id: true, level: false })],
  ["quoteId", opOf({ id: true, level: false })],
  ["price", opOf({ id: false, level: false })],
  ["one", opOf({ id: false, level: false })],
  ["level", opOf({ id: false, level: true })],
] as const;

describe("SymbolBook", () => {
  test.each(KEYS)("property: by %s, agrees with a plain model after every entry", (key, op) => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 40 }), fc.array(op, { maxLength: 8 }), (ops, snapshot) => {
        const store = new EntryStore();
        const book = new SymbolBook(store, 0, ENTRIES_MAX);
        // Its ids are the same: what happens to one must leave the other alone.
        const neighbour = new SymbolBook(store, 1, ENTRIES_MAX);
        const model = new ModelBook(key, ENTRIES_MAX);
        const first = messageOf(snapshot);
        first.action.fill("0".charCodeAt(0));
        for (let i = 0; i < first.count; i++) {
          neighbour.restore(first, i, BookKey[key]);
          expect(NAMES.get(book.restore(first, i, BookKey[key]))).toBe(model.restore({ ...snapshot[i], action: "0" }));
        }
        const neighbourBefore = textOf(neighbour);
        expect(textOf(book)).toEqual(model.dump());
        const message = messageOf(ops);
        for (let i = 0; i < message.count; i++) {
          expect(NAMES.get(book.apply(message, i, BookKey[key]))).toBe(model.apply(ops[i]));
          expect(textOf(book)).toEqual(model.dump());
          expect(bestOf(book, store)).toEqual(model.best());
          expect(book.isCrossed()).toBe(model.isCrossed());
        }
        expect(textOf(neighbour)).toEqual(neighbourBefore);
      }),
      { numRuns: 1000 },
    );
  });

  test("property: a deep book keeps its order", () => {
    const price = fc.integer({ min: 0, max: 400 }).map((n) => (n / 100).toFixed(2));
    const op: fc.Arbitrary<ModelOp> = fc.record({
      action: fc.constantFrom("0", "0", "0", "1", "2"),
      type: fc.constant("0"),
      id: fc.integer({ min: 0, max: 300 }).map(String),
      refId: fc.constant(undefined),
      price,
      size: fc.constant("1"),
      level: fc.constant(undefined),
    });
    fc.assert(
      fc.property(fc.array(op, { minLength: 300, maxLength: 600 }), (ops) => {
        const book = new SymbolBook(new EntryStore(), 0, 1000);
        const model = new ModelBook("id", 1000);
        const message = messageOf(ops);
        for (let i = 0; i < message.count; i++) {
          expect(NAMES.get(book.apply(message, i, BookKey.id))).toBe(model.apply(ops[i]));
        }
        expect(textOf(book)).toEqual(model.dump());
      }),
      { numRuns: 20 },
    );
  });

  test("property: offsets of any kind are taken without a throw", () => {
    const offset = fc.integer({ min: -1, max: 90 });
    const entry = fc.tuple(fc.nat(255), fc.nat(255), fc.array(offset, { minLength: 8, maxLength: 8 }), fc.integer());
    const messages = fc.tuple(fc.uint8Array({ maxLength: 80 }), fc.array(entry, { maxLength: 20 }));
    fc.assert(
      fc.property(messages, fc.constantFrom(0, 1, 2, 3, 4), ([bytes, entries], key) => {
        const message = new MarketDataMessage();
        message.bytes = bytes;
        const book = new SymbolBook(new EntryStore(), 0, 5);
        for (const [action, type, offsets, level] of entries) {
          message.grow();
          const i = message.count++;
          message.action[i] = action % 2 === 0 ? 48 + (action % 7) : action;
          message.type[i] = type % 4 === 0 ? type : 48 + (type % 2);
          message.level[i] = level;
          [message.idFrom[i], message.idTo[i], message.refIdFrom[i], message.refIdTo[i]] = offsets;
          [message.priceFrom[i], message.priceTo[i], message.sizeFrom[i], message.sizeTo[i]] = offsets.slice(4);
          expect(NAMES.has(book.apply(message, i, key as BookKey))).toBe(true);
          expect(NAMES.has(book.restore(message, i, key as BookKey))).toBe(true);
          expect(typeof book.isCrossed()).toBe("boolean");
        }
        book.clear();
        expect(textOf(book)).toEqual({ bids: [], offers: [] });
      }),
    );
  });
});

function textOf(book: SymbolBook): { bids: BookEntry[]; offers: BookEntry[] } {
  return { bids: book.bids.dump(), offers: book.offers.dump() };
}

function bestOf(book: SymbolBook, store: EntryStore): [string | null, string | null] {
  const priceOf = (place: number) => {
    const start = store.priceStart(place);
    return place < 0 ? null : Buffer.from(store.text.subarray(start, start + store.priceLength(place))).toString();
  };
  return [priceOf(book.bids.best()), priceOf(book.offers.best())];
}
