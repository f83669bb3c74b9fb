import { expect, test } from "bun:test";
import fc from "fast-check";
import { FrameKind } from "../../../src/venues/compiled-venue.ts";
import { bindEverything, DecodedQuotes, loadEverything } from "./grpc-test-venue.ts";

const { schema, encode } = await loadEverything();
const NANO = 1_000_000_000n;
const INT64_MAX = 2n ** 63n - 1n;

/** A quote as protobufjs is given it. */
const anyQuote = fc.record(
  {
    symbol: fc.constantFrom("A", "B"),
    bid_money: fc
      .record({ amount: fc.bigInt({ min: -(INT64_MAX * NANO), max: INT64_MAX * NANO }), isShort: fc.boolean() })
      .map(({ amount, isShort }) => (isShort ? amount / 10n ** 18n : amount))
      .map((amount) => ({ units: String(amount / NANO), nano: Number(amount % NANO) })),
    bid_scaled: fc.bigInt({ min: -(2n ** 63n), max: INT64_MAX }).map(String),
    ask_size: fc.bigInt({ min: 0n, max: INT64_MAX }).map(String),
    sequence: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
    time_ns: fc.bigInt({ min: 1_000_000_000_000_000_000n, max: 2_000_000_000_000_000_000n }).map(String),
  },
  { requiredKeys: ["symbol"] },
);

type AnyQuote = typeof anyQuote extends fc.Arbitrary<infer T> ? T : never;

const RULE = {
  kind: "quote",
  when: {},
  quote: {
    symbol: "quotes.*.symbol",
    bid: {
      price: { path: "quotes.*.bid_money", kind: "unitsNano" },
      size: { path: "quotes.*.ask_size", kind: "scaled" },
    },
    ask: { price: { path: "quotes.*.bid_scaled", kind: "scaled", exponent: -5 } },
    time: { path: "quotes.*.time_ns", format: "ns" },
    sequence: "quotes.*.sequence",
    zeroPriceIsEmpty: false,
  },
};

/** An exact decimal number from a whole one. */
function shifted(amount: bigint, decimals: number): string {
  const digits = String(amount < 0n ? -amount : amount).padStart(decimals + 1, "0");
  return `${amount < 0n ? "-" : ""}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

function expectedText({ symbol, bid_money, bid_scaled, ask_size, sequence, time_ns }: AnyQuote): string {
  const money = bid_money && BigInt(bid_money.units) * NANO + BigInt(bid_money.nano);
  const bid = money === undefined ? "-" : shifted(money, 9).replace(/\.?0+$/, "");
  const bidSize = bid_money === undefined ? "-" : (ask_size ?? "0");
  const ask = shifted(BigInt(bid_scaled ?? "0"), 5);
  const time = time_ns === undefined ? "" : ` @${BigInt(time_ns) / 1_000_000n}`;
  return `${symbol} ${bid}/${bidSize} ${ask}/- #${sequence ?? "0"}${time}`;
}

test("quotes of any numbers, written by protobufjs, are read as exact text", () => {
  const stream = bindEverything(schema, { messages: [RULE] });
  fc.assert(
    fc.property(fc.array(anyQuote, { minLength: 1, maxLength: 6 }), (quotes) => {
      const decoded = new DecodedQuotes(stream);
      expect(decoded.decoder.decode(encode({ quotes }), 1)).toBe(FrameKind.quote);
      expect(decoded.quotes).toEqual(quotes.map(expectedText));
    }),
    { numRuns: 1000 },
  );
});
