import { describe, expect, test } from "bun:test";
import { boundThrottle, THROTTLE_MAX_MS, throttleMs } from "../../../src/publish/kafka/throttle.ts";

describe("throttleMs()", () => {
  test("reads the throttle of any answer that has one", () => {
    expect(throttleMs({ clientSideThrottleTime: 250 })).toBe(250);
    for (const answer of [null, 1, {}, { clientSideThrottleTime: -1 }, { clientSideThrottleTime: "1" }]) {
      expect(throttleMs(answer)).toBe(0);
    }
  });
});

describe("boundThrottle()", () => {
  test("cuts a throttle that would hold the connection back for days", () => {
    const answer = { errorCode: 0, clientSideThrottleTime: 0x7fff_ffff };
    expect(boundThrottle(answer)).toBe(answer);
    expect(answer).toEqual({ errorCode: 0, clientSideThrottleTime: THROTTLE_MAX_MS });
  });

  test("leaves every other answer as it is", () => {
    expect(boundThrottle({ clientSideThrottleTime: 250 })).toEqual({ clientSideThrottleTime: 250 });
    expect(boundThrottle({ errorCode: 3 })).toEqual({ errorCode: 3 });
  });
});
