import { afterEach, describe, expect, test } from "bun:test";
import type { Feed } from "../../../src/adapters/feed.ts";
import { RestAdapter } from "../../../src/adapters/rest/rest-adapter.ts";
import { RequestBudget } from "../../../src/runtime/request-budget.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { compileRestVenue } from "../../../src/venues/rest/compile-rest-venue.ts";
import { FeedBench } from "../../harness/feed-bench.ts";
import { plainRestProfile } from "../../harness/rest-venue.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import { PythonVenue, skipsPython } from "./python-venue.ts";

const POLL_INTERVAL_MS = 25;
const TIMEOUT_MS = 300;
const STALE_AFTER_MS = 600;
const LIMIT_MS = 15_000;
/** A time-out that no busy machine reaches. */
const PATIENT_TIMEOUT_MS = 10_000;
/** How late a machine that is busy with other things may be. */
const BUSY_MS = 5000;
/** A bomb of 256 MiB must not show in our memory, bytes. */
const MEMORY_GROWTH_MAX = 64 * 1024 * 1024;

function profileWith(timeoutMs: number) {
  return plainRestProfile({ polling: { intervalMs: POLL_INTERVAL_MS, timeoutMs, maxBodyBytes: 1024 * 1024 } });
}

/** A whole feed, supervised, against a venue in a process of its own. */
class Rig {
  readonly clock = new SystemClock();
  readonly budget = new RequestBudget(this.clock);
  readonly bench = new FeedBench({
    clock: this.clock,
    random: () => 0.5,
    policy: { initialDelayMs: 20, maxDelayMs: 200, staleAfterMs: STALE_AFTER_MS, deadAfterMs: 60_000 },
  });
  readonly feed: Feed;
  venue: PythonVenue;

  constructor(venue: PythonVenue, timeoutMs: number) {
    this.venue = venue;
    this.feed = this.bench.createFeed(
      new RestAdapter({
        venue: compileRestVenue(profileWith(timeoutMs), { urlOverride: venue.url }),
        budget: this.budget,
        userAgent: "test",
        staleAfterMs: STALE_AFTER_MS,
      }),
    );
  }

  async isLive(): Promise<void> {
    await waitUntil(() => this.feed.state === "live", { limitMs: LIMIT_MS, what: "live feed" });
    await this.hasNews();
  }

  async hasNews(): Promise<void> {
    const before = this.bench.quotes.count;
    await waitUntil(() => this.bench.quotes.count > before + 2, { limitMs: LIMIT_MS, what: "quotes" });
  }

  async has(isSo: () => boolean, what: string): Promise<void> {
    await waitUntil(isSo, { limitMs: LIMIT_MS, what });
  }

  get rejectReasons(): string[] {
    return [...new Set(this.bench.events.rejected.map(({ reason }) => reason))];
  }
}

const rigs: Rig[] = [];

async function startRig(timeoutMs = TIMEOUT_MS): Promise<Rig> {
  const rig = new Rig(await PythonVenue.start(), timeoutMs);
  rigs.push(rig);
  rig.feed.start();
  await rig.isLive();
  return rig;
}

afterEach(async () => {
  for (const rig of rigs.splice(0)) {
    await rig.feed.stop();
    await rig.venue.kill();
  }
});

