import { describe, expect, test } from "bun:test";
import { GateRig } from "./gate-rig.ts";

describe("SequenceGate and SendingTime (52)", () => {
  test("what may have waited for us is not too old, however long memory was full or the process stood still", () => {
    const rig = GateRig.loggedOn({ maxClockSkewMs: 120_000 });
    const waiting = [2, 3].map((sequence) => rig.bytes("X", sequence));
    rig.clock.lose(600_000);
    for (const bytes of waiting) rig.gate.receive(bytes);
    expect(rig.told()).toEqual(["data X2", "data X3"]);
    rig.say("X", 4);
    rig.say("X", 5, [], { sendingTime: "20231114-22:13:20" });
    expect(rig.told().at(-1)).toStartWith('end {"kind":"protocol","text":"SendingTime accuracy problem: ');
  });

  test("a SendingTime ahead of our clock is never a message that waited", () => {
    const rig = GateRig.loggedOn({ maxClockSkewMs: 120_000 });
    rig.clock.lose(600_000);
    rig.say("X", 2, [], { sendingTime: "20231114-23:13:20" });
    expect(rig.told().at(-1)).toContain("the LP's clock says 20231114-23:13:20, ours 20231114-22:23:20.000");
  });

  test.each([3_600_000, -3_600_000])("a step of our own clock by %i ms is not held against the LP", (stepMs) => {
    const rig = GateRig.loggedOn({ maxClockSkewMs: 120_000 });
    const sent = [2, 3].map((sequence) => rig.bytes("X", sequence));
    rig.clock.stepWall(stepMs);
    for (const bytes of sent) rig.gate.receive(bytes);
    // An LP whose clock is set as ours is in time as well.
    rig.say("X", 4);
    expect(rig.told()).toEqual(["data X2", "data X3", "data X4"]);
    const sendingTime = stepMs > 0 ? "20231114-20:13:20" : "20231115-00:13:20";
    rig.say("X", 5, [], { sendingTime });
    expect(rig.told().at(-1)).toStartWith('end {"kind":"protocol","text":"SendingTime accuracy problem: ');
  });

  test("a SendingTime a little off is fine", () => {
    const rig = GateRig.loggedOn({ maxClockSkewMs: 120_000 });
    rig.clock.stepWall(119_000);
    rig.say("X", 2, [], { sendingTime: "20231114-22:13:20" });
    expect(rig.told()).toEqual(["data X2"]);
  });
});
