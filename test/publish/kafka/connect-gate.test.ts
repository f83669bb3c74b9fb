import { describe, expect, test } from "bun:test";
import { ConnectGate, RECONNECT_BACKOFF } from "../../../src/publish/kafka/connect-gate.ts";
import { FakeClock, settle } from "../../harness/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  return { clock, gate: new ConnectGate(clock, () => 1) };
}

describe("ConnectGate", () => {
  test("pass() runs one attempt at a time, and those who wait share its failure", async () => {
    const { gate } = setUp();
    const first = Promise.withResolvers<string>();
    let attempts = 0;
    const connect = () => {
      attempts++;
      return first.promise;
    };
    const passes = [gate.pass(connect), gate.pass(connect), gate.pass(connect)].map((pass) =>
      pass.catch((error: Error) => error.message),
    );
    await settle();
    expect(attempts).toBe(1);
    first.reject(new Error("refused"));
    expect(await Promise.all(passes)).toEqual(["refused", "refused", "refused"]);
    expect(attempts).toBe(1);
  });

  test("pass() lets those who wait connect themselves when the attempt succeeds", async () => {
    const { gate } = setUp();
    let attempts = 0;
    const connect = async () => ++attempts;
    expect(await Promise.all([gate.pass(connect), gate.pass(connect)])).toEqual([1, 2]);
  });

  test("pauses grow with each failure up to the cap, and end when a connection is of use", async () => {
    const { clock, gate } = setUp();
    const delays: number[] = [];
    for (let i = 0; i < 8; i++) {
      gate.noteFailure();
      const pass = gate.pass(async () => "connected");
      await settle();
      delays.push(clock.armedDelaysMs[0]);
      await clock.advance(clock.armedDelaysMs[0]);
      expect(await pass).toBe("connected");
    }
    expect(delays).toEqual([50, 100, 200, 400, 800, 1000, 1000, 1000]);
    expect(delays.at(-1)).toBe(RECONNECT_BACKOFF.maxDelayMs);
    gate.noteUseful();
    expect(gate.failures).toBe(0);
    expect(await gate.pass(async () => "at once")).toBe("at once");
    expect(clock.armedTimers).toBe(0);
  });

  test("close() ends a pause at once", async () => {
    const { clock, gate } = setUp();
    gate.noteFailure();
    const pass = gate.pass(async () => "ran");
    await settle();
    expect(clock.armedTimers).toBe(1);
    gate.close();
    expect(await pass).toBe("ran");
    expect(clock.armedTimers).toBe(0);
  });
});
