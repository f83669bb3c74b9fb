import { expect, test } from "bun:test";
import { EVENTS_KEPT_MAX, HISTORY_SECONDS, Model } from "../../../../src/telemetry/dashboard/page/model.ts";
import { findInstruments } from "../../../../src/telemetry/dashboard/page/search.ts";
import type { EventRow } from "../../../../src/telemetry/dashboard/protocol.ts";
import { board, feedRow, hello, update } from "../board-fixture.ts";

function event(id: number, changes: Partial<EventRow> = {}): EventRow {
  return {
    id,
    timeMs: id,
    tone: "good",
    kind: "state",
    source: "okx",
    text: `event ${id}`,
    replaces: 0,
    bytes: "",
    ...changes,
  };
}

function ids(model: Model): number[] {
  return model.events.map(({ id }) => id);
}

test("Model begins with the past of the program and adds a point for every new second, none for the same", () => {
  const model = new Model();
  model.apply(hello());
  expect(model.history.times).toEqual([1, 2]);
  model.apply(update({ sampleMs: 2000 }));
  model.apply(update({ sampleMs: 3000 }));
  model.apply(update({ sampleMs: 3000 }));
  expect(model.history.times).toEqual([1, 2, 3]);
  expect(model.history.accepted).toEqual([10, 20, 100]);
  expect(model.history.ackP99Ms.at(-1)).toBe(4);
});

test("Model keeps 15 minutes, and begins anew when the server's clock has gone back", () => {
  const model = new Model();
  model.apply(hello());
  for (let second = 3; second <= HISTORY_SECONDS + 50; second++) model.apply(update({ sampleMs: second * 1000 }));
  expect(model.history.times[0]).toBe(50);
  expect(model.history.times).toHaveLength(model.history.accepted.length);
  model.apply(update({ sampleMs: 5000 }));
  expect(model.history.times).toEqual([5]);
});

test("Model plots the feed that was chosen, from when its past has come", () => {
  const model = new Model();
  model.apply(hello());
  model.choosePlot("binance");
  expect(model.history.times).toEqual([]);
  model.apply({ type: "history", feed: "okx", history: hello().history });
  expect(model.history.times).toEqual([]);
  model.apply({ type: "history", feed: "binance", history: hello().history });
  model.apply(update({ board: board({ feeds: [feedRow({ quotesPerSecond: 7 })] }) }));
  expect(model.history.accepted).toEqual([10, 20, 7]);
  expect(model.history.ackP50Ms.at(-1)).toBeNull();
  model.apply(update({ sampleMs: 4000, board: board({ feeds: [] }) }));
  expect(model.history.accepted).toHaveLength(3);
});

test("Model shows every instrument from the start and its newest quote when it comes; a restart forgets all", () => {
  const model = new Model();
  model.apply(hello());
  expect([...model.instruments.values()].map(({ quote }) => quote)).toEqual([null, null]);
  model.apply(update({ quotes: [["kraken", "BTC/USD", "1.10", "2", null, null, 5]] }));
  model.apply(update({ quotes: [["added", "LATER", "1", "2", "3", "4", 5]] }));
  expect(model.instruments.get("kraken BTC/USD")?.quote?.[2]).toBe("1.10");
  expect(model.instruments.size).toBe(3);
  model.apply(
    hello({ product: { ...hello().product, startedMs: 2 }, instruments: [["okx", "X"]], events: [event(1)] }),
  );
  expect([...model.instruments.keys()]).toEqual(["okx X"]);
  expect(ids(model)).toEqual([1]);
});

test("Model keeps events newest first, a bounded number, a repeated one once", () => {
  const model = new Model();
  model.apply(hello({ events: [event(1), event(2)] }));
  model.apply(update({ events: [event(3), event(4, { replaces: 2 })] }));
  expect(ids(model)).toEqual([4, 3, 1]);
  const before = model.events;
  model.apply(update());
  expect(model.events).toBe(before);
  for (let id = 5; id < 5 + EVENTS_KEPT_MAX; id++) model.apply(update({ events: [event(id)], eventsLeftOut: 1 }));
  expect(model.events).toHaveLength(EVENTS_KEPT_MAX);
  expect(model.eventsLeftOut).toBe(EVENTS_KEPT_MAX);
});

test.each([
  ["", ["BTCUSDT", "BTC/USD"]],
  ["btcusd", ["BTCUSDT", "BTC/USD"]],
  ["BTC/USD", ["BTCUSDT", "BTC/USD"]],
  ["btc-usdt", ["BTCUSDT"]],
  ["kraken", ["BTC/USD"]],
  ["  btc   kra ", ["BTC/USD"]],
  ["eth", []],
  ["(.*", ["BTCUSDT", "BTC/USD"]],
])("findInstruments('%s') finds %j", (search, symbols) => {
  const model = new Model();
  model.apply(hello());
  const { shown, leftOut } = findInstruments(model.instruments.values(), search, 10);
  expect(shown.map(({ symbol }) => symbol)).toEqual(symbols);
  expect(leftOut).toBe(0);
});

test("findInstruments() shows no more than the limit, and says how many it leaves out", () => {
  const model = new Model();
  model.apply(hello());
  expect(findInstruments(model.instruments.values(), "btc", 1)).toMatchObject({
    shown: [{ symbol: "BTCUSDT" }],
    leftOut: 1,
  });
});
