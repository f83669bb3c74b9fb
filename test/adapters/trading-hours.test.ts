import { afterEach, expect, test } from "bun:test";
import type { Feed } from "../../src/adapters/feed.ts";
import { createTradingCalendar } from "../../src/runtime/session-hours.ts";
import { FakeClock, settle } from "../harness/fake-clock.ts";
import { FeedBench } from "../harness/feed-bench.ts";
import { ScriptedAdapter } from "../harness/scripted-adapter.ts";

const CALENDAR = createTradingCalendar({
  start: "17:00",
  end: "17:00",
  timeZone: "America/New_York",
  days: "Sun-Fri",
});
/** A Friday, ten seconds before the close. */
const BEFORE_CLOSE_MS = Date.parse("2026-11-27T21:59:50Z");
const CLOSED_MS = 48 * 3_600_000;

let clock: FakeClock;
let bench: FeedBench;
let adapter: ScriptedAdapter;
let feed: Feed;

async function start(wallMs: number): Promise<void> {
  clock = new FakeClock(wallMs);
  bench = new FeedBench({ clock, policy: { symbolStaleAfterMs: 20_000 } });
  adapter = new ScriptedAdapter("tcp://lp.test:9880", CALENDAR);
  feed = bench.createFeed(adapter);
  feed.start();
  await settle();
}

afterEach(async () => {
  const stopped = feed.stop();
  await clock.advance(3000);
  await stopped;
  expect(clock.armedTimers).toBe(0);
});

test("no session is tried outside trading hours, and the state says when it opens", async () => {
  await start(BEFORE_CLOSE_MS + 10_000);
  expect(feed.state).toBe("closed");
  expect(adapter.sessions).toHaveLength(0);
  const [event] = bench.events.ofType("market-data.feed-status");
  expect(event).toMatchObject({ from: "stopped", to: "closed", retryInMs: CLOSED_MS });
  expect(event.message).toBe("Outside trading hours: opens at 2026-11-29T22:00:00.000Z");
  await clock.advance(3_600_000);
  expect(feed.status().connections[0].retryInMs).toBe(CLOSED_MS - 3_600_000);
  expect(bench.events.changes).toEqual(["stopped>closed"]);
});

test("a session is tried the moment trading opens", async () => {
  await start(Date.parse("2026-11-29T21:58:30Z"));
  await clock.advance(89_999);
  expect(adapter.sessions).toHaveLength(0);
  await clock.advance(1);
  expect(adapter.sessions).toHaveLength(1);
});

test("a session that ends as trading closes is no failure", async () => {
  await start(BEFORE_CLOSE_MS);
  adapter.last.goLive();
  await clock.advance(9000);
  adapter.last.data();
  await clock.advance(1000);
  adapter.last.end({ reason: "planned", message: "Trading session closed" });
  await settle();
  expect(feed.state).toBe("closed");
  expect(feed.status().attempts).toBe(0);
  expect(bench.events.changes.at(-1)).toBe("live>closed");
});

test("a feed whose tries were used up before the close starts anew when trading opens", async () => {
  await start(BEFORE_CLOSE_MS);
  adapter.last.fail("logon_refused", { retry: "never" });
  await clock.advance(60_000);
  expect(feed.state).toBe("closed");
  expect(feed.status().attempts).toBe(0);
});

test("a wall clock that is set meanwhile is followed within a minute", async () => {
  await start(BEFORE_CLOSE_MS + 10_000);
  clock.stepWall(CLOSED_MS);
  await clock.advance(60_000);
  expect(adapter.sessions).toHaveLength(1);
});

test("a closed feed stops at once", async () => {
  await start(BEFORE_CLOSE_MS + 10_000);
  await feed.stop();
  expect(feed.state).toBe("stopped");
  expect(clock.armedTimers).toBe(0);
});

test("the least wait a planned end asks for is kept", async () => {
  await start(Date.parse("2026-11-25T12:00:00Z"));
  adapter.last.goLive();
  adapter.last.end({ reason: "planned", message: "Logout", retryAfterMs: 60_000 });
  await clock.advance(59_999);
  expect(adapter.sessions).toHaveLength(1);
  await clock.advance(1);
  expect(adapter.sessions).toHaveLength(2);
});

test("what was closed or lost for long is not told as silent symbols when it is back", async () => {
  await start(BEFORE_CLOSE_MS);
  adapter.last.goLive();
  adapter.last.data();
  await clock.advance(10_000);
  adapter.last.end({ reason: "planned", message: "Trading session closed" });
  await clock.advance(CLOSED_MS + 1000);
  expect(adapter.sessions).toHaveLength(2);
  adapter.last.goLive();
  await clock.advance(1000);
  adapter.last.fail("closed_unclean", { retryAfterMs: 300_000 });
  await clock.advance(300_000 + 10_000);
  expect(adapter.sessions).toHaveLength(3);
  adapter.last.goLive();
  await clock.advance(1000);
  expect(bench.events.ofType("market-data.feed-stale").filter(({ symbol }) => symbol !== undefined)).toEqual([]);
});
