import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createRecordedDecoder } from "./quote-recorder.ts";
import { FLAT_QUOTE, type ProfileInput, testVenue } from "./test-profile.ts";

function decoderFor(quote: Record<string, unknown>) {
  const messages = [
    { kind: "quote", when: {}, quote: { ...FLAT_QUOTE, merge: true, ...quote } },
  ] as ProfileInput["messages"];
  const venue = testVenue({ messages });
  const recorded = createRecordedDecoder(venue, ["AAA", "BBB"]);
  /** `bidPrice bidSize askPrice askSize sequence` of the quotes a message gives, `-` for none; else why there is none. */
  const show = (text: string): string => {
    const { kind, reason, quotes } = recorded.decode(text);
    if (kind !== "quote") return reason;
    return quotes
      .map(({ bidPrice, bidSize, askPrice, askSize, sequence }) =>
        [bidPrice, bidSize, askPrice, askSize, sequence].map((field) => field ?? "-").join(" "),
      )
      .join(", ");
  };
  return { ...recorded, venue, show };
}

describe("merging fields", () => {
  test("what a message does not say stays as it was, per symbol", () => {
    const { show } = decoderFor({ sequence: { path: "u", optional: true } });
    expect(show('{"s":"AAA","b":"1.10","B":"5","a":"1.20","A":"6","u":1}')).toBe("1.10 5 1.20 6 1");
    expect(show('{"s":"AAA","b":"1.11","u":2}')).toBe("1.11 5 1.20 6 2");
    expect(show('{"s":"BBB","a":"9"}')).toBe("- - 9 - -");
    expect(show('{"s":"AAA","A":"66666","u":"0003"}')).toBe("1.11 5 1.20 66666 0003");
    expect(show('{"s":"BBB","b":8,"B":7}')).toBe("8 7 9 - -");
    expect(show('{"s":"AAA","a":"1.2"}')).toBe("1.11 5 1.2 66666 -");
  });

  test("null, an empty text and a price of zero take a side away", () => {
    const { show } = decoderFor({});
    expect(show('{"s":"AAA","b":"1","B":"5","a":"2","A":"6"}')).toBe("1 5 2 6 -");
    expect(show('{"s":"AAA","b":null}')).toBe("- - 2 6 -");
    expect(show('{"s":"AAA","b":"1"}')).toBe("1 - 2 6 -");
    expect(show('{"s":"AAA","a":""}')).toBe("1 - - - -");
    expect(show('{"s":"AAA","b":"0.00","a":"2"}')).toBe("- - 2 - -");
    expect(show('{"s":"AAA","A":"4"}')).toBe("- - 2 4 -");
    expect(show('{"s":"AAA","A":null}')).toBe("- - 2 - -");
  });

  test("a message that speaks of neither side gives no quote", () => {
    const { show, decode } = decoderFor({});
    expect(show('{"s":"AAA","b":"1","B":"5","a":"2","A":"6"}')).toBe("1 5 2 6 -");
    expect(decode('{"s":"AAA","volume":"7"}')).toEqual({ kind: "quote", reason: "", quotes: [] });
  });

  test("a rejected message changes nothing", () => {
    const { show } = decoderFor({});
    expect(show('{"s":"AAA","b":"1","B":"5","a":"2","A":"6"}')).toBe("1 5 2 6 -");
    expect(show('{"s":"AAA","b":"1.5","a":"x"}')).toBe("bad_price");
    expect(show('{"s":"AAA","b":"1.5","A":"-1"}')).toBe("bad_size");
    expect(show('{"s":"AAA","B":"7"}')).toBe("1 7 2 6 -");
  });

  test("a snapshot replaces all, and an update before the first one is refused", () => {
    const { show, recorder } = decoderFor({ snapshot: { when: { type: "full" } } });
    expect(show('{"s":"AAA","b":"1"}')).toBe("no_snapshot");
    expect(show('{"type":"full","s":"AAA","b":"1","B":"5","a":"2","A":"6"}')).toBe("1 5 2 6 -");
    expect(show('{"s":"BBB","b":"1"}')).toBe("no_snapshot");
    expect(show('{"s":"AAA","b":"1.5"}')).toBe("1.5 5 2 6 -");
    expect(show('{"type":"full","s":"AAA","a":"3"}')).toBe("- - 3 - -");
    expect(show('{"type":"full","s":"AAA"}')).toBe("- - - - -");
    expect(recorder.snapshots).toEqual([true, false, true, true]);
  });

  test("a new decoder knows nothing of the session before", () => {
    const first = decoderFor({});
    expect(first.show('{"s":"AAA","b":"1","B":"5","a":"2","A":"6"}')).toBe("1 5 2 6 -");
    const second = createRecordedDecoder(first.venue, ["AAA"]);
    expect(second.decode('{"s":"AAA","b":"1.5"}').quotes).toMatchObject([{ bidPrice: "1.5", askPrice: null }]);
  });

  test("keeps values of the longest kind", () => {
    const { show } = decoderFor({});
    const long = "9".repeat(64);
    expect(show(`{"s":"AAA","b":"${long}","B":"${long}","a":"${long}","A":"${long}"}`)).toBe(
      `${long} ${long} ${long} ${long} -`,
    );
    expect(show('{"s":"AAA","B":"1"}')).toBe(`${long} 1 ${long} ${long} -`);
  });
});

