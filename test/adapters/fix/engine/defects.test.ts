// The defects of stock jspurefix 5.11.4 that trials against QuickFIX/J met, by number: each shown to be none of ours.
import { describe, expect, spyOn, test } from "bun:test";
import * as fs from "node:fs";
import sessionXml from "../../../../config/fix/FIX44-session.xml" with { type: "text" };
import { checkDictionary } from "../../../../src/adapters/fix/engine/load-engine.ts";
import { sliceText } from "../../../../src/fix/field-reader.ts";
import type { FixFrame } from "../../../../src/fix/fix-frame.ts";
import { MarketDataMessage } from "../../../../src/fix/market-data-message.ts";
import type { FixField } from "../../../../src/venues/compiled-fix-venue.ts";
import { readable, ScriptedLp } from "./scripted-lp.ts";

/** Two bids and two offers, each with a field no dictionary declares, and one that FIX 4.4 has elsewhere. */
const ODD_ENTRIES: readonly FixField[] = [
  [262, "r1"],
  [55, "EUR/USD"],
  [268, "4"],
  ...["1.1", "1.2", "1.3", "1.4"].flatMap((price, i): FixField[] => [
    [269, i < 2 ? "0" : "1"],
    [278, `id${i}`],
    [5001, "own"],
    [64, "20240101"],
    [270, price],
    [25043, "1"],
    [271, "1000000"],
  ]),
];

/** Prices of what the slow way reads of the next market-data frame; null when it declines. */
async function slowPrices(fields: readonly FixField[], msgType = "W"): Promise<string[] | null> {
  const lp = await ScriptedLp.loggedOn();
  let prices: string[] | null = null;
  lp.listener.onData = (frame: FixFrame) => {
    const message = new MarketDataMessage();
    if (!lp.session.readSlowly(frame, message)) return;
    prices = Array.from({ length: message.count }, (_, i) =>
      sliceText(message.bytes, message.priceFrom[i], message.priceTo[i]),
    );
  };
  lp.say(msgType, fields);
  expect(lp.session.failures.count).toBe(0);
  return prices;
}

function oneEntry(price: string): readonly FixField[] {
  return [
    [262, "r1"],
    [55, "EUR/USD"],
    [268, "1"],
    [269, "0"],
    [270, price],
    [271, "5"],
  ];
}

describe("defect 1: an undeclared tag inside a group", () => {
  test("cuts nothing off", async () => {
    expect(await slowPrices(ODD_ENTRIES)).toEqual(["1.1", "1.2", "1.3", "1.4"]);
  });

  test("a group with less entries than announced is declined", async () => {
    const announced = ODD_ENTRIES.map((field): FixField => (field[0] === 268 ? [268, "5"] : field));
    expect(await slowPrices(announced)).toBeNull();
  });

  test("a symbol of the body before or behind 262 in X ends nothing", async () => {
    const entry: readonly FixField[] = [
      [268, "1"],
      [279, "0"],
      [269, "0"],
      [278, "7"],
      [270, "1.5"],
    ];
    expect(await slowPrices([[55, "EUR/USD"], [262, "r1"], ...entry], "X")).toEqual(["1.5"]);
    expect(await slowPrices([[262, "r1"], [55, "EUR/USD"], ...entry], "X")).toEqual(["1.5"]);
  });
});

describe("defect 2: prices are text, digit by digit", () => {
  test.each([".5", "-.25", "1.10", "0.00000001", "1234567890123456789.5"])("%s", async (price) => {
    expect(await slowPrices(oneEntry(price))).toEqual([price]);
  });

  test.each(["1e3", " 1.5", "+1", "1.2.3", "x"])("%p is no price, and the message is declined", async (price) => {
    expect(await slowPrices(oneEntry(price))).toBeNull();
  });

  test("an empty price is none", async () => {
    expect(await slowPrices(oneEntry(""))).toEqual([""]);
  });
});

