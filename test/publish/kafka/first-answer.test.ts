import { describe, expect, test } from "bun:test";
import { firstAnswer } from "../../../src/publish/kafka/first-answer.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

/** So many attempts that end when the test says so. */
function setUp(count: number) {
  const clock = new FakeClock();
  const begun: number[] = [];
  const ends = Array.from({ length: count }, () => Promise.withResolvers<string>());
  const attempts = ends.map(({ promise }, at) => () => {
    begun.push(at);
    return promise;
  });
  const answer = firstAnswer(attempts, { clock, nextAfterMs: 1000, lastStartMs: 2500 });
  const outcome = answer.then(
    (value) => value,
    (error: Error) => `failed: ${error.message}`,
  );
  return { clock, begun, ends, outcome };
}

describe("firstAnswer()", () => {
  test("makes one attempt when it is answered soon", async () => {
    const { clock, begun, ends, outcome } = setUp(3);
    await clock.advance(999);
    ends[0].resolve("a");
    expect(await outcome).toBe("a");
    expect([begun, clock.armedTimers]).toEqual([[0], 0]);
  });

  test("goes on at once after a failure", async () => {
    const { clock, begun, ends, outcome } = setUp(3);
    ends[0].reject(new Error("first"));
    await clock.advance(0);
    expect(begun).toEqual([0, 1]);
    ends[1].resolve("b");
    expect(await outcome).toBe("b");
    expect(clock.armedTimers).toBe(0);
  });

  test("begins the next beside one that is silent; the first answer counts, whoever gives it", async () => {
    const { clock, begun, ends, outcome } = setUp(3);
    await clock.advance(1000);
    expect(begun).toEqual([0, 1]);
    ends[1].reject(new Error("second"));
    await clock.advance(0);
    expect(begun).toEqual([0, 1, 2]);
    ends[0].resolve("late");
    expect(await outcome).toBe("late");
    expect(clock.armedTimers).toBe(0);
  });

  test("begins none after the last start, and rejects when those that run have failed", async () => {
    const { clock, begun, ends, outcome } = setUp(9);
    await clock.advance(10_000);
    expect(begun).toEqual([0, 1, 2]);
    for (const at of [1, 0, 2]) ends[at].reject(new Error(`${at}`));
    expect(await outcome).toBe("failed: 2");
    expect([begun.length, clock.armedTimers]).toEqual([3, 0]);
  });

  test("rejects with the last error when every attempt fails", async () => {
    const { clock, ends, outcome } = setUp(2);
    ends[0].reject(new Error("first"));
    await clock.advance(0);
    ends[1].reject(new Error("second"));
    expect(await outcome).toBe("failed: second");
    expect(clock.armedTimers).toBe(0);
  });
});