describe("merging levels of a book one deep", () => {
  const levels = { bid: { levels: "b" }, ask: { levels: "a" } };

  test("follows Bybit's deltas: a new level replaces, size zero removes", () => {
    const { show } = decoderFor({ ...levels, snapshot: { when: { type: "snapshot" } } });
    expect(show('{"type":"snapshot","s":"AAA","b":[["10","1"]],"a":[["11","2"]]}')).toBe("10 1 11 2 -");
    expect(show('{"s":"AAA","b":[["10","0"],["9.5","3"]],"a":[]}')).toBe("9.5 3 11 2 -");
    expect(show('{"s":"AAA","b":[["9.4","4"],["9.5","0"]],"a":[["11","5"]]}')).toBe("9.4 4 11 5 -");
    expect(show('{"s":"AAA","b":[["9.9","6"]],"a":[["11","0"]]}')).toBe("9.9 6 - - -");
    expect(show('{"s":"AAA","b":[["9.4","0"]],"a":[["12","7"]]}')).toBe("9.9 6 12 7 -");
    expect(show('{"s":"AAA","b":[["9.9","0.000"],["9.8","0"]],"a":[["12","0"],["13","1"],["14","2"]]}')).toBe(
      "- - 13 1 -",
    );
    expect(show('{"type":"snapshot","s":"AAA","b":[["9","1"]],"a":[]}')).toBe("9 1 - - -");
  });

  test("an empty list says nothing in an update, null says that the side is empty", () => {
    const { show, decode } = decoderFor(levels);
    expect(show('{"s":"AAA","b":[["1","1"]],"a":[["2","2"]]}')).toBe("1 1 2 2 -");
    expect(decode('{"s":"AAA","b":[],"a":[]}')).toEqual({ kind: "quote", reason: "", quotes: [] });
    expect(show('{"s":"AAA","a":null}')).toBe("1 1 - - -");
  });

  test("a bad level refuses the message, which changes nothing", () => {
    const { show } = decoderFor(levels);
    expect(show('{"s":"AAA","b":[["1","1"]],"a":[["2","2"]]}')).toBe("1 1 2 2 -");
    expect(show('{"s":"AAA","b":[["1.5","1"]],"a":[["3","x"]]}')).toBe("bad_size");
    expect(show('{"s":"AAA","b":[["1.5","1"],["x","1"]]}')).toBe("bad_price");
    expect(show('{"s":"AAA","b":[["1.5","1"],["1.4"]]}')).toBe("missing_field");
    expect(show('{"s":"AAA","b":[["",""]]}')).toBe("bad_price");
    expect(show('{"s":"AAA","b":"none"}')).toBe("bad_list");
    expect(show('{"s":"AAA","a":[["2","3"]]}')).toBe("1 1 2 3 -");
  });

  test("property: agrees with a plain model of the book's one level", () => {
    const level = fc.tuple(fc.constantFrom("1", "2", "3.50"), fc.constantFrom("0", "0.0", "1", "2.5"));
    const message = fc.record({
      isSnapshot: fc.boolean(),
      b: fc.option(fc.array(level, { maxLength: 3 }), { nil: undefined }),
      a: fc.option(fc.array(level, { maxLength: 3 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
        const { decode } = decoderFor({ ...levels, snapshot: { when: { type: "full" } } });
        let book: Book | null = null;
        for (const { isSnapshot, b, a } of messages) {
          const { kind, quotes } = decode(JSON.stringify({ s: "AAA", type: isSnapshot ? "full" : "part", b, a }));
          if (book === null && !isSnapshot) {
            expect(kind).toBe("rejected");
            continue;
          }
          const before: Book = book ?? { b: null, a: null };
          book = { b: modelSide(before.b, b, isSnapshot), a: modelSide(before.a, a, isSnapshot) };
          const [quote] = quotes;
          if (quote === undefined) expect(book).toEqual(before);
          else
            expect([quote.bidPrice, quote.bidSize, quote.askPrice, quote.askSize]).toEqual([
              ...(book.b ?? [null, null]),
              ...(book.a ?? [null, null]),
            ]);
        }
      }),
    );
  });
});

/** Both sides: price and size, or null. */
interface Book {
  readonly b: readonly [string, string] | null;
  readonly a: readonly [string, string] | null;
}

/** One side after a message: the first level with a size, else what was there unless a level takes it away. */
function modelSide(
  known: readonly [string, string] | null,
  levels: readonly (readonly [string, string])[] | undefined,
  isSnapshot: boolean,
): readonly [string, string] | null {
  const best = (levels ?? []).find(([, size]) => Number(size) !== 0);
  if (best !== undefined) return best;
  if (isSnapshot || known === null) return null;
  return (levels ?? []).some(([price]) => price === known[0]) ? null : known;
}
