import { describe, expect, test } from "bun:test";
import { generateKeyPairSync, sign, verify } from "node:crypto";
import type { FixField } from "../../../../src/venues/compiled-fix-venue.ts";
import { ScriptedLp } from "./scripted-lp.ts";

const LOGON_ANSWER: readonly FixField[] = [
  [98, "0"],
  [108, "30"],
];

describe("EngineSession logs on", () => {
  test("with 98, 108 and the fields it is given, in order", async () => {
    const lp = await ScriptedLp.connect({
      logonFields: () => [
        [553, "user"],
        [554, "secret|=word"],
        [25035, "1"],
      ],
    });
    lp.session.logon();
    expect(lp.written()).toEqual(["A#1 98=0 108=30 553=user 554=secret|=word 25035=1"]);
    expect(lp.numbers.nextOutgoing).toBe(2);
    expect(lp.session.isLoggedOn).toBe(false);
    lp.say("A", LOGON_ANSWER);
    expect(lp.heard()).toEqual(["logon"]);
    expect(lp.session.isLoggedOn).toBe(true);
    expect(lp.numbers.nextIncoming).toBe(2);
  });

  test("with 141=Y when the numbers start anew", async () => {
    const lp = await ScriptedLp.connect({ isReset: true });
    lp.session.logon();
    expect(lp.written()).toEqual(["A#1 98=0 108=30 141=Y"]);
    lp.say("A", [...LOGON_ANSWER, [141, "Y"]]);
    expect(lp.heard()).toEqual(["logon"]);
    expect(lp.numbers).toEqual({ nextOutgoing: 2, nextIncoming: 2 });
  });

  test("and gives the fields the very values the header has", async () => {
    let signed = "";
    const lp = await ScriptedLp.connect({
      logonFields: ({ sequence, sendingTime }) => {
        signed = `${sequence} ${sendingTime}`;
        return [];
      },
    });
    lp.numbers.nextOutgoing = 17;
    await lp.clock.advance(123.4);
    lp.session.logon();
    expect(signed).toBe(`${lp.sent[0].get(34)} ${lp.sent[0].get(52)}`);
    expect(signed).toBe("17 20231114-22:13:20.123");
  });

  test("with the header of FIX 4.4, sub ids included", async () => {
    const identity = { beginString: "FIX.4.4", sender: "US", target: "LP", senderSub: "QUOTE", targetSub: "DESK" };
    const lp = await ScriptedLp.connect({ identity });
    lp.session.logon();
    expect(lp.sent[0].fields.map(([tag]) => tag)).toEqual([8, 9, 35, 49, 56, 34, 50, 57, 52, 98, 108, 10]);
    expect(lp.sent[0].get(50)).toBe("QUOTE");
    expect(lp.sent[0].get(57)).toBe("DESK");
  });

  test("once", async () => {
    const lp = await ScriptedLp.connect();
    lp.session.logon();
    lp.session.logon();
    expect(lp.sent).toHaveLength(1);
  });

  test("and not at all when the fields cannot be made: no number is used up", async () => {
    const lp = await ScriptedLp.connect({
      logonFields: () => {
        throw new Error("no key");
      },
    });
    expect(() => lp.session.logon()).toThrow("no key");
    expect(lp.sent).toEqual([]);
    expect(lp.numbers.nextOutgoing).toBe(1);
  });

  test("and asks for what it has missed when the answer is ahead", async () => {
    const lp = await ScriptedLp.connect();
    lp.next = 9;
    lp.session.logon();
    lp.say("A", LOGON_ANSWER);
    expect(lp.heard()).toEqual(["logon", "hole 0 9"]);
    expect(lp.written()).toEqual(["A#1 98=0 108=30", "2#2 7=1 16=0"]);
  });

  test("and starts its own numbers anew when the LP does, before anything else is said", async () => {
    const lp = await ScriptedLp.connect();
    lp.numbers.nextOutgoing = 40;
    lp.numbers.nextIncoming = 90;
    lp.session.logon();
    lp.say("A", [...LOGON_ANSWER, [141, "Y"]]);
    expect(lp.heard()).toEqual(["reset", "logon"]);
    lp.session.send("V", [[262, "r1"]]);
    expect(lp.written()).toEqual(["A#40 98=0 108=30", "A#1 98=0 108=30 141=Y", "V#2 262=r1"]);
    expect(lp.numbers).toEqual({ nextOutgoing: 3, nextIncoming: 2 });
  });
});

