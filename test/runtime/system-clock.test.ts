import { expect, test } from "bun:test";
import { SystemClock } from "../../src/runtime/system-clock.ts";

test("SystemClock.wallUs() stays within 3 ms of the system's clock and never runs back without a step", () => {
  const clock = new SystemClock();
  let last = 0;
  const endMs = performance.now() + 30;
  while (performance.now() < endMs) {
    const now = clock.wallUs();
    expect(Number.isInteger(now)).toBe(true);
    expect(now).toBeGreaterThanOrEqual(last - 2000);
    expect(Math.abs(now - Date.now() * 1000)).toBeLessThan(3000);
    last = now;
  }
});

test("SystemClock fires timers and lets them be cancelled", async () => {
  const clock = new SystemClock();
  const fired: string[] = [];
  clock.schedule(1, () => fired.push("cancelled")).cancel();
  clock.scheduleSoon(() => fired.push("cancelled soon")).cancel();
  await new Promise<void>((resolve) => clock.schedule(2, resolve));
  await new Promise<void>((resolve) => clock.scheduleSoon(resolve));
  expect(fired).toEqual([]);
});
