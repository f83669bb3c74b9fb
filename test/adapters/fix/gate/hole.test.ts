import { describe, expect, test } from "bun:test";
import { GateRig } from "./gate-rig.ts";

describe("SequenceGate over a hole", () => {
  test("keeps what is ahead, asks once, and gives all in order when the hole closes", () => {
    const rig = GateRig.loggedOn();
    rig.say("X", 5);
    rig.say("X", 6);
    rig.say("W", 7);
    expect(rig.told()).toEqual(["hole 1 5", "ask 2"]);
    rig.repeat("X", 2);
    rig.repeat("X", 3);
    expect(rig.told()).toEqual(["data X2", "data X3"]);
    rig.repeat("X", 4);
    expect(rig.told()).toEqual(["data X4", "data X5", "data X6", "data W7", "filled"]);
    expect(rig.numbers.nextIncoming).toBe(8);
    expect(rig.clock.armedTimers).toBe(0);
  });

  test("the repeats of what was kept are ignored", () => {
    const rig = GateRig.loggedOn();
    rig.say("X", 3);
    rig.repeat("X", 2);
    rig.repeat("X", 3);
    rig.say("X", 4);
    expect(rig.told()).toEqual(["hole 1 3", "ask 2", "data X2", "data X3", "filled", "data X4"]);
  });

  test("a second stretch is told of its own and asked for only when the first request cannot have covered it", () => {
    const rig = GateRig.loggedOn();
    rig.say("X", 4);
    rig.say("X", 7);
    expect(rig.told()).toEqual(["hole 1 4", "ask 2", "hole 4 7"]);
    rig.repeat("X", 2);
    rig.repeat("X", 3);
    expect(rig.told()).toEqual(["data X2", "data X3", "data X4", "ask 5"]);
    rig.repeat("X", 5);
    rig.repeat("X", 6);
    expect(rig.told()).toEqual(["data X5", "data X6", "data X7", "filled"]);
  });

  test("a stretch that was known when it was asked is not asked for again", async () => {
    const rig = GateRig.loggedOn({ resendAnswerMs: 1000 });
    rig.say("X", 4);
    rig.say("X", 7);
    await rig.clock.advance(1000);
    expect(rig.told()).toEqual(["hole 1 4", "ask 2", "hole 4 7", "ask 2"]);
    for (const sequence of [2, 3, 4, 5, 6, 7]) rig.repeat("X", sequence);
    expect(rig.told()).toEqual(["data X2", "data X3", "data X4", "data X5", "data X6", "data X7", "filled"]);
  });

  test("asks twice more when nothing comes, and then ends as silent", async () => {
    const rig = GateRig.loggedOn();
    rig.say("X", 4);
    await rig.clock.advance(9_999);
    expect(rig.told()).toEqual(["hole 1 4", "ask 2"]);
    await rig.clock.advance(1);
    expect(rig.told()).toEqual(["ask 2"]);
    await rig.clock.advance(10_000);
    expect(rig.told()).toEqual(["ask 2"]);
    await rig.clock.advance(10_000);
    expect(rig.told()).toEqual([
      "logout: ResendRequest was not answered",
      'end {"kind":"silent","text":"ResendRequest was not answered"}',
    ]);
    // Else the next session would end over the same hole.
    expect(rig.numbers.nextIncoming).toBe(5);
    expect(rig.clock.armedTimers).toBe(0);
  });

  test("an answer that is under way may take its time", async () => {
    const rig = GateRig.loggedOn();
    rig.say("X", 9);
    rig.told();
    for (let sequence = 2; sequence < 8; sequence++) {
      await rig.clock.advance(9_000);
      rig.repeat("X", sequence);
    }
    expect(rig.told()).toEqual(["data X2", "data X3", "data X4", "data X5", "data X6", "data X7"]);
  });

  test("while nothing is read no answer is missed", async () => {
    const rig = GateRig.loggedOn();
    rig.say("X", 4);
    rig.gate.hold(true);
    await rig.clock.advance(100_000);
    rig.gate.hold(false);
    await rig.clock.advance(9_000);
    expect(rig.told()).toEqual(["hole 1 4", "ask 2"]);
    await rig.clock.advance(1_000);
    expect(rig.told()).toEqual(["ask 2"]);
  });

  test("while the process stood still no answer is missed", async () => {
    const rig = GateRig.loggedOn();
    rig.say("X", 4);
    await rig.clock.advance(20_000);
    rig.told();
    rig.clock.lose(60_000);
    await rig.clock.advance(10_000);
    expect(rig.told()).toEqual([]);
    await rig.clock.advance(10_000);
    expect(rig.told().at(-1)).toStartWith('end {"kind":"silent"');
  });

  test("a GapFill over all of it says that the data is lost", () => {
    const rig = GateRig.loggedOn();
    rig.say("X", 5);
    rig.gapFill(2, 5);
    expect(rig.told()).toEqual(["hole 1 5", "ask 2", "lost 2 5", "data X5"]);
    expect(rig.numbers.nextIncoming).toBe(6);
    expect(rig.clock.armedTimers).toBe(0);
  });

  test("a GapFill over a part of it leaves the rest to come", () => {
    const rig = GateRig.loggedOn();
    rig.say("X", 5);
    rig.gapFill(2, 4);
    expect(rig.told()).toEqual(["hole 1 5", "ask 2", "lost 2 4"]);
    rig.repeat("X", 4);
    expect(rig.told()).toEqual(["data X4", "data X5"]);
  });

  test("a GapFill over what was kept as well gives what was kept its turn", () => {
    const rig = GateRig.loggedOn();
    rig.say("X", 4);
    rig.say("Y", 6);
    rig.gapFill(2, 12);
    expect(rig.told()).toEqual(["hole 1 4", "ask 2", "hole 4 6", "lost 2 12", "data X4", "take Y6"]);
    expect(rig.numbers.nextIncoming).toBe(12);
    rig.say("X", 12);
    expect(rig.told()).toEqual(["data X12"]);
  });

  test("a GapFill that was kept has its turn too", () => {
    const rig = GateRig.loggedOn();
    rig.say("4", 10, [
      [36, "20"],
      [123, "Y"],
    ]);
    rig.say("1", 20, [[112, "HELLO"]]);
    expect(rig.told()).toEqual(["hole 1 10", "ask 2", "hole 10 20"]);
    rig.gapFill(2, 10);
    expect(rig.told()).toEqual(["lost 2 10", "lost 10 20", "take 120"]);
    expect(rig.numbers.nextIncoming).toBe(21);
  });

  test("Logout is obeyed ahead of its turn and consumes no number", () => {
    const rig = GateRig.loggedOn();
    rig.say("5", 9);
    expect(rig.told()).toEqual(["take 59"]);
    expect(rig.numbers.nextIncoming).toBe(2);
  });

  test("ResendRequest is answered ahead of its turn, once, before we ask ourselves", () => {
    const rig = GateRig.loggedOn();
    rig.say("2", 4, [
      [7, "1"],
      [16, "0"],
    ]);
    expect(rig.told()).toEqual(["take 24", "hole 1 4", "ask 2"]);
    rig.repeat("X", 2);
    rig.repeat("X", 3);
    expect(rig.told()).toEqual(["data X2", "data X3", "filled"]);
    expect(rig.numbers.nextIncoming).toBe(5);
  });

  test("TestRequest waits for its turn", () => {
    const rig = GateRig.loggedOn();
    rig.say("1", 3, [[112, "HELLO"]]);
    expect(rig.told()).toEqual(["hole 1 3", "ask 2"]);
    rig.repeat("0", 2);
    expect(rig.told()).toEqual(["take 02", "take 13", "filled"]);
  });

  test("a Logon ahead is taken, and counts as seen when the hole has closed", () => {
    const rig = new GateRig();
    rig.say("A", 3);
    rig.say("X", 4);
    expect(rig.told()).toEqual(["take A3", "hole 0 3", "ask 1"]);
    rig.repeat("X", 1);
    rig.repeat("X", 2);
    expect(rig.told()).toEqual(["data X1", "data X2", "data X4", "filled"]);
  });

  test("more messages than there is room for end the session", () => {
    const rig = GateRig.loggedOn({ framesAheadMax: 3 });
    for (const sequence of [4, 5, 6]) rig.say("X", sequence);
    expect(rig.told()).toEqual(["hole 1 4", "ask 2"]);
    rig.say("X", 7);
    expect(rig.told()).toEqual([
      "logout: Too many messages ahead of a missing one",
      'end {"kind":"protocol","text":"Too many messages ahead of a missing one"}',
    ]);
    // The next session goes on behind what was seen: it would end over the same hole otherwise.
    expect(rig.numbers.nextIncoming).toBe(7);
  });

  test("more bytes than there is room for end the session", () => {
    const rig = GateRig.loggedOn({ bytesAheadMax: 500 });
    rig.say("X", 4, [[58, "x".repeat(300)]]);
    rig.say("X", 5, [[58, "x".repeat(300)]]);
    expect(rig.told().at(-1)).toContain("Too many messages ahead");
  });

  test("what a handler throws while the hole closes costs that message alone", () => {
    const rig = GateRig.loggedOn();
    rig.handler.onLine = (line) => {
      if (line === "data X4" || line === "ask 2") throw new Error("a bug");
    };
    for (const sequence of [3, 4, 5]) rig.say("X", sequence);
    rig.repeat("X", 2);
    expect(rig.told()).toEqual(["hole 1 3", "ask 2", "data X2", "data X3", "data X4", "data X5", "filled"]);
    expect(rig.gate.failures.count).toBe(2);
  });
});
