import { afterEach, describe, expect, test } from "bun:test";
import type { Feed } from "../../src/adapters/feed.ts";
import { FakeClock, settle } from "../harness/fake-clock.ts";
import { FeedBench, type FeedBenchOptions } from "../harness/feed-bench.ts";
import { ScriptedAdapter, type ScriptedSession } from "../harness/scripted-adapter.ts";

let clock = new FakeClock();
let bench: FeedBench;
let adapter: ScriptedAdapter;
let feed: Feed;

/** A feed that has been live and healthy for a while. */
async function healthy(options: Omit<FeedBenchOptions, "clock"> = {}): Promise<ScriptedSession> {
  clock = new FakeClock();
  bench = new FeedBench({ clock, ...options });
  adapter = new ScriptedAdapter();
  feed = bench.createFeed(adapter);
  feed.start();
  await settle();
  adapter.last.goLive();
  await advance(11_000, adapter.last);
  return adapter.last;
}

/** Lets the time pass with data on these sessions. */
async function advance(ms: number, ...sessions: ScriptedSession[]): Promise<void> {
  for (let at = 0; at < ms; at += 500) {
    for (const session of sessions) session.data();
    await clock.advance(500);
  }
}

afterEach(async () => {
  await feed.stop();
  expect(clock.armedTimers).toBe(0);
});