test("defect 3: RawData is written with SOH behind its length", async () => {
  const lp = await ScriptedLp.connect({
    logonFields: () => [
      [95, "5"],
      [96, "a|b=c"],
    ],
  });
  lp.session.logon();
  const raw = Buffer.from(lp.raw[0]).toString("latin1");
  expect(raw).toContain("\u000195=5\u000196=a|b=c\u000110=");
});

test("defect 4: data that comes while a Heartbeat is awaited ends nothing", async () => {
  const lp = await ScriptedLp.loggedOn();
  await lp.clock.advance(46_000);
  expect(lp.written()).toContain("1#3 112=TEST");
  lp.say("X");
  lp.say("Y");
  lp.say("0", [[112, "TEST"]]);
  expect(lp.heard()).toEqual(["data X2", "application Y3"]);
  expect(lp.session.isLoggedOn).toBe(true);
});

test("defect 5: a ResendRequest and data in one read end nothing", async () => {
  const lp = await ScriptedLp.loggedOn();
  const resend = lp.message("2", [
    [7, "1"],
    [16, "0"],
  ]);
  lp.session.receive(Buffer.concat([resend, lp.message("X"), lp.message("Y")]));
  expect(lp.heard()).toEqual(["ours filled 1 2", "data X3", "application Y4"]);
  expect(lp.written()).toEqual(["4#1 43=Y 122=20231114-22:13:20.000 123=Y 36=2"]);
});

describe("defect 6: the end of a session is told, with its reason, and nothing reconnects", () => {
  test.each<[string, (lp: ScriptedLp) => void, string]>([
    ["a Logout of the LP", (lp) => lp.say("5"), "logout"],
    ["a number that is too low", (lp) => lp.say("0", [], { sequence: 1 }), "incoming_too_low"],
    ["our number being too low", (lp) => lp.say("5", [[58, "MsgSeqNum too low, expecting 9"]]), "outgoing_too_low"],
  ])("%s", async (_what, happen, kind) => {
    const lp = await ScriptedLp.loggedOn();
    happen(lp);
    expect(lp.heard()).toEqual([`end ${kind}`]);
    lp.written();
    await lp.clock.advance(100_000);
    expect(lp.written()).toEqual([]);
  });
});

test("defect 7: one Logon, also when it is rejected for its number", async () => {
  const lp = await ScriptedLp.connect();
  lp.session.logon();
  await lp.clock.advance(100_000);
  lp.say("3", [
    [45, "1"],
    [372, "A"],
    [373, "5"],
    [58, "Sequence number too low, expected 40"],
  ]);
  await lp.clock.advance(100_000);
  expect(lp.written()).toEqual(["A#1 98=0 108=30"]);
  expect(lp.listener.ends).toMatchObject([{ kind: "outgoing_too_low", expected: 40 }]);
});

test("defect 8: the text that refuses a logon is told", async () => {
  const lp = await ScriptedLp.connect();
  lp.session.logon();
  lp.say("5", [[58, "Invalid password for US"]]);
  expect(lp.listener.ends).toEqual([{ kind: "logon_refused", text: "Invalid password for US" }]);
});

test("defect 9: behind a gap everything comes in order, once, and is asked for once", async () => {
  const lp = await ScriptedLp.loggedOn();
  lp.say("X", [], { sequence: 8 });
  const again = { isPossDup: true, origSendingTime: "20231114-22:13:00.000" };
  const fill: readonly FixField[] = [
    [123, "Y"],
    [36, "5"],
  ];
  lp.say("4", fill, { sequence: 2, ...again });
  for (const sequence of [5, 6, 7, 8]) lp.say("X", [], { sequence, ...again });
  lp.say("X", [], { sequence: 9 });
  expect(lp.heard()).toEqual([
    "hole 1 8",
    "lost 2 5",
    "data X5 again",
    "data X6 again",
    "data X7 again",
    "data X8",
    "data X9",
  ]);
  expect(lp.written()).toEqual(["2#2 7=2 16=0"]);
});

