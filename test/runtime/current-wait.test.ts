import { expect, test } from "bun:test";
import { CurrentWait } from "../../src/runtime/current-wait.ts";

test("CurrentWait tells the limit of the last wait, and its own as well as another's", () => {
  const wait = new CurrentWait();
  expect(wait.deadlineMs).toBe(0);
  wait.until(100);
  expect(wait.deadlineMs).toBe(100);
  const other = new CurrentWait();
  other.until(250);
  wait.follow(other);
  expect(wait.deadlineMs).toBe(250);
  other.until(400);
  expect(wait.deadlineMs).toBe(400);
  wait.until(300);
  other.until(500);
  expect(wait.deadlineMs).toBe(300);
});
