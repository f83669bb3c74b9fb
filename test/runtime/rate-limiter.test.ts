import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ConnectRateLimiter, type ConnectWindow } from "../../src/runtime/rate-limiter.ts";
import { FakeClock, settle } from "../harness/fake-clock.ts";

const WIDE: ConnectWindow = { count: 1000, windowMs: 1000 };
const NEVER = new AbortController().signal;

/** Asks `count` times and returns the monotonic ms of each grant, filled as they come. */
function askMany(
  limiter: ConnectRateLimiter,
  clock: FakeClock,
  options: { count: number; window: ConnectWindow },
): number[] {
  const grantsMs: number[] = [];
  for (let i = 0; i < options.count; i++) {
    void limiter.acquire("host", options.window, NEVER).then(() => grantsMs.push(clock.monotonicMs()));
  }
  return grantsMs;
}

describe("ConnectRateLimiter", () => {
  test("acquire() lets the venue's count through at once and the next when the window has passed", async () => {
    const clock = new FakeClock();
    const grantsMs = askMany(new ConnectRateLimiter(clock), clock, { count: 5, window: { count: 2, windowMs: 3000 } });
    await clock.advance(10_000);
    expect(grantsMs).toEqual([0, 0, 3000, 3000, 6000]);
    expect(clock.armedTimers).toBe(0);
  });

  test("acquire() keeps the whole process within its own limit per host, over all venues' windows", async () => {
    const clock = new FakeClock();
    const limiter = new ConnectRateLimiter(clock, 20);
    const grantsMs = askMany(limiter, clock, { count: 50, window: WIDE });
    await clock.advance(0);
    expect(grantsMs.length).toBe(20);
    await clock.advance(2000);
    expect(grantsMs.length).toBe(50);
  });

  test("acquire() does not make one host wait for another", async () => {
    const clock = new FakeClock();
    const limiter = new ConnectRateLimiter(clock, 1);
    expect(await limiter.acquire("a", WIDE, NEVER)).toBe(true);
    expect(await limiter.acquire("b", WIDE, NEVER)).toBe(true);
  });

  test("acquire() resolves with false on abort, and those behind move up", async () => {
    const clock = new FakeClock();
    const limiter = new ConnectRateLimiter(clock, 1);
    const controller = new AbortController();
    const order: string[] = [];
    void limiter.acquire("h", WIDE, NEVER).then(() => order.push("first"));
    void limiter.acquire("h", WIDE, controller.signal).then((isGranted) => order.push(`second ${isGranted}`));
    void limiter.acquire("h", WIDE, NEVER).then(() => order.push(`third at ${clock.monotonicMs()}`));
    await settle();
    controller.abort();
    await clock.advance(1000);
    expect(order).toEqual(["first", "second false", "third at 1000"]);
    expect(clock.armedTimers).toBe(0);
  });

  test("acquire() is not moved by a step of the wall clock", async () => {
    const clock = new FakeClock();
    const grantsMs = askMany(new ConnectRateLimiter(clock, 1), clock, { count: 2, window: WIDE });
    clock.stepWall(3_600_000);
    await clock.advance(999);
    expect(grantsMs).toEqual([0]);
    await clock.advance(1);
    expect(grantsMs).toEqual([0, 1000]);
  });

  test("acquire() never grants more than the window allows, in any stretch of that length, and in the order of asking", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 25 }),
        async (count, windowMs, pausesMs) => {
          const clock = new FakeClock();
          const limiter = new ConnectRateLimiter(clock, 3);
          const grants: { index: number; ms: number }[] = [];
          for (const [index, pauseMs] of pausesMs.entries()) {
            await clock.advance(pauseMs);
            void limiter
              .acquire("h", { count, windowMs }, NEVER)
              .then(() => grants.push({ index, ms: clock.monotonicMs() }));
          }
          await clock.advance(pausesMs.length * (windowMs + 1000));
          expect(grants.map((grant) => grant.index)).toEqual(pausesMs.map((_, index) => index));
          for (const rule of [
            { count, windowMs },
            { count: 3, windowMs: 1000 },
          ]) {
            for (let i = rule.count; i < grants.length; i++) {
              expect(grants[i].ms - grants[i - rule.count].ms).toBeGreaterThanOrEqual(rule.windowMs);
            }
          }
          expect(clock.armedTimers).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });
});