describe("defect 10: what is no message", () => {
  test("costs itself, and its number is asked for", async () => {
    const lp = await ScriptedLp.loggedOn();
    const badSum = lp.message("X");
    badSum[badSum.length - 2] ^= 1;
    const badLength = Buffer.from(
      Buffer.from(lp.message("X")).toString("latin1").replace("\u00019=", "\u00019=1"),
      "latin1",
    );
    lp.session.receive(Buffer.concat([badSum, Buffer.from("garbage"), badLength, lp.message("X")]));
    expect(lp.heard().filter((line) => !line.startsWith("garbage"))).toEqual(["hole 1 4"]);
    expect(lp.written()).toEqual(["2#2 7=2 16=0"]);
    for (const sequence of [2, 3]) lp.say("X", [], { sequence, isPossDup: true });
    expect(lp.heard()).toEqual(["data X2 again", "data X3 again", "data X4", "filled"]);
  });

  test.each(["Y", "W", "0"])("is not what a data field holds: %s with a whole message in 355", async (msgType) => {
    const lp = await ScriptedLp.loggedOn();
    const inner = "8=FIX.4.4\u00019=5\u000135=5\u000110=166\u0001";
    // Written by hand: a text has no SOH in it.
    const outer = Buffer.from(
      lp.message(msgType, [
        [354, String(inner.length)],
        [355, "#"],
        [58, "after"],
      ]),
    ).toString("latin1");
    const body = outer.slice(outer.indexOf("35="), outer.lastIndexOf("10=")).replace("355=#", `355=${inner}`);
    const front = `8=FIX.4.4\u00019=${body.length}\u0001${body}`;
    const sum = Buffer.from(front, "latin1").reduce((a, b) => a + b, 0) % 256;
    lp.session.receive(Buffer.from(`${front}10=${String(sum).padStart(3, "0")}\u0001`, "latin1"));
    lp.say("1", [[112, "on"]]);
    const told = { Y: ["application Y2"], W: ["data W2"], "0": [] }[msgType];
    expect(lp.heard()).toEqual(told ?? []);
    expect(lp.written()).toEqual(["0#2 112=on"]);
    expect(lp.session.failures.count).toBe(0);
  });
});

describe("defect 11: the rules of the session", () => {
  test("a number that is too low is answered by a Logout that says so", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.say("X");
    lp.say("X", [], { sequence: 2 });
    expect(lp.written()).toEqual(["5#2 58=MsgSeqNum too low, expecting 3 but received 2"]);
  });

  test("a SequenceReset to a lower number is rejected", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.say("4", [[36, "1"]], { sequence: 0 });
    expect(lp.written()).toEqual(["3#2 45=0 372=4 373=5 58=Value is incorrect (out of range) for this tag"]);
  });

  test.each<[string, object, string[]]>([
    ["SenderCompID", { sender: "X" }, ["3#2 45=2 372=0 373=9 58=CompID problem", "5#3 58=CompID problem"]],
    ["BeginString", { beginString: "FIX.4.2" }, ["5#2 58=Incorrect BeginString"]],
    [
      "SendingTime",
      { sendingTime: "20200101-00:00:00" },
      ["3#2 45=2 372=0 373=10 58=SendingTime accuracy problem", "5#3 58=SendingTime accuracy problem"],
    ],
  ])("%s is checked", async (_what, header, written) => {
    const lp = await ScriptedLp.loggedOn({ maxClockSkewMs: 120_000 });
    lp.say("0", [], header);
    expect(lp.written()).toEqual(written);
    expect(lp.heard()).toEqual(["end protocol"]);
  });
});