describe.skipIf(skipsPython())("REST feed against Python's http.server", () => {
  test("polls over one connection that is kept, plain and gzip", async () => {
    const rig = await startRig(PATIENT_TIMEOUT_MS);
    await rig.venue.setMode("gzip");
    await rig.hasNews();
    const tally = await rig.venue.tally();
    // One of ours, one of each look at the tally.
    expect(tally.connections).toBe(2);
    expect(tally.under_way_max).toBe(1);
    expect(rig.bench.events.rejected).toEqual([]);
    expect(rig.bench.quotes.quotes[0]).toMatch(/^A \d+\.10\/9999\.20$/);
  });

  test("kill -9: backs off, says why, and is live again when the venue is back on its port", async () => {
    const rig = await startRig();
    const { port } = rig.venue;
    await rig.venue.kill();
    await rig.has(() => rig.feed.state === "backing-off" || rig.feed.state === "failed", "backing off");
    await rig.has(() => rig.feed.status().connections[0].lastError?.code === "connect_refused", "connect_refused");
    rig.venue = await PythonVenue.start(port);
    await rig.isLive();
    expect(rig.feed.status().disconnections).toBe(1);
  }, 40_000);

  test("SIGSTOP: stale in time, never a pile of requests, live again with SIGCONT", async () => {
    const rig = await startRig();
    rig.venue.signal("SIGSTOP");
    const startMs = performance.now();
    await rig.has(() => rig.bench.events.ofType("market-data.feed-stale").length > 0, "stale");
    expect(performance.now() - startMs).toBeLessThan(STALE_AFTER_MS + BUSY_MS);
    await Bun.sleep(1000);
    rig.venue.signal("SIGCONT");
    const stoppedMs = performance.now() - startMs;
    await rig.isLive();
    const tally = await rig.venue.tally();
    // Requests the kernel took for the stopped process: one at a time, each given up after its time-out.
    expect(tally.under_way_max).toBeLessThanOrEqual(3 + stoppedMs / TIMEOUT_MS);
  }, 40_000);

  test.each([
    ["truncated", "invalid_json"],
    ["html", "wrong_content_type"],
    ["bomb", "body_too_large"],
  ])(
    "%s: each answer is one reject, the session ends after five, and the feed comes back",
    async (mode, reason) => {
      const rig = await startRig();
      const beforeBytes = process.memoryUsage().rss;
      await rig.venue.setMode(mode);
      await rig.has(() => rig.feed.status().disconnections > 0, "end of the session");
      await rig.has(() => rig.feed.status().parseErrors >= 10, "rejects");
      expect(rig.rejectReasons).toEqual([reason]);
      expect(process.memoryUsage().rss - beforeBytes).toBeLessThan(MEMORY_GROWTH_MAX);
      await rig.venue.setMode("ok");
      await rig.isLive();
    },
    40_000,
  );

  test.each([
    ["short", "closed_unclean"],
    ["reset", "closed_unclean"],
    ["redirect", "venue_error"],
    ["slow", "no_data"],
    ["hang", "no_data"],
  ])(
    "%s: the session ends as %s, and the feed comes back",
    async (mode, code) => {
      const rig = await startRig();
      await rig.venue.setMode(mode);
      await rig.has(() => rig.bench.events.changes.some((change) => change.endsWith(`:${code}`)), code);
      await rig.venue.setMode("ok");
      await rig.isLive();
      expect((await rig.venue.tally()).redirected).toBe(0);
    },
    40_000,
  );

  test.each(["429-seconds", "429-date"])(
    "%s is obeyed: nothing is sent before its time",
    async (mode) => {
      const rig = await startRig();
      await rig.venue.setMode(mode);
      await rig.has(() => rig.budget.status()[0].blockedForMs > 0, "block");
      expect(rig.budget.status()[0].blockReason).toBe("HTTP status 429");
      await rig.has(() => rig.budget.status()[0].blockedForMs === 0, "end of the block");
      await rig.hasNews();
      expect((await rig.venue.tally()).too_early).toBe(0);
    },
    40_000,
  );

  test("418 with a long Retry-After: the feed shows why it waits, and for how long", async () => {
    const rig = await startRig();
    await rig.venue.setMode("418");
    await rig.has(() => rig.feed.state === "backing-off", "backing off");
    const [connection] = rig.feed.status().connections;
    expect(connection.lastError?.code).toBe("rate_limited");
    expect(connection.retryInMs).toBeGreaterThan(50_000);
    const { count } = await rig.venue.tally();
    await Bun.sleep(300);
    expect((await rig.venue.tally()).count).toBe(count);
  }, 40_000);

  test("a feed whose venue hangs stops within a second", async () => {
    const rig = await startRig();
    await rig.venue.setMode("hang");
    await Bun.sleep(100);
    const startMs = performance.now();
    await rig.feed.stop();
    expect(performance.now() - startMs).toBeLessThan(1000 + BUSY_MS);
  });
});
