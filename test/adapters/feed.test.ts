import { afterEach, describe, expect, test } from "bun:test";
import type { Feed } from "../../src/adapters/feed.ts";
import { createFeedPolicy } from "../../src/adapters/feed-policy.ts";
import { hostOf } from "../../src/adapters/host-of.ts";
import { FakeClock, settle } from "../harness/fake-clock.ts";
import { FeedBench, type FeedBenchOptions } from "../harness/feed-bench.ts";
import { ScriptedAdapter } from "../harness/scripted-adapter.ts";
import { createTextVenue } from "../harness/text-venue.ts";

let clock = new FakeClock();
let bench: FeedBench;
let adapter: ScriptedAdapter;
let feed: Feed;

async function start(options: Omit<FeedBenchOptions, "clock"> = {}): Promise<void> {
  clock = new FakeClock();
  bench = new FeedBench({ clock, ...options });
  adapter = new ScriptedAdapter();
  feed = bench.createFeed(adapter);
  feed.start();
  await settle();
}

afterEach(async () => {
  await feed?.stop();
  expect(clock.armedTimers).toBe(0);
});

describe("Feed", () => {
  test("start() spreads the symbols evenly over as many connections as the limit asks for", async () => {
    await start({ symbols: ["A", "B", "C", "D", "E", "F", "G"], policy: { symbolsPerConnection: 3 } });
    const groups = adapter.sessions.map(({ context }) => context.instruments.map(({ symbol }) => symbol).join(""));
    expect(groups).toEqual(["AB", "CD", "EFG"]);
    expect(new Set(adapter.sessions.map(({ context }) => context.epoch)).size).toBe(3);
  });

  test("one connection down: the feed is in its state, the others go on", async () => {
    await start({ policy: { symbolsPerConnection: 1 } });
    for (const session of adapter.sessions) session.goLive();
    adapter.sessions[0].fail("closed_unclean");
    await settle();
    expect(feed.state).toBe("backing-off");
    expect(feed.status().connected).toBe(false);
    expect(feed.status().connections.map(({ state }) => state)).toEqual(["backing-off", "live"]);
    expect(bench.interruptions).toEqual(["disconnect A"]);
    expect(bench.events.ofType("market-data.feed-status").at(-1)?.connection).toBe(0);
  });

  test("a disabled feed connects to nothing", async () => {
    await start({ isEnabled: false });
    expect(adapter.sessions.length).toBe(0);
    expect(feed.state).toBe("disabled");
    expect(feed.status()).toMatchObject({ state: "disabled", connected: false, attempts: 0, lastHeartbeat: null });
  });

  test("status() tells each subscription: pending, acked, rejected, live", async () => {
    await start({ symbols: ["A", "B", "C", "D"] });
    const { monitor } = adapter.last.context;
    monitor.onOpen();
    monitor.onSubscription(feed.instruments[1], "acked", "");
    monitor.onSubscription(feed.instruments[2], "rejected", "Invalid symbol");
    adapter.last.quote(feed.instruments[3]);
    const { subscriptions, subscribedSymbols, lastQuoteTimeMs } = feed.status();
    expect(subscriptions.map(({ state }) => state)).toEqual(["pending", "acked", "rejected", "live"]);
    expect(subscriptions[2].reason).toBe("Invalid symbol");
    expect(subscribedSymbols).toEqual(["B", "D"]);
    expect(lastQuoteTimeMs).toBe(1_700_000_000_000);
    expect(feed.status().errors).toBe(1);
  });

  test("a symbol's quotes of an older session do not make its new subscription live", async () => {
    await start();
    adapter.last.goLive();
    adapter.last.quote(feed.instruments[0]);
    adapter.last.fail("closed_unclean");
    await clock.advance(1000);
    expect(feed.status().subscriptions[0].state).toBe("pending");
  });

  test("connections wait for each other's turn at one host, over all feeds", async () => {
    await start({ policy: { symbolsPerConnection: 1, connects: { count: 1, windowMs: 5000 } } });
    expect(adapter.sessions.length).toBe(1);
    await clock.advance(5000);
    expect(adapter.sessions.length).toBe(2);
  });

  test("a stopped connection of a running feed is never hidden by the others", async () => {
    await start({ policy: { symbolsPerConnection: 1 } });
    await feed.stop();
    expect(feed.state).toBe("stopped");
    expect(bench.events.changes.filter((change) => change.endsWith(">stopped")).length).toBe(2);
  });
});

describe("createFeedPolicy()", () => {
  const settings = { maxRetries: 10, initialDelayMs: 1000, maxDelayMs: 60_000, whenExhausted: "probe" } as const;

  test("createFeedPolicy() takes the venue's staleness unless the configuration has one", () => {
    const { limits } = createTextVenue();
    expect(createFeedPolicy({ ...settings, staleAfterMs: null }, limits).staleAfterMs).toBe(5000);
    expect(createFeedPolicy({ ...settings, staleAfterMs: 1234 }, limits).staleAfterMs).toBe(1234);
  });

  test("createFeedPolicy() ends a session for want of data later than it calls it stale", () => {
    const { limits } = createTextVenue();
    for (const staleAfterMs of [100, 5000, 120_000]) {
      const policy = createFeedPolicy({ ...settings, staleAfterMs }, limits);
      expect(policy.noDataAfterMs).toBeGreaterThan(policy.staleAfterMs);
      expect(policy.symbolStaleAfterMs).toBeGreaterThanOrEqual(policy.staleAfterMs);
    }
  });
});

describe("hostOf()", () => {
  test("hostOf() takes the host of a URL and of host:port", () => {
    expect(hostOf("wss://Stream.Venue.test:9443/ws")).toBe("stream.venue.test");
    expect(hostOf("fix.lp.test:5001")).toBe("fix.lp.test");
    expect(hostOf("(unreadable URL)")).toBe("(unreadable url)");
  });
});
