import { afterEach, describe, expect, test } from "bun:test";
import type { Feed } from "../../src/adapters/feed.ts";
import { settle } from "../harness/fake-clock.ts";
import { FeedBench, type FeedBenchOptions } from "../harness/feed-bench.ts";
import { ScriptedAdapter, type ScriptedSession } from "../harness/scripted-adapter.ts";
import { StoppableClock } from "../harness/stoppable-clock.ts";

let clock = new StoppableClock();
let bench: FeedBench;
let adapter: ScriptedAdapter;
let feed: Feed;

/** A live feed. */
async function live(options: Omit<FeedBenchOptions, "clock"> = {}): Promise<ScriptedSession> {
  clock = new StoppableClock();
  bench = new FeedBench({ clock, ...options });
  adapter = new ScriptedAdapter();
  feed = bench.createFeed(adapter);
  feed.start();
  await settle();
  adapter.last.goLive();
  return adapter.last;
}

async function advanceWith(ms: number, stepMs: number, act: () => void): Promise<void> {
  for (let at = 0; at < ms; at += stepMs) {
    await clock.advance(stepMs);
    act();
  }
}

afterEach(async () => {
  await feed.stop();
  expect(clock.armedTimers).toBe(0);
});

describe("Watchdog and silence", () => {
  test("a feed without data or heartbeat is stale within 250 ms after its limit, and not before it", async () => {
    const session = await live();
    for (const phaseMs of [0, 1, 50, 99]) {
      await clock.advance(1000 + phaseMs);
      session.data();
      await clock.advance(4999);
      expect(feed.state).toBe("live");
      await clock.advance(251);
      expect(feed.state).toBe("stale");
      session.data();
      await clock.advance(100);
      expect(feed.state).toBe("live");
    }
  });

  test("staleness is published once, with its length, and told to the pipeline", async () => {
    const session = await live();
    await advanceWith(9000, 1000, () => session.frame());
    const stale = bench.events.ofType("market-data.feed-stale");
    expect(stale.length).toBe(1);
    expect(stale[0].silentMs).toBeGreaterThanOrEqual(5000);
    expect(stale[0].silentMs).toBeLessThanOrEqual(5250);
    expect(stale[0].symbol).toBeUndefined();
    expect(bench.interruptions).toEqual(["stale A,B"]);
    expect(bench.events.changes.at(-1)).toBe("live>stale");
  });

  test("a half-open link (no frame at all) is ended by us and connected anew", async () => {
    const session = await live();
    session.data();
    await clock.advance(9999);
    expect(session.context.signal.aborted).toBe(false);
    await clock.advance(250);
    expect(session.context.signal.aborted).toBe(true);
    expect(feed.status().connections[0].lastError?.code).toBe("half_open");
    await clock.advance(1000);
    expect(adapter.sessions.length).toBe(2);
  });

  test("silence with pongs is stale, then ended as no_data", async () => {
    const session = await live();
    await advanceWith(29_000, 1000, () => session.frame());
    expect(feed.state).toBe("stale");
    expect(session.context.signal.aborted).toBe(false);
    await advanceWith(2000, 1000, () => session.frame());
    expect(feed.status().connections[0].lastError?.code).toBe("no_data");
  });

  test("a session that is never opened is ended", async () => {
    await live();
    adapter.last.fail("closed_unclean");
    await clock.advance(1000);
    await clock.advance(30_100);
    expect(feed.status().connections[0].lastError?.code).toBe("handshake_timeout");
  });

  test("a session that is open, has heartbeats and serves nothing is ended", async () => {
    await live();
    adapter.last.fail("closed_unclean");
    await clock.advance(1000);
    adapter.last.context.monitor.onOpen();
    const { last } = adapter;
    await advanceWith(31_000, 1000, () => last.data());
    expect(feed.status().connections[0].lastError?.code).toBe("subscribe_timeout");
  });

  test("one silent symbol of a live feed is published once per silence", async () => {
    const session = await live({ policy: { symbolStaleAfterMs: 20_000 } });
    const [a, b] = feed.instruments;
    await advanceWith(25_000, 1000, () => session.quote(a));
    await advanceWith(1000, 1000, () => session.quote(b));
    await advanceWith(25_000, 1000, () => session.quote(a));
    const stale = bench.events.ofType("market-data.feed-stale");
    expect(stale.map(({ symbol }) => symbol)).toEqual(["B", "B"]);
    expect(bench.interruptions).toEqual(["stale B", "stale B"]);
    expect(feed.state).toBe("live");
  });

  test("a refused symbol is not called silent", async () => {
    const session = await live({ policy: { symbolStaleAfterMs: 20_000 } });
    const [a, b] = feed.instruments;
    session.context.monitor.onSubscription(b, "rejected", "Invalid symbol");
    await advanceWith(30_000, 1000, () => session.quote(a));
    expect(bench.events.ofType("market-data.feed-stale")).toEqual([]);
    expect(feed.status().subscriptions[1]).toMatchObject({ state: "rejected", reason: "Invalid symbol" });
  });
});

