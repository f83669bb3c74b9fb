import { afterEach, describe, expect, test } from "bun:test";
import type { Session } from "../../src/adapters/adapter.ts";
import type { Feed } from "../../src/adapters/feed.ts";
import { FakeClock, settle } from "../harness/fake-clock.ts";
import { FeedBench, type FeedBenchOptions } from "../harness/feed-bench.ts";
import { ScriptedAdapter, type ScriptedSession } from "../harness/scripted-adapter.ts";

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

/** Lets the time pass with one message of data each second. */
async function advanceWithData(session: ScriptedSession, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await clock.advance(1000);
    session.data();
  }
}

afterEach(async () => {
  // However a test left it: a feed stops within a bounded time and leaves no timer behind.
  const stopped = feed.stop();
  await clock.advance(3000);
  await stopped;
  expect(clock.armedTimers).toBe(0);
  expect(feed.status().messagesReceived).toBeGreaterThanOrEqual(0);
});

describe("Supervisor connects and backs off", () => {
  test("start() goes connecting, subscribing, live", async () => {
    await start();
    adapter.last.context.monitor.onOpen();
    expect(feed.state).toBe("subscribing");
    adapter.last.context.monitor.onSubscription(feed.instruments[0], "acked", "");
    expect(feed.state).toBe("live");
    expect(bench.events.changes).toEqual(["stopped>connecting", "connecting>subscribing", "subscribing>live"]);
  });

  test("the first quote counts as an ack for a venue that sends none", async () => {
    await start();
    adapter.last.context.monitor.onOpen();
    adapter.last.quote(feed.instruments[0]);
    await clock.advance(100);
    expect(feed.state).toBe("live");
    expect(feed.status().subscriptions.map(({ state }) => state)).toEqual(["live", "pending"]);
  });

  test("connect is called again 1,000 ms after a first disconnect with initialDelayMs 1000, and not before", async () => {
    await start();
    adapter.last.goLive();
    adapter.last.fail("closed_unclean");
    await clock.advance(999);
    expect(adapter.sessions.length).toBe(1);
    expect(feed.state).toBe("backing-off");
    await clock.advance(1);
    expect(adapter.sessions.length).toBe(2);
  });

  test("a session that is over leaves only the timer of the backoff", async () => {
    await start();
    adapter.last.goLive();
    adapter.last.fail("closed_unclean");
    await settle();
    expect(clock.armedDelaysMs).toEqual([1000]);
  });

  test("waits double up to the cap while nothing answers, with the attempt in each event", async () => {
    await start({ policy: { maxDelayMs: 5000 } });
    const waitsMs: number[] = [];
    for (let i = 0; i < 5; i++) {
      adapter.last.fail("connect_refused");
      await settle();
      waitsMs.push(clock.armedDelaysMs[0]);
      await clock.advance(clock.armedDelaysMs[0]);
    }
    expect(waitsMs).toEqual([1000, 2000, 4000, 5000, 5000]);
    const attempts = bench.events.ofType("market-data.feed-status").filter(({ to }) => to === "backing-off");
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
    expect(attempts.map(({ retryInMs }) => retryInMs)).toEqual(waitsMs);
  });

  test("no session is started while too few file descriptors are left, and it is said why", async () => {
    let open = 60;
    await start({ descriptors: () => ({ open, limit: 64 }) });
    await settle();
    expect(adapter.sessions.length).toBe(0);
    expect(feed.status()).toMatchObject({ state: "backing-off", errors: 1, disconnections: 0 });
    expect(feed.status().connections[0].lastError?.code).toBe("no_descriptors");
    open = 20;
    await clock.advance(1000);
    adapter.last.goLive();
    expect(feed.state).toBe("live");
  });

  test("a venue's Retry-After is the least the wait may be", async () => {
    await start();
    adapter.last.fail("rate_limited", { retryAfterMs: 45_000 });
    await clock.advance(44_999);
    expect(adapter.sessions.length).toBe(1);
    await clock.advance(1);
    expect(adapter.sessions.length).toBe(2);
  });

  test("attempts are forgotten only after a healthy while with data", async () => {
    await start();
    for (let i = 0; i < 3; i++) {
      adapter.last.fail("connect_refused");
      await clock.advance(1000 * 2 ** i);
    }
    adapter.last.goLive();
    await advanceWithData(adapter.last, 9);
    expect(feed.status().attempts).toBe(3);
    await advanceWithData(adapter.last, 2);
    await clock.advance(100);
    expect(feed.status().attempts).toBe(0);
  });

  test("a session that is live but without data keeps its attempts", async () => {
    await start({ policy: { staleAfterMs: 60_000, deadAfterMs: 60_000 } });
    adapter.last.fail("connect_refused");
    await clock.advance(1000);
    adapter.last.goLive();
    await clock.advance(20_000);
    expect(feed.status().attempts).toBe(1);
  });

  test("an end by plan is met like any other: the next session after the first wait, without an error", async () => {
    await start();
    adapter.last.goLive();
    adapter.last.end({ reason: "planned", message: "The venue closed with code 1001" });
    await clock.advance(1000);
    expect(adapter.sessions.length).toBe(2);
    expect(feed.status()).toMatchObject({ disconnections: 1, errors: 0 });
    expect(bench.events.changes).toContain("live>backing-off");
  });

  test("each session has a higher epoch and the same instruments", async () => {
    await start();
    adapter.last.fail("connect_refused");
    await clock.advance(1000);
    expect(adapter.sessions.map(({ context }) => context.epoch)).toEqual([1, 2]);
    expect(adapter.last.context.instruments).toEqual(feed.instruments);
  });

  test("a disconnect is published and told to the pipeline before the next session starts", async () => {
    await start();
    adapter.last.goLive();
    adapter.last.fail("half_open");
    await settle();
    expect(bench.interruptions).toEqual(["disconnect A,B"]);
    expect(bench.events.changes.at(-1)).toBe("live>backing-off:half_open");
    expect(adapter.sessions.length).toBe(1);
    expect(feed.status()).toMatchObject({ disconnections: 1, errors: 1, connected: false });
  });

  test("a connection that never came up is an error and no disconnect", async () => {
    await start();
    adapter.last.fail("connect_refused");
    await settle();
    expect(bench.interruptions).toEqual([]);
    expect(feed.status()).toMatchObject({ disconnections: 0, errors: 1 });
    expect(feed.status().connections[0]).toMatchObject({ retryInMs: 1000, lastError: { code: "connect_refused" } });
  });
});

