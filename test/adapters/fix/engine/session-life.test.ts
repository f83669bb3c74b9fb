import { describe, expect, test } from "bun:test";
import { ScriptedLp } from "./scripted-lp.ts";

describe("EngineSession keeps the session alive", () => {
  test("answers a TestRequest with its id", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.say("1", [[112, "HELLO"]]);
    expect(lp.written()).toEqual(["0#2 112=HELLO"]);
  });

  test("sends a Heartbeat when nothing was sent for an interval", async () => {
    const lp = await ScriptedLp.loggedOn();
    await lp.clock.advance(20_000);
    lp.session.send("V", [[262, "r1"]]);
    lp.say("0");
    lp.written();
    await lp.clock.advance(29_999);
    expect(lp.written()).toEqual([]);
    await lp.clock.advance(1);
    expect(lp.written()).toEqual(["0#3"]);
    lp.say("0");
    await lp.clock.advance(30_000);
    expect(lp.written()).toEqual(["0#4"]);
  });

  test("asks a silent LP for a sign of life after one and a half intervals, once", async () => {
    const lp = await ScriptedLp.loggedOn();
    await lp.clock.advance(44_999);
    expect(lp.written()).toEqual(["0#2"]);
    await lp.clock.advance(1);
    expect(lp.written()).toEqual(["1#3 112=TEST"]);
    lp.say("W");
    await lp.clock.advance(44_999);
    expect(lp.written()).toEqual(["0#4"]);
    expect(lp.heard()).toEqual(["data W2"]);
  });

  test("takes an LP for dead after two and a half", async () => {
    const lp = await ScriptedLp.loggedOn();
    await lp.clock.advance(74_999);
    expect(lp.listener.ends).toEqual([]);
    await lp.clock.advance(1);
    expect(lp.listener.ends).toEqual([{ kind: "silent", text: "TestRequest was not answered" }]);
    expect(lp.clock.armedTimers).toBe(0);
  });

  test("garbage is no sign of life", async () => {
    const lp = await ScriptedLp.loggedOn();
    await lp.clock.advance(40_000);
    lp.session.receive(Buffer.from("noise"));
    await lp.clock.advance(35_000);
    expect(lp.heard()).toEqual(["garbage not_fix", "end silent"]);
  });

  test("measures silence in the LP's interval when that is longer", async () => {
    const lp = await ScriptedLp.connect();
    lp.session.logon();
    lp.say("A", [
      [98, "0"],
      [108, "60"],
    ]);
    lp.written();
    await lp.clock.advance(89_999);
    expect(lp.written()).toEqual(["0#2", "0#3"]);
    await lp.clock.advance(1);
    expect(lp.written()).toEqual(["1#4 112=TEST"]);
  });

  test.each(["", "0", "x", "99999999"])("takes an odd interval of the LP for ours: %p", async (interval) => {
    const lp = await ScriptedLp.connect();
    lp.session.logon();
    lp.say("A", [
      [98, "0"],
      [108, interval],
    ]);
    await lp.clock.advance(75_000);
    expect(lp.listener.ends).toHaveLength(1);
  });

  test("has no pulse when HeartBtInt is 0", async () => {
    const lp = await ScriptedLp.loggedOn({ heartbeatS: 0 });
    await lp.clock.advance(1_000_000);
    expect(lp.written()).toEqual([]);
    expect(lp.listener.ends).toEqual([]);
  });

  test("goes on sending heartbeats while nothing is read, and holds no silence against the LP", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.session.hold(true);
    await lp.clock.advance(120_000);
    expect(lp.written()).toEqual(["0#2", "0#3", "0#4", "0#5"]);
    lp.session.hold(false);
    await lp.clock.advance(44_000);
    expect(lp.listener.ends).toEqual([]);
    await lp.clock.advance(31_000);
    expect(lp.listener.ends).toHaveLength(1);
  });
});

describe("EngineSession logs out", () => {
  test("with a text, and ends when the LP confirms", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.session.logout("End of day");
    lp.say("W");
    lp.say("5", [[58, "Bye"]]);
    expect(lp.written()).toEqual(["5#2 58=End of day"]);
    expect(lp.heard()).toEqual(["data W2", "end logout"]);
    expect(lp.listener.ends).toEqual([{ kind: "logout", isOurs: true, text: "Bye" }]);
    expect(lp.clock.armedTimers).toBe(0);
  });

  test("and ends after two seconds when it does not", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.session.logout("");
    lp.session.logout("");
    await lp.clock.advance(2000);
    expect(lp.written()).toEqual(["5#2"]);
    expect(lp.listener.ends).toEqual([{ kind: "silent", text: "Logout was not confirmed" }]);
    expect(lp.clock.armedTimers).toBe(0);
  });

  test("confirms the LP's", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.say("5", [[58, "17:00 New York"]]);
    lp.say("W");
    expect(lp.written()).toEqual(["5#2"]);
    expect(lp.heard()).toEqual(["end logout"]);
    expect(lp.listener.ends).toEqual([{ kind: "logout", isOurs: false, text: "17:00 New York" }]);
  });

  test("tells when the LP ends it for our number", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.say("5", [[58, "MsgSeqNum too low, expecting 12 but received 2"]]);
    expect(lp.listener.ends).toMatchObject([{ kind: "outgoing_too_low", expected: 12 }]);
  });

  test("at once when there is no session", async () => {
    const lp = await ScriptedLp.connect();
    lp.session.logout("");
    expect(lp.listener.ends).toEqual([{ kind: "logout", isOurs: true, text: "" }]);
    expect(lp.sent).toEqual([]);
  });

  test("close() writes, tells and times nothing more", async () => {
    const lp = await ScriptedLp.loggedOn();
    lp.say("W", [], { sequence: 5 });
    lp.written();
    lp.heard();
    lp.session.close();
    lp.say("1", [[112, "x"]]);
    lp.session.logout("");
    await lp.clock.advance(1_000_000);
    expect(lp.written()).toEqual([]);
    expect(lp.heard()).toEqual([]);
    expect(lp.clock.armedTimers).toBe(0);
  });
});