describe("Watchdog and our own pauses", () => {
  test("a process that stood still for 60 s does not call its feeds silent", async () => {
    const session = await live();
    session.data();
    await clock.advance(1000);
    clock.lose(60_000);
    await clock.advance(3000);
    expect(feed.state).toBe("live");
    expect(session.context.signal.aborted).toBe(false);
  });

  test("after a standstill a link that is truly dead is found within its usual limit", async () => {
    const session = await live();
    clock.lose(60_000);
    await clock.advance(10_250);
    expect(session.context.signal.aborted).toBe(true);
  });

  test("while memory is full the watchdog does not call the feed dead: it is we who do not read", async () => {
    const session = await live();
    session.data();
    await clock.advance(200);
    bench.pressure.set(true);
    await clock.advance(120_000);
    expect(feed.state).toBe("live");
    bench.pressure.set(false);
    await clock.advance(4000);
    expect(feed.state).toBe("live");
    await clock.advance(1250);
    expect(feed.state).toBe("stale");
    expect(session.context.signal.aborted).toBe(false);
  });

  test("a backoff with memory full is no credit to the next session", async () => {
    await live();
    bench.pressure.set(true);
    adapter.last.fail("closed_unclean");
    await clock.advance(1000);
    bench.pressure.set(false);
    adapter.last.goLive();
    await clock.advance(10_250);
    expect(adapter.last.context.signal.aborted).toBe(true);
  });

  test("a step of the wall clock by an hour, either way, changes nothing", async () => {
    const session = await live();
    for (const stepMs of [3_600_000, -7_200_000]) {
      clock.stepWall(stepMs);
      await advanceWith(5000, 500, () => session.data());
    }
    expect(feed.state).toBe("live");
    expect(feed.status().disconnections).toBe(0);
  });
});

describe("Watchdog and status", () => {
  test("status() counts frames and bytes over all sessions and stamps the last frame", async () => {
    const session = await live();
    session.data(100);
    session.frame();
    await clock.advance(100);
    session.fail("closed_unclean");
    await clock.advance(1000);
    adapter.last.goLive();
    adapter.last.data(50);
    const status = feed.status();
    expect(status).toMatchObject({ messagesReceived: 3, bytesReceived: 150 });
    expect(status.lastHeartbeat).toBe(1_700_000_000_100);
  });

  test("a rejected message is counted, and published bounded in number and size", async () => {
    const session = await live();
    for (let i = 0; i < 100; i++) session.context.monitor.onReject("not_json", Buffer.alloc(10_000, 97));
    expect(feed.status().parseErrors).toBe(100);
    expect(bench.events.rejected.length).toBe(10);
    expect(bench.events.rejected[0]).toMatchObject({ source: "feed", reason: "not_json" });
    expect(bench.events.rejected[0].bytes.length).toBe(4096);
    await clock.advance(1000);
    session.data();
    session.context.monitor.onReject("not_json", Buffer.from("x"));
    expect(bench.events.rejected.length).toBe(11);
  });
});
