import { describe, expect, test } from "bun:test";
import type { MessageHeader } from "../../../../src/fix/message-builder.ts";
import type { FixField } from "../../../../src/venues/compiled-fix-venue.ts";
import { GateRig } from "./gate-rig.ts";

const RESET: readonly FixField[] = [[141, "Y"]];
const NOT_ABSENT = { kind: "protocol" };

/** `[type, number, fields, header]` of one message of the LP. */
type Said = readonly [string, number, (readonly FixField[])?, Partial<MessageHeader>?];

describe("SequenceGate", () => {
  describe("takes the first message", () => {
    test.each<[string, Said, number, string[], number]>([
      ["a Logon with the expected number", ["A", 1], 1, ["take A1"], 2],
      ["a Logon ahead, and then asks", ["A", 5], 1, ["take A5", "hole 0 5", "ask 1"], 1],
      ["a Logon with 141=Y: both numbers start anew", ["A", 1, RESET], 40, ["reset", "answer reset", "take A1"], 2],
      ["a Logon with 141=Y and an odd number", ["A", 7, RESET], 40, ["reset", "answer reset", "take A7"], 8],
    ])("%s", (_what, said, expected, told, next) => {
      const rig = new GateRig();
      rig.numbers.nextIncoming = expected;
      rig.say(...said);
      expect(rig.told()).toEqual(told);
      expect(rig.numbers.nextIncoming).toBe(next);
    });

    test("a Logon with 141=Y that we have asked for: our own number stands, and it is no news", () => {
      const rig = new GateRig({ isReset: true });
      rig.numbers.nextOutgoing = 2;
      rig.say("A", 1, RESET);
      expect(rig.told()).toEqual(["take A1"]);
      expect(rig.numbers).toEqual({ nextOutgoing: 2, nextIncoming: 2 });
    });

    test("a Logon with 141=Y that we have not asked for: our answer has number 1, and its echo no other", () => {
      const rig = new GateRig();
      rig.numbers.nextOutgoing = 71;
      rig.say("A", 1, RESET);
      expect(rig.numbers).toEqual({ nextOutgoing: 1, nextIncoming: 2 });
      rig.told();
      rig.numbers.nextOutgoing = 2;
      rig.say("A", 1, RESET);
      expect(rig.told()).toEqual([]);
      expect(rig.numbers).toEqual({ nextOutgoing: 2, nextIncoming: 2 });
    });
  });

  describe("ends at the first message", () => {
    const text = (value: string): readonly FixField[] => [[58, value]];
    test.each<[string, Said, object]>([
      ["a Logout", ["5", 1, text("Wrong password")], { kind: "logon_refused", text: "Wrong password" }],
      ["a Logout without text", ["5", 1], { kind: "logon_refused", text: "" }],
      ["a Logout of somebody else", ["5", 9, text("No")], { kind: "logon_refused", text: "No" }],
      [
        "a Logout that says our number is too low",
        ["5", 1, text("MsgSeqNum too low, expecting 17 but received 3")],
        {
          kind: "outgoing_too_low",
          expected: 17,
          text: "MsgSeqNum too low, expecting 17 but received 3",
        },
      ],
      [
        "a Logout that says so without the number",
        ["5", 1, text("Sequence number too low")],
        { kind: "outgoing_too_low", expected: 0, text: "Sequence number too low" },
      ],
      [
        "a Reject of the Logon",
        [
          "3",
          1,
          [
            [372, "A"],
            [58, "Invalid sequence number: expected 9, received 2"],
          ],
        ],
        { kind: "outgoing_too_low", expected: 9, text: "Invalid sequence number: expected 9, received 2" },
      ],
      [
        "a Logout that calls the number by its tag",
        ["5", 1, text("MsgSeqNum(34) too low: expected MsgSeqNum(34) 17, received 34=3")],
        { kind: "outgoing_too_low", expected: 17 },
      ],
      ["a Reject that names no type", ["3", 1, text("Tag 554")], { kind: "logon_refused", text: "Tag 554" }],
      ["a Reject of something else", ["3", 1, [[372, "V"]]], NOT_ABSENT],
      ["a Heartbeat", ["0", 1], { kind: "protocol", text: "First message is not a Logon: MsgType (35) is 0" }],
      ["market data", ["W", 1], { kind: "protocol", text: "First message is not a Logon: MsgType (35) is W" }],
      [
        "another comp id",
        ["A", 1, [], { sender: "WHO" }],
        { kind: "protocol", text: 'CompID problem: the LP calls itself "WHO", and us "US"' },
      ],
      [
        "another target",
        ["A", 1, [], { target: "YOU" }],
        { kind: "protocol", text: 'CompID problem: the LP calls itself "LP", and us "YOU"' },
      ],
      [
        "another BeginString",
        ["A", 1, [], { beginString: "FIX.4.2" }],
        { kind: "protocol", text: "Incorrect BeginString: FIX.4.2" },
      ],
    ])("%s", (_what, said, end) => {
      const rig = new GateRig();
      rig.say(...said);
      const lines = rig.told();
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0].slice(4))).toMatchObject(end);
      rig.say("A", 2);
      expect(rig.told()).toEqual([]);
    });

    test("a Logon with a lower number says so to the LP", () => {
      const rig = new GateRig();
      rig.numbers.nextIncoming = 8;
      rig.say("A", 3);
      expect(rig.told()).toEqual([
        "logout: MsgSeqNum too low, expecting 8 but received 3",
        'end {"kind":"incoming_too_low","expected":8,"received":3}',
      ]);
    });

    test("a refusal consumes its number when it was its turn", () => {
      const rig = new GateRig();
      rig.say("5", 1);
      expect(rig.numbers.nextIncoming).toBe(2);
    });

    test("a Logon whose SendingTime is too far from our clock: the end names both times", () => {
      const rig = new GateRig({ maxClockSkewMs: 120_000 });
      rig.say("A", 1, [], { sendingTime: "20231114-23:13:20" });
      const text = "SendingTime accuracy problem: the LP's clock says 20231114-23:13:20, ours 20231114-22:13:20.000";
      expect(rig.told()).toEqual([`end {"kind":"protocol","text":"${text}"}`]);
    });
  });

  describe("in sequence", () => {
    test.each<[string, Said, string[]]>([
      ["market data W", ["W", 2], ["data W2"]],
      ["market data X", ["X", 2], ["data X2"]],
      ["quotes S", ["S", 2], ["data S2"]],
      ["quotes i", ["i", 2], ["data i2"]],
      ["a Heartbeat", ["0", 2], ["take 02"]],
      ["a TestRequest", ["1", 2, [[112, "x"]]], ["take 12"]],
      ["a Logout", ["5", 2], ["take 52"]],
      ["a Reject", ["3", 2, [[45, "1"]]], ["take 32"]],
      ["a ResendRequest", ["2", 2], ["take 22"]],
      ["an application message", ["Y", 2], ["take Y2"]],
      ["an unknown type", ["ZZ", 2], ["reject ZZ2 reason 11"]],
      ["a type that is no type", ["*", 2], ["reject *2 reason 11"]],
      ["a type of three characters", ["ABC", 2], ["reject ABC2 reason 11"]],
      ["a type of FIX we have no use for", ["8", 2], ["unsupported 82"]],
      ["a type only an LP receives", ["V", 2], ["unsupported V2"]],
      ["a Logon without 141", ["A", 2], []],
      ["data with PossDupFlag", ["X", 2, [], { isPossDup: true }], ["data X2"]],
      [
        "data with PossDupFlag and 122",
        ["X", 2, [], { isPossDup: true, origSendingTime: "20231114-22:13:00" }],
        ["data X2"],
      ],
    ])("%s", (_what, said, told) => {
      const rig = GateRig.loggedOn();
      rig.say(...said);
      expect(rig.told()).toEqual(told);
      expect(rig.numbers.nextIncoming).toBe(3);
    });

    test.each<[string, Said, string[], string]>([
      ["BeginString", ["0", 2, [], { beginString: "FIX.4.1" }], [], "Incorrect BeginString"],
      ["SenderCompID", ["0", 2, [], { sender: "WT" }], ["reject 02 reason 9"], "CompID problem"],
      ["TargetCompID", ["X", 2, [], { target: "DLSI" }], ["reject X2 reason 9"], "CompID problem"],
      [
        "SendingTime",
        ["X", 2, [], { sendingTime: "20231114-22:10:00" }],
        ["reject X2 reason 10"],
        "SendingTime accuracy problem",
      ],
      [
        "an unreadable SendingTime",
        ["X", 2, [], { sendingTime: "noon" }],
        ["reject X2 reason 10"],
        "SendingTime accuracy problem",
      ],
    ])("ends when %s is not this session's", (_what, said, replies, text) => {
      const rig = GateRig.loggedOn({ maxClockSkewMs: 120_000 });
      rig.say(...said);
      const told = rig.told();
      expect(told.slice(0, -1)).toEqual([...replies, `logout: ${text}`]);
      expect(told.at(-1)).toStartWith(`end {"kind":"protocol","text":"${text}: `);
      expect(rig.clock.armedTimers).toBe(0);
    });
  });

  describe("with a lower number", () => {
    test("ends without PossDupFlag", () => {
      const rig = GateRig.loggedOn();
      rig.say("X", 2);
      rig.say("X", 3);
      rig.told();
      rig.say("X", 2);
      expect(rig.told()).toEqual([
        "logout: MsgSeqNum too low, expecting 4 but received 2",
        'end {"kind":"incoming_too_low","expected":4,"received":2}',
      ]);
      expect(rig.numbers.nextIncoming).toBe(4);
    });

    test("ends on a GapFill without PossDupFlag", () => {
      const rig = GateRig.loggedOn();
      rig.say("4", 1, [
        [36, "20"],
        [123, "Y"],
      ]);
      expect(rig.told()[0]).toBe("logout: MsgSeqNum too low, expecting 2 but received 1");
    });

    test.each<[string, Said, string[]]>([
      ["data", ["X", 1, [], { isPossDup: true, origSendingTime: "20231114-22:13:00" }], []],
      [
        "a GapFill",
        [
          "4",
          1,
          [
            [123, "Y"],
            [36, "20"],
          ],
          { isPossDup: true },
        ],
        [],
      ],
      [
        "a stamp in seconds that is not later",
        ["X", 1, [], { isPossDup: true, sendingTime: "20231114-22:13:20", origSendingTime: "20231114-22:13:20.900" }],
        [],
      ],
      ["no OrigSendingTime", ["X", 1, [], { isPossDup: true }], ["reject X1 reason 1 tag 122"]],
    ])("and PossDupFlag ignores %s", (_what, said, told) => {
      const rig = GateRig.loggedOn();
      rig.say(...said);
      expect(rig.told()).toEqual(told);
      expect(rig.numbers.nextIncoming).toBe(2);
      rig.say("X", 2);
      expect(rig.told()).toEqual(["data X2"]);
    });

    test("ends when the first sending is said to be later than the second", () => {
      const rig = GateRig.loggedOn();
      rig.say("X", 1, [], { isPossDup: true, origSendingTime: "20231114-22:14:00.000" });
      expect(rig.told()).toEqual([
        "reject X1 reason 10",
        "logout: SendingTime accuracy problem",
        'end {"kind":"protocol","text":"SendingTime accuracy problem: the LP\'s clock says 20231114-22:13:20.000, ours 20231114-22:13:20.000, and it was first sent at 20231114-22:14:00.000"}',
      ]);
    });
  });

  describe("SequenceReset", () => {
    const newNumber = (value: string, more: readonly FixField[] = []): readonly FixField[] => [[36, value], ...more];
    test.each<[string, Said, string[], number]>([
      [
        "GapFill in sequence: nobody has seen what it fills",
        ["4", 2, newNumber("20", [[123, "Y"]])],
        ["lost 2 20"],
        20,
      ],
      ["GapFill to its own number is rejected", ["4", 2, newNumber("2", [[123, "Y"]])], ["reject 42 reason 5"], 3],
      ["GapFill that says nothing is rejected", ["4", 2, [[123, "Y"]]], ["reject 42 reason 1 tag 36"], 3],
      ["GapFill with no number is rejected", ["4", 2, newNumber("x", [[123, "Y"]])], ["reject 42 reason 5"], 3],
      ["reset to a higher number, whatever its own", ["4", 0, newNumber("25")], ["lost 2 25", "reset"], 25],
      ["reset with 123=N", ["4", 2, newNumber("25", [[123, "N"]])], ["lost 2 25", "reset"], 25],
      ["reset to the next number", ["4", 0, newNumber("2")], [], 2],
      ["reset to a lower number is rejected", ["4", 0, newNumber("1")], ["reject 40 reason 5"], 2],
      ["reset to nothing is rejected", ["4", 0], ["reject 40 reason 1 tag 36"], 2],
    ])("%s", (_what, said, told, next) => {
      const rig = GateRig.loggedOn();
      rig.say(...said);
      expect(rig.told()).toEqual(told);
      expect(rig.numbers.nextIncoming).toBe(next);
    });

    test("reset over a hole drops what was kept and says what is lost", () => {
      const rig = GateRig.loggedOn();
      rig.say("X", 4);
      rig.say("X", 9);
      rig.told();
      rig.say("4", 10, newNumber("2"));
      expect(rig.told()).toEqual(["lost 2 10", "reset"]);
      rig.say("X", 2);
      rig.say("X", 3);
      rig.say("X", 4);
      expect(rig.told()).toEqual(["data X2", "data X3", "data X4"]);
      expect(rig.clock.armedTimers).toBe(0);
    });
  });

  test("a Logon with 141=Y in the middle starts both numbers anew and is answered", () => {
    const rig = GateRig.loggedOn();
    rig.numbers.nextOutgoing = 50;
    rig.say("X", 4);
    rig.told();
    rig.say("A", 1, RESET);
    expect(rig.told()).toEqual(["lost 2 5", "reset", "answer reset"]);
    expect(rig.numbers).toEqual({ nextOutgoing: 1, nextIncoming: 2 });
    rig.say("X", 2);
    expect(rig.told()).toEqual(["data X2"]);
  });

  test("a Logon with 141=Y that has the expected number is no different", () => {
    const rig = GateRig.loggedOn();
    rig.numbers.nextIncoming = 1;
    rig.say("A", 1, RESET);
    expect(rig.told()).toEqual(["reset", "answer reset"]);
    expect(rig.numbers).toEqual({ nextOutgoing: 1, nextIncoming: 2 });
  });

  test("a Logon with 141=Y that answers our answer is not answered", async () => {
    const rig = GateRig.loggedOn();
    rig.say("A", 1, RESET);
    rig.numbers.nextOutgoing = 2;
    await rig.clock.advance(900);
    rig.say("A", 1, RESET);
    expect(rig.told()).toEqual(["reset", "answer reset"]);
    expect(rig.numbers).toEqual({ nextOutgoing: 2, nextIncoming: 2 });
    await rig.clock.advance(100);
    rig.say("A", 1, RESET);
    expect(rig.told()).toEqual(["reset", "answer reset"]);
  });

  test("what a handler throws costs its message, is counted, and never the sequence", () => {
    const rig = GateRig.loggedOn();
    const thrown = new Error("a bug");
    rig.handler.onLine = (line) => {
      if (line === "data X2" || line === "take Y4" || line.startsWith("garbage")) throw thrown;
    };
    rig.say("X", 2);
    rig.say("X", 3);
    rig.say("Y", 4);
    rig.gate.receive(Buffer.from("noise"));
    rig.say("X", 5);
    expect(rig.told()).toEqual(["data X2", "data X3", "take Y4", "garbage not_fix", "data X5"]);
    expect(rig.numbers.nextIncoming).toBe(6);
    expect(rig.gate.failures.count).toBe(3);
    expect(rig.gate.failures.first).toBe(thrown);
  });

  test("a bad frame is as if it had never been sent", () => {
    const rig = GateRig.loggedOn();
    const bad = rig.bytes("X", 2);
    bad[bad.length - 3] ^= 1;
    rig.gate.receive(bad);
    rig.say("X", 3);
    rig.repeat("X", 2);
    expect(rig.told()).toEqual(["garbage checksum", "hole 1 3", "ask 2", "data X2", "data X3", "filled"]);
  });

  test("stop() is heeded in the middle of a chunk", () => {
    const rig = GateRig.loggedOn();
    rig.handler.onLine = () => rig.gate.stop();
    rig.gate.receive(Buffer.concat([rig.bytes("X", 2), rig.bytes("X", 3)]));
    rig.say("X", 4);
    expect(rig.told()).toEqual(["data X2"]);
    expect(rig.clock.armedTimers).toBe(0);
  });
});
