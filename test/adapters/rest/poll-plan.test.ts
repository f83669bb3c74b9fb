import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PollPlan, type PollPlanOptions, type PollSlot } from "../../../src/adapters/rest/poll-plan.ts";

function createPlan(options: Partial<PollPlanOptions> = {}): PollPlan {
  const defaults = { instrumentCount: 4, symbolsPerRequest: 1, isPerSymbol: true, intervalMs: 1000, nowMs: 0 };
  return new PollPlan({ ...defaults, ...options });
}

/** Polls at once whatever is due, each answered after `answerMs`; returns when which symbols were asked for. */
function ride(plan: PollPlan, endMs: number, answerMs = 0): { atMs: number; asked: readonly number[] }[] {
  const polls: { atMs: number; asked: readonly number[] }[] = [];
  const underWay: { slot: PollSlot; doneMs: number }[] = [];
  for (let nowMs = 0; nowMs <= endMs; ) {
    for (const { slot } of underWay.filter(({ doneMs }) => doneMs <= nowMs)) plan.finish(slot);
    underWay.splice(0, underWay.length, ...underWay.filter(({ doneMs }) => doneMs > nowMs));
    const next = plan.next();
    if (next !== null && next.atMs <= nowMs) {
      polls.push({ atMs: nowMs, asked: next.slot.asked });
      plan.start(next.slot, nowMs);
      underWay.push({ slot: next.slot, doneMs: nowMs + answerMs });
      continue;
    }
    nowMs = Math.min(next?.atMs ?? Number.POSITIVE_INFINITY, ...underWay.map(({ doneMs }) => doneMs), endMs + 1);
  }
  return polls;
}

describe("PollPlan", () => {
  test("spreads the symbols evenly over the interval, round by round", () => {
    expect(ride(createPlan(), 1999).map(({ atMs, asked }) => [atMs, asked[0]])).toEqual([
      [0, 0],
      [250, 1],
      [500, 2],
      [750, 3],
      [1000, 0],
      [1250, 1],
      [1500, 2],
      [1750, 3],
    ]);
  });

  test("makes as few requests as may be, of even size", () => {
    const { slots } = createPlan({ instrumentCount: 7, symbolsPerRequest: 3 });
    expect(slots.map(({ asked }) => asked)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5, 6],
    ]);
    expect(createPlan({ instrumentCount: 7, isPerSymbol: false }).slots.length).toBe(1);
  });

  test("a slot whose answer is late is not asked again before it came, and keeps its beat", () => {
    const polls = ride(createPlan({ instrumentCount: 1 }), 6000, 1500);
    expect(polls.map(({ atMs }) => atMs)).toEqual([0, 1500, 3000, 4500, 6000]);
  });

  test("never a burst: what fell behind catches up four fifths of the spacing apart", () => {
    const plan = createPlan();
    ride(plan, 999);
    const times: number[] = [];
    for (let nowMs = 60_000; times.length < 6; ) {
      const next = plan.next();
      if (next === null) throw new Error("Nothing is under way");
      nowMs = Math.max(nowMs, next.atMs);
      plan.start(next.slot, nowMs);
      plan.finish(next.slot);
      times.push(nowMs - 60_000);
    }
    expect(times).toEqual([0, 200, 400, 600, 1000, 1250]);
  });

  test("halve() parts a refused request until the culprit stands alone", () => {
    const plan = createPlan({ symbolsPerRequest: 4 });
    expect(plan.halve(plan.slots[0], 0)).toBe(true);
    expect(plan.slots.map(({ asked }) => asked)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(plan.halve(plan.slots[0], 0)).toBe(true);
    expect(plan.slots.map(({ asked }) => asked)).toEqual([[2, 3], [0], [1]]);
    expect(plan.halve(plan.slots[1], 0)).toBe(false);
    const whole = createPlan({ isPerSymbol: false });
    expect(whole.halve(whole.slots[0], 0)).toBe(false);
  });

  test("regroup() puts the good ones together once all are proven, at most once a minute", () => {
    const plan = createPlan({ symbolsPerRequest: 4 });
    plan.halve(plan.slots[0], 0);
    plan.halve(plan.slots[0], 0);
    const [pair, bad, good] = plan.slots;
    pair.isProven = true;
    plan.refuse(bad, 0);
    plan.regroup(10);
    expect(plan.slots.length).toBe(3);
    good.isProven = true;
    good.isInFlight = true;
    plan.regroup(20);
    expect(plan.slots.length).toBe(3);
    good.isInFlight = false;
    plan.regroup(30);
    expect(plan.slots.map(({ asked, isRefused }) => [asked, isRefused])).toEqual([
      [[1, 2, 3], false],
      [[0], true],
    ]);
    plan.setApart(plan.slots[0], [2], 40);
    for (const slot of plan.slots) slot.isProven = true;
    plan.regroup(50);
    expect(plan.slots.length).toBe(3);
    plan.regroup(60_031);
    expect(plan.slots.length).toBe(2);
  });

  test("refuse() asks for a symbol again a minute later", () => {
    const plan = createPlan({ instrumentCount: 1 });
    plan.slots[0].since = "x";
    plan.refuse(plan.slots[0], 500);
    expect(plan.next()?.atMs).toBe(60_500);
    expect(plan.slots[0]).toMatchObject({ since: null, etag: null, isProven: false });
  });

  test("askSoon() asks once and is gone; where all are asked at once, the whole is asked soon, from scratch", () => {
    const plan = createPlan({ symbolsPerRequest: 4 });
    plan.start(plan.slots[0], 0);
    plan.askSoon(2, 300);
    const next = plan.next();
    expect(next).toMatchObject({ slot: { asked: [2], isOnce: true }, atMs: 400 });
    if (next !== null) plan.finish(next.slot);
    expect(plan.slots.length).toBe(1);
    const whole = createPlan({ isPerSymbol: false });
    whole.slots[0].etag = "x";
    whole.askSoon(2, 300);
    expect(whole.slots[0]).toMatchObject({ etag: null, dueMs: 300 });
  });

  test("asks for every symbol, and no two polls are closer than they may be (property)", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 3000 }),
        (instrumentCount, symbolsPerRequest, answerMs) => {
          const plan = createPlan({ instrumentCount, symbolsPerRequest });
          const spacingMs = (0.8 * 1000) / plan.slots.length;
          const polls = ride(plan, 5000, answerMs);
          expect(new Set(polls.flatMap(({ asked }) => asked)).size).toBe(instrumentCount);
          for (const [i, { atMs }] of polls.entries()) {
            if (i > 0) expect(atMs - polls[i - 1].atMs).toBeGreaterThanOrEqual(spacingMs - 1e-6);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
