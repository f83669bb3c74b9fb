import { describe, expect, test } from "bun:test";
import { GateRig } from "./gate-rig.ts";

const TOO_LOW = "logout: MsgSeqNum too low, expecting 6 but received 5";

/** 2 and 3 were lost, 4 came, and 5 is stored at the LP and not written yet when it answers our ResendRequest. */
function rigWithOriginal(): { rig: GateRig; original: Uint8Array } {
  const rig = GateRig.loggedOn();
  rig.say("X", 4);
  return { rig, original: rig.bytes("X", 5) };
}

function repeatAll(rig: GateRig): void {
  for (const sequence of [2, 3, 4, 5]) rig.repeat("X", sequence);
  rig.told();
}

describe("SequenceGate when an original comes behind its own replay", () => {
  test("has seen it: the session goes on", () => {
    const { rig, original } = rigWithOriginal();
    repeatAll(rig);
    rig.gate.receive(original);
    rig.say("X", 6);
    expect(rig.told()).toEqual(["data X6"]);
    expect(rig.numbers.nextIncoming).toBe(7);
  });

  test("has seen it also when its SendingTime is of the very same millisecond, or written in seconds", () => {
    const { rig } = rigWithOriginal();
    repeatAll(rig);
    rig.say("X", 5);
    rig.say("X", 5, [], { sendingTime: "20231114-22:13:20" });
    expect(rig.told()).toEqual([]);
  });

  test("has been told that it is lost when a GapFill went over it", async () => {
    const { rig } = rigWithOriginal();
    const original = rig.bytes("0", 5);
    await rig.clock.advance(10);
    rig.repeat("X", 2);
    rig.repeat("X", 3);
    rig.gapFill(5, 6);
    expect(rig.told().at(-1)).toBe("lost 5 6");
    rig.gate.receive(original);
    rig.say("X", 6);
    expect(rig.told()).toEqual(["data X6"]);
  });

  test("ends when it was made after the replay: that is an LP that has lost its numbers", async () => {
    const { rig } = rigWithOriginal();
    repeatAll(rig);
    await rig.clock.advance(1);
    rig.say("X", 5);
    expect(rig.told()[0]).toBe(TOO_LOW);
  });

  test("ends when nothing of that number was sent again", () => {
    const { rig, original } = rigWithOriginal();
    rig.repeat("X", 2);
    rig.repeat("X", 3);
    rig.say("X", 5);
    rig.told();
    rig.gate.receive(original);
    expect(rig.told()[0]).toBe(TOO_LOW);
  });

  test("ends when nothing had been asked for", () => {
    const rig = GateRig.loggedOn();
    rig.say("X", 2);
    rig.repeat("X", 2);
    rig.told();
    rig.say("X", 2);
    expect(rig.told()[0]).toBe("logout: MsgSeqNum too low, expecting 3 but received 2");
  });

  test("ends on a GapFill, which nobody sends again", () => {
    const { rig } = rigWithOriginal();
    repeatAll(rig);
    rig.say("4", 5, [
      [123, "Y"],
      [36, "9"],
    ]);
    expect(rig.told()[0]).toBe(TOO_LOW);
  });

  test("ends when it has no SendingTime to tell", () => {
    const { rig } = rigWithOriginal();
    repeatAll(rig);
    rig.say("X", 5, [], { sendingTime: "" });
    expect(rig.told()[0]).toBe(TOO_LOW);
  });

  test.each<[string, () => Parameters<GateRig["say"]>]>([
    ["a SequenceReset", () => ["4", 0, [[36, "20"]]]],
    ["a Logon with 141=Y", () => ["A", 10, [[141, "Y"]]]],
  ])("ends when the numbers have begun anew since: %s", (_what, anew) => {
    const { rig, original } = rigWithOriginal();
    repeatAll(rig);
    rig.say(...anew());
    rig.told();
    rig.gate.receive(original);
    expect(rig.told()[0]).toStartWith("logout: MsgSeqNum too low");
  });
});
