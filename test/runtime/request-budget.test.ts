import { describe, expect, test } from "bun:test";
import { type Permit, RequestBudget } from "../../src/runtime/request-budget.ts";
import { FakeClock } from "../harness/fake-clock.ts";

const WINDOW = { weight: 10, windowMs: 1000 };
const NEVER = new AbortController().signal;
const PATIENT = 1e9;

function createBudget() {
  const clock = new FakeClock();
  const budget = new RequestBudget(clock);
  budget.declare("host", [WINDOW]);
  return { clock, budget };
}

/** Asks once; the answer is kept with the time it came. */
function ask(
  { clock, budget }: ReturnType<typeof createBudget>,
  options: { host?: string; weight?: number; patienceMs?: number; signal?: AbortSignal } = {},
) {
  const asked: { permit: Permit | null; atMs: number } = { permit: null, atMs: -1 };
  const { host = "host", weight = 1, patienceMs = PATIENT, signal = NEVER } = options;
  void budget.acquire(host, { weight, patienceMs, signal }).then((permit) => {
    asked.permit = permit;
    asked.atMs = clock.monotonicMs();
  });
  return asked;
}

describe("RequestBudget", () => {
  test("acquire() serves everybody who asks one host in the order of asking, at the pace of its window", async () => {
    const rig = createBudget();
    const asked = Array.from({ length: 5 }, () => ask(rig));
    await rig.clock.advance(1000);
    expect(asked.map(({ permit }) => permit?.kind)).toEqual(Array.from({ length: 5 }, () => "granted"));
    expect(asked.map(({ atMs }) => Math.round(atMs))).toEqual([0, 100, 200, 300, 400]);
    expect(rig.clock.armedTimers).toBe(0);
  });

  test("acquire() keeps to every window of the host, whoever declared it, and knows the same window once", async () => {
    const rig = createBudget();
    rig.budget.declare("host", [WINDOW, { weight: 1, windowMs: 500 }]);
    rig.budget.declare("host", [WINDOW]);
    const asked = Array.from({ length: 3 }, () => ask(rig));
    await rig.clock.advance(2000);
    expect(asked.map(({ atMs }) => Math.round(atMs))).toEqual([0, 500, 1000]);
    expect(rig.budget.status()[0].windows.length).toBe(2);
  });

  test("acquire() does not limit a host without windows, and no host waits for another", async () => {
    const rig = createBudget();
    ask(rig, { weight: 100 });
    const other = Array.from({ length: 100 }, () => ask(rig, { host: "other" }));
    await rig.clock.advance(0);
    expect(other.every(({ permit }) => permit?.kind === "granted")).toBe(true);
  });

  test("acquire() says at once when a wait is longer than the asker's patience", async () => {
    const rig = createBudget();
    rig.budget.block("host", 60_000, "HTTP status 429");
    const asked = ask(rig, { patienceMs: 10_000 });
    await rig.clock.advance(0);
    expect(asked.permit).toEqual({ kind: "held", waitMs: 60_000, reason: "HTTP status 429" });
    expect(rig.clock.armedTimers).toBe(0);
  });

  test("block() tells those who wait already, lets the patient wait, and opens by itself", async () => {
    const rig = createBudget();
    ask(rig, { weight: 10 });
    const hasty = ask(rig, { patienceMs: 2000 });
    const patient = ask(rig);
    await rig.clock.advance(10);
    rig.budget.block("host", 5000, "banned");
    await rig.clock.advance(0);
    expect(hasty.permit).toMatchObject({ kind: "held", reason: "banned" });
    expect(patient.permit).toBe(null);
    expect(Math.round(rig.budget.blockedForMs("host"))).toBe(5000);
    await rig.clock.advance(6000);
    expect(patient.permit).toEqual({ kind: "granted" });
    expect(patient.atMs).toBe(5010);
    expect(rig.budget.blockedForMs("host")).toBe(0);
  });

  test("block() keeps the longest of several holds", () => {
    const { budget } = createBudget();
    budget.block("host", 5000, "long");
    budget.block("host", 1000, "short");
    expect(budget.status()[0]).toMatchObject({ host: "host", blockedForMs: 5000, blockReason: "long", waiting: 0 });
  });

  test("acquire() lets go of one behind the first whose patience ends before its turn", async () => {
    const rig = createBudget();
    ask(rig, { weight: 10 });
    const first = ask(rig);
    const second = ask(rig, { patienceMs: 950 });
    await rig.clock.advance(5000);
    expect(first.permit?.kind).toBe("granted");
    expect(second.permit?.kind).toBe("held");
    expect(second.atMs).toBeLessThanOrEqual(1000);
  });

  test("acquire() resolves as aborted, and those behind move up", async () => {
    const rig = createBudget();
    const controller = new AbortController();
    ask(rig);
    const gone = ask(rig, { weight: 10, signal: controller.signal });
    const behind = ask(rig);
    await rig.clock.advance(0);
    controller.abort();
    await rig.clock.advance(100);
    expect(gone.permit).toEqual({ kind: "aborted" });
    expect(behind.permit).toEqual({ kind: "granted" });
    expect(ask(rig, { signal: controller.signal }).permit).toBe(null);
    await rig.clock.advance(0);
    expect(rig.clock.armedTimers).toBe(0);
  });

  test("report() of a full window holds everybody, and one of an empty window lets them go on at once", async () => {
    const rig = createBudget();
    rig.budget.report("host", { window: WINDOW, used: 10, limit: 10, resetsInMs: null });
    const asked = ask(rig);
    await rig.clock.advance(500);
    expect(asked.permit).toBe(null);
    rig.budget.report("host", { window: WINDOW, used: 0, limit: 10, resetsInMs: null });
    await rig.clock.advance(0);
    expect(asked.permit).toEqual({ kind: "granted" });
  });

  test("report() of a window nobody declared changes nothing", async () => {
    const rig = createBudget();
    rig.budget.report("host", { window: { weight: 3, windowMs: 7 }, used: 3, limit: 3, resetsInMs: null });
    const asked = ask(rig);
    await rig.clock.advance(0);
    expect(asked.permit).toEqual({ kind: "granted" });
  });

  test("a step of the wall clock neither opens nor shuts it", async () => {
    const rig = createBudget();
    rig.budget.block("host", 5000, "banned");
    rig.clock.stepWall(3_600_000);
    const asked = ask(rig);
    await rig.clock.advance(4999);
    expect(asked.permit).toBe(null);
    await rig.clock.advance(2);
    expect(asked.permit).toEqual({ kind: "granted" });
  });
});