describe("EngineSession sends", () => {
  test("fields as they are, and says under which number", async () => {
    const lp = await ScriptedLp.loggedOn();
    const fields: readonly FixField[] = [
      [262, "r1"],
      [263, "1"],
      [146, "2"],
      [55, "EUR/USD"],
      [5001, "ours"],
      [55, "GBP/USD"],
      [264, "1"],
    ];
    expect(lp.session.send("V", fields)).toBe(2);
    expect(lp.written()).toEqual(["V#2 262=r1 263=1 146=2 55=EUR/USD 5001=ours 55=GBP/USD 264=1"]);
    expect(lp.session.send("V", fields)).toBe(3);
  });

  test("no field into a field", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.session.send("V", [[262, "a\u000135=5\u0001é€"]]);
    expect(lp.written()).toEqual(["V#2 262=a?35=5?é?"]);
  });

  test("nothing before the logon, after the logout and after the end", async () => {
    const lp = await ScriptedLp.connect();
    expect(lp.session.send("V", [])).toBe(0);
    lp.session.logon();
    expect(lp.session.send("V", [])).toBe(0);
    lp.say("A", LOGON_ANSWER);
    lp.session.logout("");
    expect(lp.session.send("V", [])).toBe(0);
    lp.session.close();
    expect(lp.session.send("V", [])).toBe(0);
    expect(lp.numbers.nextOutgoing).toBe(3);
  });
});

describe("EngineSession answers", () => {
  const range = (from: string, to: string): readonly FixField[] => [
    [7, from],
    [16, to],
  ];
  test.each<[string, readonly FixField[], string[]]>([
    ["to the end", range("1", "0"), ["4#1 43=Y 122=20231114-22:13:20.000 123=Y 36=4"]],
    ["a part", range("1", "2"), ["4#1 43=Y 122=20231114-22:13:20.000 123=Y 36=3"]],
    ["to the end as FIX 4.2 has it", range("2", "999999"), ["4#2 43=Y 122=20231114-22:13:20.000 123=Y 36=4"]],
    ["from 0", range("0", "0"), ["4#1 43=Y 122=20231114-22:13:20.000 123=Y 36=4"]],
    ["what was not sent yet", range("4", "0"), []],
    ["nothing it names", [], ["3#4 45=2 371=7 372=2 373=1 58=Required tag missing"]],
    ["no number", range("x", "0"), []],
  ])("a ResendRequest for %s by one GapFill or none", async (_what, fields, written) => {
    const lp = await ScriptedLp.loggedOn();
    lp.session.send("V", [[262, "r1"]]);
    lp.session.send("V", [[262, "r2"]]);
    lp.written();
    lp.say("2", fields);
    expect(lp.written()).toEqual(written);
    expect(lp.session.failures.count).toBe(0);
  });

  test("a ResendRequest without using up a number", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.say("2", range("1", "0"));
    expect(lp.numbers.nextOutgoing).toBe(2);
  });

  test("a Logon that resets the numbers in the middle by one of ours", async () => {
    const lp = await ScriptedLp.loggedOn({ logonFields: () => [[553, "user"]] });
    lp.session.send("V", [[262, "r1"]]);
    lp.written();
    lp.next = 1;
    lp.say("A", [...LOGON_ANSWER, [141, "Y"]]);
    lp.say("1", [[112, "x"]]);
    expect(lp.written()).toEqual(["A#1 98=0 108=30 141=Y 553=user", "0#2 112=x"]);
    expect(lp.heard()).toEqual(["reset"]);
    expect(lp.session.isLoggedOn).toBe(true);
  });

  test("what is wrong with a Reject, and what we do not read with a BusinessMessageReject", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.say("*");
    lp.say("8", [[37, "id"]]);
    lp.say("0", [], { sequence: 1, isPossDup: true });
    expect(lp.written()).toEqual([
      "3#2 45=2 372=* 373=11 58=Invalid MsgType",
      "j#3 45=3 58=Unsupported Message Type 372=8 380=3",
      "3#4 45=1 371=122 372=0 373=1 58=Required tag missing",
    ]);
  });
});

