import { expect, test } from "bun:test";
import { fullSpeedSoak } from "../../harness/grpc-soak.ts";

const SECONDS = 5;

test("five seconds at full speed: nothing stalls, memory does not grow (bun test/bench/grpc-soak.ts for a minute)", async () => {
  const report = await fullSpeedSoak(SECONDS, () => {});
  expect(report.end).toBe("aborted");
  expect(report.stalledSeconds).toBe(0);
  // A machine that is busy with other things is slow; it is no reason to stand still.
  expect(report.messages).toBeGreaterThan(10_000);
  expect(report.rssMbMax - report.rssMbFirst).toBeLessThan(60);
}, 60_000);
