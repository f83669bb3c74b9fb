import { describe, expect, test } from "bun:test";
import { bookRig } from "./book-rig.ts";

const W = "35=W|34=1|52=20241019-05:41:52.867";
const X = "35=X|34=2|52=20241019-05:41:53";
/** More than there is room for at first, in each of three ways: entries, bytes of a price, bytes of an id. */
const MANY = 700;
const LONG_PRICE = `0.${"0".repeat(40)}1`;
const LONG_ID = "id".repeat(40);

describe("the store of all books", () => {
  test("what was kept stays when room is made for longer texts, longer ids and more entries", () => {
    const { take, show, trouble } = bookRig({ rules: { entriesMax: MANY } });
    take(`${W}|55=EUR/USD|268=3|269=0|278=b|270=1.10|271=5|269=0|278=c|270=1.1|269=1|278=a|270=1.2|271=6`);
    const before = show(0);
    take(`${W}|55=GBP/USD|268=1|269=0|278=${LONG_ID}|270=${LONG_PRICE}|271=${LONG_PRICE}`);
    const entries = Array.from({ length: MANY }, (_, i) => `269=1|278=${i}|270=${i}|271=${i + 1}`);
    take(`${W}|55=USD/JPY|268=${MANY}|${entries.join("|")}`);
    expect(show(0)).toBe(before);
    expect(show(1)).toBe(`${LONG_ID}:${LONG_PRICE} x ${LONG_PRICE} | `);
    expect(show(2)).toBe(` | ${Array.from({ length: MANY }, (_, i) => `${i}:${i} x ${i + 1}`).join(", ")}`);
    // Found by their ids as before, and told as before.
    expect(take(`${X}|268=1|279=1|269=0|278=b|55=EUR/USD|271=5`)).toEqual([]);
    expect(take(`${X}|268=1|279=2|278=b|55=EUR/USD`)).toEqual(["EUR/USD 1.1 x - / 1.2 x 6"]);
    expect(take(`${X}|268=2|279=1|269=1|278=0|55=USD/JPY|270=900|279=1|269=1|278=1|55=USD/JPY|270=0.5`)).toEqual([
      "USD/JPY - x - / 0.5 x 2",
    ]);
    expect(trouble.all).toEqual([]);
  });

  test("places that were given back are taken again: books that come and go for long keep their size", () => {
    const { books, take } = bookRig({ rules: { entriesMax: 10 } });
    for (let n = 0; n < 2000; n++) {
      const price = 1 + n / 1000;
      take(`${W}|55=EUR/USD|268=2|269=0|278=${n}|270=${price}|269=1|278=${n}|270=${price + 1}`);
      take(`${X}|268=2|279=0|269=0|278=x${n}|55=EUR/USD|270=${price / 2}|279=2|269=0|278=${n}|55=EUR/USD`);
    }
    expect(books.dump(0)).toEqual({
      bids: [{ id: "x1999", price: "1.4995", size: null }],
      asks: [{ id: "1999", price: "3.999", size: null }],
    });
  });
});
