import { expect, test } from "bun:test";
import { Instrument } from "../../../src/domain/instrument.ts";
import { type QuoteSink, QuoteView } from "../../../src/domain/quote.ts";
import { INSTRUMENTS_MAX, QuoteWatch } from "../../../src/telemetry/dashboard/quote-watch.ts";

/** A pipeline that accepts all, or what it is told to. */
class Pipeline implements QuoteSink {
  isAccepting = true;
  seen = 0;
  accept(quote: QuoteView): void {
    this.seen++;
    if (this.isAccepting && quote.instrument !== null) quote.instrument.sequence++;
  }
}

function instrument(id: number): Instrument {
  return new Instrument({ id, feedIndex: 0, source: "binance", symbol: `S${id}` });
}

/** A quote with these texts, in this order: bid, bid size, ask, ask size. */
function quote(of: Instrument, texts: readonly (string | null)[], receivedTimeUs = 1_700_000_000_000_500): QuoteView {
  const view = new QuoteView();
  view.instrument = of;
  view.receivedTimeUs = receivedTimeUs;
  view.fields = Buffer.from(`junk${texts.join("")}`);
  let at = 4;
  const ranges = texts.map((text) => {
    const start = at;
    at += text?.length ?? 0;
    return text === null ? ([-1, -1] as const) : ([start, at] as const);
  });
  [view.bidPriceStart, view.bidPriceEnd] = ranges[0];
  [view.bidSizeStart, view.bidSizeEnd] = ranges[1];
  [view.askPriceStart, view.askPriceEnd] = ranges[2];
  [view.askSizeStart, view.askSizeEnd] = ranges[3];
  return view;
}

test("QuoteWatch passes every quote on and keeps none while nobody watches", () => {
  const pipeline = new Pipeline();
  const watch = new QuoteWatch(pipeline);
  watch.accept(quote(instrument(0), ["1", "2", "3", "4"]));
  expect(pipeline.seen).toBe(1);
  expect(watch.all()).toEqual([]);
  expect(watch.takeFresh(10)).toEqual([]);
});

test("QuoteWatch keeps the newest quote of each instrument, digit by digit, a missing side as null", () => {
  const watch = new QuoteWatch(new Pipeline());
  const [a, b] = [instrument(0), instrument(7)];
  watch.open();
  watch.accept(quote(a, ["1.10", "5", "1.20", "6"]));
  watch.accept(quote(b, [null, null, "0.00000001", null]));
  watch.accept(quote(a, ["1.1000", "12345678901234567890", "1.2", "7"], 1_700_000_000_001_900));
  const expected = [
    ["binance", "S0", "1.1000", "12345678901234567890", "1.2", "7", 1_700_000_000_001],
    ["binance", "S7", null, null, "0.00000001", null, 1_700_000_000_000],
  ];
  expect(watch.all()).toEqual(expected as never);
  expect(watch.takeFresh(10)).toEqual(expected as never);
  expect(watch.takeFresh(10)).toEqual([]);
  watch.accept(quote(b, ["9", "9", "9", "9"]));
  expect(watch.takeFresh(10)).toEqual([["binance", "S7", "9", "9", "9", "9", 1_700_000_000_000]]);
});

test("QuoteWatch does not show what the pipeline refuses", () => {
  const pipeline = new Pipeline();
  const watch = new QuoteWatch(pipeline);
  watch.open();
  const one = instrument(0);
  watch.accept(quote(one, ["1", "1", "2", "1"]));
  pipeline.isAccepting = false;
  watch.accept(quote(one, ["999", "1", "2", "1"]));
  expect(watch.all()[0][2]).toBe("1");
});

test("takeFresh() is bounded, and takes those first that wait longest", () => {
  const watch = new QuoteWatch(new Pipeline());
  watch.open();
  const all = [0, 1, 2].map(instrument);
  for (const one of all) watch.accept(quote(one, ["1", "1", "2", "1"]));
  watch.accept(quote(all[0], ["3", "1", "4", "1"]));
  const symbols = (rows: readonly (readonly unknown[])[]) => rows.map((row) => row[1]);
  expect(symbols(watch.takeFresh(2))).toEqual(["S0", "S1"]);
  expect(symbols(watch.takeFresh(2))).toEqual(["S2"]);
});

test("QuoteWatch makes room for texts longer than any price", () => {
  const watch = new QuoteWatch(new Pipeline());
  watch.open();
  const long = "9".repeat(300);
  watch.accept(quote(instrument(0), [long, "1", long, "2"]));
  expect(watch.all()[0].slice(2, 6)).toEqual([long, "1", long, "2"]);
});

test("QuoteWatch keeps no more instruments than its bound, and forgets all when it is opened anew", () => {
  const watch = new QuoteWatch(new Pipeline());
  watch.open();
  for (let id = 0; id <= INSTRUMENTS_MAX; id++) watch.accept(quote(instrument(id), ["1", "1", "2", "1"]));
  expect(watch.all()).toHaveLength(INSTRUMENTS_MAX);
  watch.close();
  watch.open();
  expect(watch.all()).toEqual([]);
});
