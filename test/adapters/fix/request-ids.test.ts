import { expect, test } from "bun:test";
import { RequestIds } from "../../../src/adapters/fix/request-ids.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

test("next() gives rising whole numbers of at most 15 digits, and other ones in the next life of the process", () => {
  const clock = new FakeClock(Date.UTC(2051, 0, 1));
  const ids = new RequestIds();
  const first = [ids.next(clock), ids.next(clock), ids.next(clock)];
  expect(first).toEqual(["978307200000001", "978307200000002", "978307200000003"]);
  clock.stepWall(1000);
  expect(Number(new RequestIds().next(clock))).toBeGreaterThan(Number(first[2]));
});

test("next() is above 0 whatever the wall clock says", () => {
  const ids = new RequestIds();
  expect([ids.next(new FakeClock(0)), ids.next(new FakeClock(0))]).toEqual(["1", "2"]);
});