describe("Supervisor at the end of its retries", () => {
  test("maxRetries reached: failed, and probed at the cap for ever", async () => {
    await start({ policy: { maxRetries: 2 } });
    for (let i = 0; i < 3; i++) {
      expect(feed.state).not.toBe("failed");
      adapter.last.fail("connect_refused");
      await settle();
      if (i < 2) await clock.advance(clock.armedDelaysMs[0]);
    }
    expect(feed.state).toBe("failed");
    for (let i = 0; i < 5; i++) {
      expect(clock.armedDelaysMs).toEqual([60_000]);
      await clock.advance(60_000);
      // Still failed, and loud, while the probe is on its way.
      expect(feed.state).toBe("failed");
      adapter.last.context.monitor.onOpen();
      expect(feed.state).toBe("failed");
      adapter.last.fail("connect_refused");
      await settle();
    }
    expect(bench.events.changes.filter((change) => change === "failed>failed:connect_refused").length).toBe(5);
  });

  test("a failed feed that a probe brings back is live, and its attempts are forgotten when it is healthy", async () => {
    await start({ policy: { maxRetries: 0 } });
    adapter.last.fail("connect_refused");
    await clock.advance(60_000);
    adapter.last.goLive();
    expect(feed.state).toBe("live");
    await advanceWithData(adapter.last, 11);
    await clock.advance(100);
    expect(feed.status().attempts).toBe(0);
  });

  test("whenExhausted stop: failed, nothing is tried again until it is started anew", async () => {
    await start({ policy: { maxRetries: 0, whenExhausted: "stop" } });
    adapter.last.fail("connect_refused");
    await settle();
    expect(feed.state).toBe("failed");
    expect(clock.armedTimers).toBe(0);
    feed.start();
    await settle();
    expect(adapter.sessions.length).toBe(2);
  });

  test("an error that another try cannot mend fails the feed at once, and is probed slowly all the same", async () => {
    await start();
    adapter.last.fail("handshake_rejected", { retry: "never" });
    await settle();
    expect(feed.state).toBe("failed");
    expect(clock.armedDelaysMs).toEqual([60_000]);
  });
});