test("defect 12: an unknown type is rejected, and what a handler throws ends nothing", async () => {
  const lp = await ScriptedLp.loggedOn();
  lp.listener.onApp = () => {
    throw new Error("a bug");
  };
  lp.say("ZZ", [[58, "?"]]);
  lp.say("Y", [[262, "r1"]]);
  lp.say("X");
  expect(lp.written()).toEqual(["3#2 45=2 372=ZZ 373=11 58=Invalid MsgType"]);
  expect(lp.heard()).toEqual(["data X4"]);
  expect(lp.session.failures.count).toBe(1);
});

test("defect 13: a ResendRequest is answered at once by one GapFill, and nothing of ours is repeated", async () => {
  const lp = await ScriptedLp.loggedOn();
  for (const id of ["r1", "r2", "r3"]) lp.session.send("V", [[262, id]]);
  lp.written();
  lp.say("2", [
    [7, "2"],
    [16, "0"],
  ]);
  expect(lp.written()).toEqual(["4#2 43=Y 122=20231114-22:13:20.000 123=Y 36=5"]);
  expect(lp.numbers.nextOutgoing).toBe(5);
});

test("defect 14: the engine writes no file; the numbers are right after every message", async () => {
  const spies = (
    ["writeFile", "writeFileSync", "appendFile", "appendFileSync", "createWriteStream", "openSync"] as const
  ).map((name) => spyOn(fs, name));
  const lp = await ScriptedLp.connect({ isReset: true });
  lp.session.logon();
  expect(lp.numbers).toEqual({ nextOutgoing: 2, nextIncoming: 1 });
  lp.say("A", [
    [98, "0"],
    [108, "30"],
    [141, "Y"],
  ]);
  expect(lp.numbers).toEqual({ nextOutgoing: 2, nextIncoming: 2 });
  lp.say("X");
  expect(lp.numbers).toEqual({ nextOutgoing: 2, nextIncoming: 3 });
  lp.say("1", [[112, "x"]]);
  expect(lp.numbers).toEqual({ nextOutgoing: 3, nextIncoming: 4 });
  for (const spy of spies) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
});

describe("defect 15: what others trip over", () => {
  test("112 is in Heartbeats that answer alone, and BodyLength has no padding", async () => {
    const lp = await ScriptedLp.loggedOn();
    await lp.clock.advance(30_000);
    lp.say("1", [[112, "id"]]);
    expect(lp.written()).toEqual(["0#2", "0#3 112=id"]);
    expect(readable(lp.raw[1])).toStartWith("8=FIX.4.4|9=47|35=0|");
  });

  test("our dictionary has fields in every message", async () => {
    const xml = sessionXml as unknown as string;
    expect(await checkDictionary(xml)).toBeNull();
    const messages = xml.match(/<message [\s\S]*?<\/message>/g) ?? [];
    expect(messages.length).toBeGreaterThan(20);
    for (const message of messages) expect(message).toContain("<field ");
  });
});

test("jspurefix's own timers never run: they would use the wall clock", async () => {
  const spies = [spyOn(globalThis, "setInterval"), spyOn(globalThis, "setTimeout")];
  const lp = await ScriptedLp.loggedOn();
  await lp.clock.advance(46_000);
  lp.say("0", [], { sequence: 5 });
  lp.session.logout("");
  lp.say("5", [], { sequence: 6 });
  expect(lp.listener.ends).toHaveLength(1);
  for (const spy of spies) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
});

test("jspurefix logs nothing, whatever happens: messages hold secrets", async () => {
  const spies = (["log", "info", "warn", "error", "debug"] as const).map((name) => spyOn(console, name));
  const out = spyOn(process.stdout, "write");
  const lp = await ScriptedLp.connect({ logonFields: () => [[554, "secret"]] });
  lp.session.logon();
  lp.say("A", [
    [98, "0"],
    [108, "30"],
    [554, "theirs"],
  ]);
  lp.say("Y", [[268, "x"]]);
  lp.say("5", [[58, "bye"]]);
  for (const spy of [...spies, out]) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
});
