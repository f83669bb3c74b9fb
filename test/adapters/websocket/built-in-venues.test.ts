import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Feed } from "../../../src/adapters/feed.ts";
import { createFeedPolicy, type FeedPolicy } from "../../../src/adapters/feed-policy.ts";
import { WebSocketAdapter } from "../../../src/adapters/websocket/websocket-adapter.ts";
import { TurnQueue } from "../../../src/runtime/turn-queue.ts";
import { type Simulator, startSimulator } from "../../../src/simulator/simulator.ts";
import { findBuiltInProfile } from "../../../src/venues/built-in-venues.ts";
import { compileVenue } from "../../../src/venues/compile-venue.ts";
import { CountingClock } from "../../harness/counting-clock.ts";
import { eventually } from "../../harness/fake-venue-server.ts";
import { FeedBench } from "../../harness/feed-bench.ts";

const SEED = 20_241_019;
const RATE_PER_SECOND = 200;
const VENUES = ["binance", "coinbase", "kraken", "okx", "bybit", "bitstamp", "gate", "deribit"];

for (const name of VENUES) {
  describe(`WebSocket adapter against simulated ${name}`, () => {
    let simulator: Simulator;
    let clock: CountingClock;
    let bench: FeedBench;
    let feed: Feed;

    beforeEach(() => {
      simulator = startSimulator({ venue: name, seed: SEED, ratePerSecond: RATE_PER_SECOND });
      clock = new CountingClock();
      feed = createFeed({});
    });

    afterEach(async () => {
      await feed.stop();
      expect(clock.armedTimers).toBe(0);
      simulator.stop();
    });

    function createFeed(policy: Partial<FeedPolicy>): Feed {
      const profile = findBuiltInProfile(name, "websocket");
      if (profile === null) throw new Error(`No built-in profile ${name}`);
      const venue = compileVenue(profile, { urlOverride: simulator.url });
      const settings = { maxRetries: 10, initialDelayMs: 20, maxDelayMs: 100, staleAfterMs: null } as const;
      const defaults = createFeedPolicy({ ...settings, whenExhausted: "probe" }, venue.limits);
      const symbols = simulator.symbols.slice(0, 3);
      // Some venues allow one connection in a third of a second; these tests would only wait.
      const connects = { count: 100, windowMs: 1000 };
      bench = new FeedBench({ clock, symbols, policy: { ...defaults, connects, healthyAfterMs: 50, ...policy } });
      return bench.createFeed(new WebSocketAdapter({ venue, turns: new TurnQueue(clock) }), name);
    }

    function states(): string[] {
      return feed.status().subscriptions.map(({ state }) => state);
    }

    /** Quotes accepted since this was called: each symbol has some. */
    async function everySymbolQuotes(symbols = feed.instruments): Promise<void> {
      const before = symbols.map(({ sequence }) => sequence);
      await eventually(() => symbols.every(({ sequence }, i) => sequence > before[i]), "quotes of every symbol");
    }

    test("goes live with every symbol", async () => {
      feed.start();
      await eventually(() => states().every((state) => state === "live"), "every symbol live");
      expect(feed.state).toBe("live");
      expect(feed.status()).toMatchObject({ connected: true, errors: 0, parseErrors: 0, disconnections: 0 });
    });

    test("a refused symbol is told with its reason and does not stop the others", async () => {
      const [good, refused, other] = feed.instruments;
      simulator.refuse(refused.symbol);
      feed.start();
      await everySymbolQuotes([good, other]);
      await eventually(() => states()[1] === "rejected", "the refusal");
      expect(feed.status().subscriptions[1].reason).not.toBe("");
      expect(feed.state).toBe("live");
    });

    test("connects and subscribes anew after a reset", async () => {
      feed.start();
      await everySymbolQuotes();
      simulator.disconnectHard();
      await eventually(() => feed.status().disconnections === 1, "the disconnect");
      await everySymbolQuotes();
      expect(simulator.stats()).toMatchObject({ sessionsOpen: 1, sessionsOpened: 2 });
      expect(bench.interruptions.length).toBe(1);
    });

    test("garbage costs its message and nothing else", async () => {
      feed.start();
      await everySymbolQuotes();
      for (let i = 0; i < 8; i++) simulator.sendGarbage();
      await eventually(() => feed.status().parseErrors > 0, "the rejects");
      await everySymbolQuotes();
      expect(feed.status().disconnections).toBe(0);
    });

    test("a half-open link is ended and replaced", async () => {
      await feed.stop();
      feed = createFeed({ deadAfterMs: 300, staleAfterMs: 200 });
      feed.start();
      await everySymbolQuotes();
      simulator.goSilent("all");
      await eventually(() => feed.status().connections[0].lastError?.code === "half_open", "the watchdog");
      simulator.resume();
      await everySymbolQuotes();
      expect(bench.events.changes).toContain("live>stale");
    });

    test("silence of quotes alone never looks half-open", async () => {
      feed.start();
      await everySymbolQuotes();
      simulator.goSilent("quotes");
      await Bun.sleep(300);
      expect(feed.status().disconnections).toBe(0);
      simulator.resume();
      await everySymbolQuotes();
    });

    test("a resubscribed symbol goes on", async () => {
      feed.start();
      await everySymbolQuotes();
      const requests = simulator.stats().requests;
      feed.resubscribe(feed.instruments[0], "sequence gap");
      await eventually(() => simulator.stats().requests >= requests + 2, "unsubscribe and subscribe");
      await eventually(() => states()[0] === "live", "the symbol live");
      await everySymbolQuotes();
      expect(feed.status().errors).toBe(0);
    });

    test("a venue that asks for a reconnect gets one", async () => {
      feed.start();
      await everySymbolQuotes();
      simulator.requestReconnect();
      await eventually(() => simulator.stats().sessionsOpened === 2, "the next session");
      await eventually(() => simulator.stats().sessionsOpen === 1, "the end of the old session");
      await everySymbolQuotes();
    });
  });
}
