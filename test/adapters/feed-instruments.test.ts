import { afterEach, describe, expect, test } from "bun:test";
import type { Feed } from "../../src/adapters/feed.ts";
import { Instrument } from "../../src/domain/instrument.ts";
import { FakeClock, settle } from "../harness/fake-clock.ts";
import { FeedBench, type FeedBenchOptions } from "../harness/feed-bench.ts";
import { ScriptedAdapter, type ScriptedSession } from "../harness/scripted-adapter.ts";

/** A venue that takes one session at a time. */
class ExclusiveAdapter extends ScriptedAdapter {
  readonly isExclusive = true;
}

let clock = new FakeClock();
let bench: FeedBench;
let feed: Feed;

function start(adapter: ScriptedAdapter, options: Omit<FeedBenchOptions, "clock"> = {}): Promise<void> {
  clock = new FakeClock();
  bench = new FeedBench({ clock, ...options });
  feed = bench.createFeed(adapter);
  feed.start();
  return settle();
}

function instrument(symbol: string, id = 10): Instrument {
  return new Instrument({ id, feedIndex: 0, source: "feed", symbol });
}

function symbolsOf(session: ScriptedSession): string {
  return session.context.instruments.map(({ symbol }) => symbol).join(",");
}

afterEach(async () => {
  await feed.stop();
  expect(clock.armedTimers).toBe(0);
});

describe("changeInstruments()", () => {
  test("replaces the session before it is ended, and loses nothing of what stays", async () => {
    const adapter = new ScriptedAdapter();
    await start(adapter);
    const old = adapter.last;
    old.goLive();
    await clock.advance(200);
    await feed.changeInstruments([instrument("C")], [feed.instruments[1]]);
    await clock.advance(200);
    expect([adapter.sessions.length, symbolsOf(adapter.last)]).toEqual([2, "A,C"]);
    expect(old.context.signal.aborted).toBe(false);
    adapter.last.goLive();
    await settle();
    expect(old.context.signal.aborted).toBe(true);
    expect(bench.interruptions).toEqual([]);
    expect(feed.status().subscriptions.map(({ symbol, state }) => `${symbol} ${state}`)).toEqual([
      "A acked",
      "C acked",
    ]);
    expect(feed.status().disconnections).toBe(0);
  });

  test("keeps the old session when the new one fails, and tries again", async () => {
    const adapter = new ScriptedAdapter();
    await start(adapter);
    const old = adapter.last;
    old.goLive();
    await clock.advance(200);
    await feed.changeInstruments([instrument("C")], []);
    await clock.advance(200);
    adapter.last.fail("venue_error");
    await settle();
    expect([old.context.signal.aborted, feed.state]).toEqual([false, "live"]);
    for (let i = 0; i < 20; i++) {
      old.data();
      await clock.advance(500);
    }
    expect(adapter.sessions.length).toBeGreaterThan(2);
    expect(symbolsOf(adapter.last)).toBe("A,B,C");
  });

  test("ends the session first where the venue takes one at a time, without a back-off", async () => {
    const adapter = new ExclusiveAdapter();
    await start(adapter);
    const old = adapter.last;
    old.goLive();
    await clock.advance(200);
    await feed.changeInstruments([instrument("C")], []);
    await clock.advance(200);
    expect(old.context.signal.aborted).toBe(true);
    expect([adapter.sessions.length, symbolsOf(adapter.last)]).toEqual([2, "A,B,C"]);
    expect(bench.events.changes).not.toContain("live>backing-off");
    expect(feed.status().disconnections).toBe(0);
  });

  test("fills connections that have room, opens more, and ends those left with nothing", async () => {
    const adapter = new ScriptedAdapter();
    await start(adapter, { policy: { symbolsPerConnection: 2 }, symbols: ["A", "B", "C"] });
    expect(adapter.sessions.map(symbolsOf)).toEqual(["A", "B,C"]);
    for (const session of adapter.sessions) session.goLive();
    await clock.advance(200);
    await feed.changeInstruments([instrument("D", 11), instrument("E", 12)], []);
    await clock.advance(200);
    expect(adapter.sessions.slice(2).map(symbolsOf).sort()).toEqual(["A,D", "E"]);
    for (const session of adapter.sessions.slice(2)) session.goLive();
    await settle();
    const [b, c] = feed.instruments.filter(({ symbol }) => symbol === "B" || symbol === "C");
    await feed.changeInstruments([], [b, c]);
    expect(feed.status().connections.map(({ index }) => index)).toEqual([0, 2]);
    expect(feed.instruments.map(({ symbol }) => symbol)).toEqual(["A", "D", "E"]);
  });

  test("a stopped feed changes too, and connects with what it has then", async () => {
    const adapter = new ScriptedAdapter();
    await start(adapter);
    await feed.stop();
    await feed.changeInstruments([instrument("C")], [feed.instruments[0]]);
    expect(adapter.sessions).toHaveLength(1);
    feed.start();
    await settle();
    expect(symbolsOf(adapter.last)).toBe("B,C");
  });
});

describe("setAdapter()", () => {
  test("the next session is the new adapter's, the one that runs goes on", async () => {
    const adapter = new ScriptedAdapter();
    await start(adapter);
    adapter.last.goLive();
    const next = new ScriptedAdapter("wss://other.test/");
    feed.setAdapter(next);
    await clock.advance(200);
    expect([next.sessions.length, feed.state]).toEqual([0, "live"]);
    adapter.last.fail("closed_by_venue");
    await clock.advance(5000);
    expect([adapter.sessions.length, next.sessions.length > 0]).toEqual([1, true]);
  });
});
