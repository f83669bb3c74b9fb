import { describe, expect, test } from "bun:test";
import { RequestMeter, retryAfterSeconds } from "../../../src/simulator/rest/request-meter.ts";

describe("RequestMeter", () => {
  test("counts weight per window and says when the next begins", () => {
    const meter = new RequestMeter({ weight: 5, windowMs: 1000 });
    expect(meter.count(4, 2100)).toEqual({ verdict: "ok", used: 4, limit: 5, retryAfterMs: 0, resetsInMs: 900 });
    expect(meter.count(4, 2400)).toMatchObject({ verdict: "too_many", used: 8, retryAfterMs: 600 });
    expect(meter.count(4, 3000)).toMatchObject({ verdict: "ok", used: 4 });
  });

  test("bans who does not listen, and lifts the ban by itself", () => {
    const meter = new RequestMeter({ weight: 1, windowMs: 1000, ban: { afterRefusals: 2, forMs: 5000 } });
    const verdicts = [0, 10, 20, 30, 1000, 5029, 6000].map((nowMs) => meter.count(1, nowMs).verdict);
    expect(verdicts).toEqual(["ok", "too_many", "too_many", "banned", "banned", "banned", "ok"]);
  });

  test("setRules() forgets what was counted, bans included", () => {
    const meter = new RequestMeter({ weight: 1, windowMs: 1000 });
    meter.ban(60_000, 0);
    expect(meter.count(1, 1).verdict).toBe("banned");
    meter.setRules({ weight: 2, windowMs: 1000 });
    expect(meter.count(2, 2).verdict).toBe("ok");
  });

  test("retryAfterSeconds() never says too few", () => {
    expect([1, 1000, 1001, 0].map(retryAfterSeconds)).toEqual(["1", "1", "2", "1"]);
  });
});