describe("Supervisor and an adapter that breaks the contract", () => {
  test("one that throws when it is started is one failed try", async () => {
    await start();
    adapter.onStart = () => {
      throw new TypeError("boom");
    };
    adapter.last.fail("closed_unclean");
    await clock.advance(1000);
    expect(feed.state).toBe("backing-off");
    expect(feed.status().connections[0].lastError?.message).toBe(
      'Cannot run a session of "feed": the adapter threw TypeError: boom',
    );
    expect(feed.status().attempts).toBe(2);
  });

  test("one that returns no session is one failed try", async () => {
    await start();
    adapter.last.fail("closed_unclean");
    adapter.startSession = () => undefined as unknown as Session;
    await clock.advance(1000);
    expect(feed.state).toBe("backing-off");
    expect(feed.status().errors).toBe(2);
  });

  test("one that says it was aborted when it was not has failed", async () => {
    await start();
    adapter.last.goLive();
    adapter.last.end({ reason: "aborted" });
    await settle();
    expect(bench.events.changes.at(-1)).toBe("live>backing-off:venue_error");
  });

  test("one that does not end after its abort is left behind after 2 s", async () => {
    await start();
    adapter.last.goLive();
    adapter.last.onAbort = () => {};
    let isStopped = false;
    void feed.stop().then(() => {
      isStopped = true;
    });
    await clock.advance(1999);
    expect(isStopped).toBe(false);
    await clock.advance(1);
    expect(isStopped).toBe(true);
  });

  test("one that reports and fails again after its end changes nothing", async () => {
    await start();
    const session = adapter.last;
    session.goLive();
    session.fail("closed_unclean");
    await settle();
    session.end({ reason: "planned", message: "again" });
    session.goLive();
    session.context.monitor.onReject("late", Buffer.from("x"));
    session.context.monitor.onReconnectAsked("late");
    await settle();
    expect(feed.state).toBe("backing-off");
    await clock.advance(1000);
    expect(adapter.sessions.length).toBe(2);
    expect(feed.status()).toMatchObject({ disconnections: 1, parseErrors: 0 });
  });

  test("one that throws when it must resubscribe loses its session", async () => {
    await start();
    adapter.last.goLive();
    adapter.last.resubscribe = () => {
      throw new Error("cannot");
    };
    feed.resubscribe(feed.instruments[0], "sequence gap");
    await settle();
    expect(feed.state).toBe("backing-off");
  });
});

describe("Supervisor stops", () => {
  test("stop() in every state leaves no timer and no session", async () => {
    const ways: ((session: ScriptedSession) => void)[] = [
      () => {},
      (session) => session.context.monitor.onOpen(),
      (session) => session.goLive(),
      (session) => session.fail("connect_refused"),
    ];
    for (const way of ways) {
      await start();
      way(adapter.last);
      await settle();
      await feed.stop();
      expect(feed.state).toBe("stopped");
      expect(clock.armedTimers).toBe(0);
      expect(adapter.sessions.length).toBe(1);
    }
  });

  test("stop() while the connection waits for its turn to connect", async () => {
    await start({ policy: { connects: { count: 1, windowMs: 60_000 } } });
    adapter.last.fail("connect_refused");
    await clock.advance(1000);
    expect(adapter.sessions.length).toBe(1);
    await feed.stop();
    expect(clock.armedTimers).toBe(0);
  });

  test("start() after stop() goes on with higher epochs", async () => {
    await start();
    adapter.last.goLive();
    await feed.stop();
    feed.start();
    await settle();
    expect(adapter.last.context.epoch).toBe(2);
    expect(bench.interruptions).toEqual(["disconnect A,B"]);
  });

  test("one dead feed does not stop another", async () => {
    await start();
    const other = new ScriptedAdapter("wss://other.test/");
    const otherFeed = bench.createFeed(other, "other");
    otherFeed.start();
    await settle();
    other.last.goLive();
    for (let i = 0; i < 20; i++) {
      adapter.last.fail("connect_refused");
      await advanceWithData(other.last, 60);
    }
    expect(feed.state).toBe("failed");
    expect(otherFeed.state).toBe("live");
    expect(other.sessions.length).toBe(1);
    await otherFeed.stop();
  });
});
