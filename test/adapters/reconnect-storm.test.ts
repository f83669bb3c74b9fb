import { expect, test } from "bun:test";
import { FakeClock } from "../harness/fake-clock.ts";
import { FeedBench } from "../harness/feed-bench.ts";
import { ScriptedAdapter } from "../harness/scripted-adapter.ts";

const SESSIONS = 1000;
const OUTAGE_MS = 30_000;
const CONNECTS_PER_SECOND = 20;

/** Chance that is the same in every run. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    // Park and Miller's minimal standard generator.
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

test("1,000 sessions of one host are back within 60 s of its return, and never knock more than 20 times a second", async () => {
  const clock = new FakeClock();
  const backoff = { initialDelayMs: 250, maxDelayMs: 10_000, maxRetries: 1000 };
  // The sessions of this test say nothing: they must not be ended for it.
  const policy = { ...backoff, symbolsPerConnection: 1, staleAfterMs: 1e6, deadAfterMs: 1e6, noDataAfterMs: 1e6 };
  const symbols = Array.from({ length: SESSIONS }, (_, i) => `S${i}`);
  const bench = new FeedBench({ clock, policy, symbols, random: seededRandom(7) });
  const adapter = new ScriptedAdapter();
  const startsMs: number[] = [];
  let isUp = true;
  adapter.onStart = (session) => {
    startsMs.push(clock.monotonicMs());
    if (isUp) session.goLive();
    else session.fail("connect_refused");
  };
  const feed = bench.createFeed(adapter);
  feed.start();
  await clock.advance((SESSIONS / CONNECTS_PER_SECOND) * 1000);
  const first = adapter.sessions.splice(0);
  expect(first.length).toBe(SESSIONS);
  isUp = false;
  for (const session of first) session.fail("closed_unclean");
  await clock.advance(OUTAGE_MS);
  isUp = true;
  await clock.advance(60_000);
  const live = feed.status().connections.filter(({ state }) => state === "live").length;
  expect(live).toBeGreaterThanOrEqual(SESSIONS * 0.99);
  for (let i = CONNECTS_PER_SECOND; i < startsMs.length; i++) {
    expect(startsMs[i] - startsMs[i - CONNECTS_PER_SECOND]).toBeGreaterThan(999.999);
  }
  await feed.stop();
  expect(clock.armedTimers).toBe(0);
}, 30_000);