describe("Planned reconnect", () => {
  test("the new session is whole before the old one is ended", async () => {
    const old = await healthy();
    old.context.monitor.onReconnectAsked("maintenance");
    await clock.advance(100);
    const next = adapter.last;
    expect(next).not.toBe(old);
    next.context.monitor.onOpen();
    next.context.monitor.onSubscription(feed.instruments[0], "acked", "");
    await advance(1000, old, next);
    expect(old.context.signal.aborted).toBe(false);
    next.context.monitor.onSubscription(feed.instruments[1], "rejected", "gone");
    await settle();
    expect(old.context.signal.aborted).toBe(true);
    expect(feed.state).toBe("live");
    expect(bench.interruptions).toEqual(["disconnect B"]);
    expect(feed.status().disconnections).toBe(0);
    expect(bench.events.changes.at(-1)).toBe("live>live");
  });

  test("a handover that loses nothing is no interruption", async () => {
    const old = await healthy();
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    adapter.last.goLive();
    await settle();
    expect(old.context.signal.aborted).toBe(true);
    expect(bench.interruptions).toEqual([]);
  });

  test("a new session that fails after its first quotes gives the old one its symbols back", async () => {
    const old = await healthy();
    const [a, b] = feed.instruments;
    old.quote(a);
    old.quote(b);
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    const next = adapter.last;
    next.context.monitor.onOpen();
    next.quote(a);
    next.fail("closed_unclean");
    await settle();
    expect(old.context.signal.aborted).toBe(false);
    // The pipeline takes no quote of an epoch below the owner's.
    expect([a.ownerEpoch, b.ownerEpoch]).toEqual([old.context.epoch, old.context.epoch]);
    expect(bench.interruptions).toEqual(["disconnect A"]);
  });

  test("an old session that ends while the new one serves a part interrupts the other part alone", async () => {
    const old = await healthy();
    const [a, b] = feed.instruments;
    old.quote(a);
    old.quote(b);
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    const next = adapter.last;
    next.context.monitor.onOpen();
    next.context.monitor.onSubscription(a, "acked", "");
    old.fail("closed_unclean");
    await settle();
    expect(bench.interruptions).toEqual(["disconnect B"]);
    expect(feed.state).toBe("live");
  });

  test("the session in waiting does not change the feed's state", async () => {
    const old = await healthy();
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    adapter.last.context.monitor.onOpen();
    await advance(500, old);
    expect(feed.state).toBe("live");
  });

  test("a session is replaced before it is maxSessionMs old", async () => {
    const old = await healthy({ policy: { maxSessionMs: 60_000 } });
    await advance(45_000, old);
    expect(adapter.sessions.length).toBe(1);
    await advance(5000, old);
    expect(adapter.sessions.length).toBe(2);
    adapter.last.goLive();
    await settle();
    expect(old.context.signal.aborted).toBe(true);
  });

  test("the new session is not replaced at once when the old one's age was the reason", async () => {
    const old = await healthy({ policy: { maxSessionMs: 60_000 } });
    await advance(50_000, old);
    const next = adapter.last;
    next.goLive();
    await advance(50_000, next);
    expect(adapter.sessions.length).toBe(2);
    await advance(10_000, next);
    expect(adapter.sessions.length).toBe(3);
  });

  test("without a file descriptor for a second session the old one goes on, and it is tried again after a backoff", async () => {
    let open = 20;
    const old = await healthy({ descriptors: () => ({ open, limit: 64 }) });
    open = 60;
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    expect(adapter.sessions.length).toBe(1);
    expect(feed.state).toBe("live");
    expect(feed.status().connections[0].lastError?.code).toBe("no_descriptors");
    open = 20;
    await advance(2000, old);
    expect(adapter.sessions.length).toBe(2);
  });

  test("a new session that fails leaves the old one alone; it is tried again after a backoff", async () => {
    const old = await healthy();
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    adapter.last.fail("connect_refused");
    await advance(500, old);
    expect(adapter.sessions.length).toBe(2);
    expect(feed.state).toBe("live");
    expect(old.context.signal.aborted).toBe(false);
    await advance(1000, old);
    expect(adapter.sessions.length).toBe(3);
    expect(feed.status()).toMatchObject({ errors: 1, disconnections: 0 });
  });

  test("a new session that serves nothing within the limit is ended, and the old one kept", async () => {
    const old = await healthy();
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    const next = adapter.last;
    next.context.monitor.onOpen();
    await advance(15_500, old, next);
    expect(next.context.signal.aborted).toBe(true);
    expect(old.context.signal.aborted).toBe(false);
  });

  test("a new session that serves a part within the limit takes over", async () => {
    const old = await healthy();
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    const next = adapter.last;
    next.context.monitor.onOpen();
    next.context.monitor.onSubscription(feed.instruments[0], "acked", "");
    await advance(15_500, old, next);
    expect(old.context.signal.aborted).toBe(true);
    expect(feed.state).toBe("live");
    expect(bench.interruptions).toEqual(["disconnect B"]);
  });

  test("an old session that ends before the new one serves leaves a hole, which is told, and no backoff", async () => {
    const old = await healthy();
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    const next = adapter.last;
    old.fail("closed_unclean");
    await settle();
    expect(feed.state).toBe("connecting");
    expect(bench.interruptions).toEqual(["disconnect A,B"]);
    expect(bench.events.changes.at(-1)).toBe("live>connecting:closed_unclean");
    next.goLive();
    expect(feed.state).toBe("live");
    expect(adapter.sessions.length).toBe(2);
    expect(feed.status().disconnections).toBe(1);
  });

  test("both ending is one reconnect", async () => {
    const old = await healthy();
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    adapter.last.fail("connect_refused");
    old.fail("closed_unclean");
    await settle();
    expect(feed.state).toBe("backing-off");
    expect(clock.armedDelaysMs).toEqual([1000]);
    await clock.advance(1000);
    expect(adapter.sessions.length).toBe(3);
  });

  test("stop() ends both sessions", async () => {
    const old = await healthy();
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    await feed.stop();
    expect(adapter.sessions.map(({ context }) => context.signal.aborted)).toEqual([true, true]);
    expect(feed.state).toBe("stopped");
  });

  test("a venue that asks every new session to leave is not followed in a circle", async () => {
    await healthy();
    for (const session of adapter.sessions) session.context.monitor.onReconnectAsked("leave");
    for (let i = 0; i < 40; i++) {
      const { last } = adapter;
      last.goLive();
      last.context.monitor.onReconnectAsked("leave");
      await advance(500, last);
    }
    // 20 s, and a session must be healthy (10 s) before it is replaced.
    expect(adapter.sessions.length).toBeLessThanOrEqual(4);
  });

  test("a resubscription goes to the session that carries the connection", async () => {
    const old = await healthy();
    feed.resubscribe(feed.instruments[0], "sequence gap");
    expect(old.resubscribed).toEqual(["A: sequence gap"]);
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    adapter.last.goLive();
    await settle();
    feed.resubscribe(feed.instruments[1], "sequence gap");
    expect(adapter.last.resubscribed).toEqual(["B: sequence gap"]);
  });

  test("a resubscription goes to the session in waiting when that quotes the symbol already", async () => {
    const old = await healthy();
    old.context.monitor.onReconnectAsked("maintenance");
    await advance(500, old);
    const next = adapter.last;
    next.context.monitor.onOpen();
    next.quote(feed.instruments[0]);
    feed.resubscribe(feed.instruments[0], "sequence gap");
    feed.resubscribe(feed.instruments[1], "sequence gap");
    expect(next.resubscribed).toEqual(["A: sequence gap"]);
    expect(old.resubscribed).toEqual(["B: sequence gap"]);
  });
});
