import { expect, test } from "bun:test";
import { Pulse } from "../../../../src/adapters/fix/engine/pulse.ts";
import { StoppableClock } from "../../../harness/stoppable-clock.ts";

test("a process that stood still gives the LP a fresh interval: what it said meanwhile is not read yet", async () => {
  const clock = new StoppableClock();
  const done: string[] = [];
  const pulse = new Pulse(clock, 30, {
    sendHeartbeat: () => done.push("heartbeat"),
    sendTestRequest: () => done.push("test"),
    onSilent: () => done.push("silent"),
  });
  pulse.noteSent();
  pulse.start(30);
  await clock.advance(10_000);
  clock.lose(600_000);
  await clock.advance(20_000);
  expect(done).toEqual(["heartbeat"]);
  await clock.advance(74_999);
  expect(done).toEqual(["heartbeat", "heartbeat", "test"]);
  await clock.advance(1);
  expect(done.at(-1)).toBe("silent");
  pulse.stop();
});