describe("EngineSession hands on", () => {
  test.each(["Y", "j", "h", "B", "f", "y", "Z", "AI", "d"])("the application message %s", async (msgType) => {
    const lp = await ScriptedLp.loggedOn();
    lp.say(msgType, [[58, "text"]]);
    expect(lp.heard()).toEqual([`application ${msgType}2`]);
    expect(lp.session.failures.count).toBe(0);
  });

  test("a Reject of one of ours", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.say("3", [
      [45, "2"],
      [372, "V"],
      [373, "1"],
    ]);
    expect(lp.heard()).toEqual(["application 32"]);
  });

  test("the frame as it came", async () => {
    const lp = await ScriptedLp.loggedOn();
    let text = "";
    lp.listener.onApp = (frame) => {
      text = Buffer.from(frame.bytes.subarray(frame.bodyStart, frame.bodyEnd)).toString("latin1");
    };
    lp.say("Y", [
      [262, "r"],
      [20000, "own"],
      [58, "No such symbol"],
    ]);
    expect(text).toBe("262=r\u000120000=own\u000158=No such symbol\u0001");
  });

  test("messages of types the LP's own dictionary declares", async () => {
    const dictionaryXml = `<fix major="4" minor="4"><header><field name="MsgType" required="Y"/></header><trailer/>
      <messages><message name="Own" msgtype="U1" msgcat="app"><field name="MsgType" required="N"/></message></messages>
      <fields><field number="35" name="MsgType" type="STRING"/></fields></fix>`;
    const lp = await ScriptedLp.loggedOn({ dictionaryXml });
    lp.say("U1", [[58, "text"]]);
    expect(lp.heard()).toEqual(["application U12"]);
    expect(lp.written()).toEqual([]);
  });

  test("a refused QuoteRequest, which no dictionary of ours declares", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.say("AG", [
      [131, "r1"],
      [658, "1"],
      [146, "1"],
      [55, "A"],
    ]);
    expect([lp.heard(), lp.written(), lp.session.failures.count]).toEqual([["application AG2"], [], 0]);
  });

  test("what the listener throws costs that message", async () => {
    const lp = await ScriptedLp.loggedOn();
    const thrown = new Error("a bug");
    lp.listener.onApp = lp.listener.onData = () => {
      throw thrown;
    };
    lp.say("Y");
    lp.say("W");
    lp.say("1", [[112, "still here"]]);
    expect(lp.session.failures.count).toBe(2);
    expect(lp.session.failures.first).toBe(thrown);
    expect(lp.written()).toEqual(["0#2 112=still here"]);
  });
});

test("a signature over the header's own values is good when it is written", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const lp = await ScriptedLp.connect({
    logonFields: ({ sequence, sendingTime }) => {
      const payload = ["US", "LP", sequence, sendingTime].join("\u0001");
      const raw = sign(null, Buffer.from(payload), privateKey).toString("base64");
      return [
        [95, String(raw.length)],
        [96, raw],
      ];
    },
  });
  lp.session.logon();
  const sent = lp.sent[0];
  const payload = [49, 56, 34, 52].map((tag) => sent.get(tag)).join("\u0001");
  expect(verify(null, Buffer.from(payload), publicKey, Buffer.from(sent.get(96) ?? "", "base64"))).toBe(true);
});
