import { afterEach, expect, test } from "bun:test";
import { createPrivateKey, sign } from "node:crypto";
import { LpBench, textOf } from "./fix-client.ts";

let bench: LpBench;
afterEach(() => bench.stop());

test("an LP answers a Logon with its own comp ids, sub ids and the client's interval", async () => {
  bench = new LpBench();
  const client = bench.connect();
  client.logon(
    [
      [141, "Y"],
      [57, "QUOTE"],
      [50, "DESK"],
    ],
    17,
  );
  const answer = await client.expect("A");
  expect(answer.text).toContain(
    "|35=A|34=1|49=LP|50=QUOTE|52=20231114-22:13:20.000|56=EDGE|57=DESK|98=0|108=17|141=Y|",
  );
  expect(answer.hasRightSum).toBe(true);
});

test("an LP refuses a Logon with a Logout that says why, and hangs up", async () => {
  bench = new LpBench({ logon: { sender: "EDGE", target: "LP", username: "me", password: "secret" } });
  for (const [fields, text] of [
    [
      [
        [553, "me"],
        [554, "wrong"],
      ] as const,
      "Invalid username or password",
    ],
    [[[553, "me"]] as const, "Invalid username or password"],
  ] as const) {
    const client = bench.connect();
    client.logon([[141, "Y"], ...fields]);
    expect(textOf(await client.expect("5"), 58)).toBe(text);
    expect(await client.closed).toBe("end");
  }
  const stranger = bench.connect({ sender: "WHO" });
  stranger.logon();
  expect(textOf(await stranger.expect("5"), 58)).toBe("Unknown SenderCompID");
  const client = bench.connect();
  await client.loggedOn([
    [141, "Y"],
    [553, "me"],
    [554, "secret"],
  ]);
});

test("an LP that wants signed Logons takes those of its own key only", async () => {
  bench = new LpBench({ venue: "binance-fix" });
  const { PASSWORD, USERNAME, TARGET } = bench.lp.clientSettings;
  const signature = (key: string) =>
    sign(null, Buffer.from(["A", "EDGE", TARGET, "1", "20231114-22:13:20.000"].join("\x01")), createPrivateKey(key));
  const good = signature(PASSWORD).toString("base64");
  const client = bench.connect({ target: TARGET });
  client.logon([
    [95, String(good.length)],
    [96, good],
    [553, USERNAME],
    [141, "Y"],
  ]);
  expect((await client.expect("A")).text).toStartWith("8=FIX.4.4|9=0000072|");
  const liar = bench.connect({ target: TARGET, sender: "LIAR" });
  liar.logon([
    [95, String(good.length)],
    [96, good],
    [553, USERNAME],
    [141, "Y"],
  ]);
  expect(textOf(await liar.expect("5"), 58)).toBe("Signature is not valid");
});

test("an LP cuts off who says anything before a Logon, or nothing at all", async () => {
  bench = new LpBench();
  const hasty = bench.connect();
  hasty.send("1", [[112, "x"]]);
  expect(await hasty.closed).toBe("end");
  const silent = bench.connect();
  await silent.until(() => bench.lp.stats().sessionsOpened === 2);
  await bench.clock.advance(10_000);
  expect(await silent.closed).toBe("end");
});

test("an LP sends heartbeats when it has nothing else to send, and answers a TestRequest", async () => {
  bench = new LpBench();
  const client = await bench.loggedOn();
  await bench.clock.advance(30_000);
  expect((await client.expect("0")).text).not.toContain("|112=");
  client.send("1", [[112, "are you there"]]);
  expect(textOf(await client.expect("0"), 112)).toBe("are you there");
});

test("an LP asks a silent client, and hangs up when it does not answer", async () => {
  bench = new LpBench();
  const client = await bench.loggedOn();
  await bench.clock.advance(36_500);
  await client.until(() => client.messages.some(({ msgType }) => msgType === "1"));
  await bench.clock.advance(36_500);
  expect(await client.closed).toBe("end");
});

test("an LP keeps its numbers over connections of the same comp ids", async () => {
  bench = new LpBench();
  const first = await bench.loggedOn();
  first.send("5");
  await first.expect("5");
  await first.closed;
  const second = bench.connect();
  second.nextSequence = 3;
  const answer = await second.loggedOn([]);
  expect([answer.sequence, answer.text.includes("|141=")]).toEqual([3, false]);
  const other = bench.connect({ sender: "OTHER" });
  expect((await other.loggedOn([])).sequence).toBe(1);
});

test("an LP says what it expected when a number is too low, and hangs up", async () => {
  bench = new LpBench();
  const first = await bench.loggedOn();
  first.send("5");
  await first.closed;
  const second = bench.connect();
  second.logon([]);
  expect(textOf(await second.expect("5"), 58)).toBe("MsgSeqNum too low, expecting 3 but received 1");
  expect(await second.closed).toBe("end");
  const third = await bench.loggedOn();
  third.send("0", [], { sequence: 1 });
  expect(textOf(await third.expect("5"), 58)).toBe("MsgSeqNum too low, expecting 2 but received 1");
});

test("an LP asks for what it missed and then does what came ahead of it", async () => {
  bench = new LpBench();
  const client = await bench.loggedOn();
  client.nextSequence = 5;
  client.send("1", [[112, "ahead"]]);
  client.send("0");
  expect((await client.expect("2")).text).toContain("|7=2|16=0|");
  client.send(
    "4",
    [
      [123, "Y"],
      [36, "5"],
    ],
    { sequence: 2, isPossDup: true },
  );
  expect(textOf(await client.expect("0"), 112)).toBe("ahead");
  expect(await bench.drain(client)).toEqual([]);
});

test("an LP takes a Logon that is ahead, and asks for what is before it", async () => {
  bench = new LpBench();
  const client = bench.connect();
  client.nextSequence = 9;
  client.logon([]);
  await client.expect("A");
  expect((await client.expect("2")).text).toContain("|7=1|16=0|");
  client.send("4", [[36, "10"]], { sequence: 1 });
  expect(await bench.drain(client)).toEqual([]);
});

test("an LP answers a ResendRequest that is itself ahead of a hole", async () => {
  bench = new LpBench();
  const client = await bench.subscribed("EUR/USD");
  client.nextSequence = 10;
  client.send("2", [
    [7, "1"],
    [16, "0"],
  ]);
  const answer = [await client.next(), await client.next(), await client.next()];
  expect(answer.map(({ msgType }) => msgType)).toEqual(["4", "W", "2"]);
});

test("an LP replays market data with its first numbers and times, and fills the rest", async () => {
  bench = new LpBench();
  const client = await bench.subscribed("EUR/USD");
  const updates = await bench.pass(client, 300);
  client.send("2", [
    [7, "1"],
    [16, "4"],
  ]);
  const answer = (await bench.drain(client)).map(({ text }) => text);
  expect(answer).toHaveLength(4);
  expect(answer[0]).toMatch(/\|35=4\|34=1\|43=Y\|.*\|122=20231114-22:13:20.300\|123=Y\|36=2\|/);
  expect(answer[1]).toMatch(
    /\|35=W\|34=2\|43=Y\|.*\|52=20231114-22:13:20.300\|.*\|122=20231114-22:13:20.000\|262=r1\|/,
  );
  const bodyOf = (text: string) => text.slice(text.indexOf("|262="), text.indexOf("|10="));
  expect(answer.slice(2).map(bodyOf)).toEqual(updates.slice(0, 2).map(({ text }) => bodyOf(text)));
});

test("an LP fills everything when told to, or answers nothing", async () => {
  bench = new LpBench({ resend: "gapFill" });
  const client = await bench.subscribed("EUR/USD");
  client.send("2", [
    [7, "1"],
    [16, "0"],
  ]);
  const [fill, ...rest] = await bench.drain(client);
  expect([textOf(fill, 36), rest]).toEqual(["3", []]);
  bench.lp.answerResends("ignore");
  client.send("2", [
    [7, "1"],
    [16, "0"],
  ]);
  expect(await bench.drain(client)).toEqual([]);
});

test("an LP ends a session in good order, whoever begins", async () => {
  bench = new LpBench();
  const client = await bench.loggedOn();
  client.send("5", [[58, "bye"]]);
  await client.expect("5");
  expect(await client.closed).toBe("end");
  const other = await bench.loggedOn();
  bench.lp.disconnect("Maintenance");
  expect(textOf(await other.expect("5"), 58)).toBe("Maintenance");
  expect(await other.closed).toBe("end");
});

test("an LP starts its numbers anew for a Logon within the session", async () => {
  bench = new LpBench();
  const client = await bench.subscribed("EUR/USD");
  client.nextSequence = 1;
  client.logon();
  expect((await client.expect("A")).sequence).toBe(1);
  expect(await bench.drain(client)).toEqual([]);
});

test("an LP cuts off a second connection of a client and keeps the first", async () => {
  bench = new LpBench();
  const client = await bench.loggedOn();
  const twin = bench.connect();
  twin.logon();
  expect(await twin.closed).toBe("end");
  expect(await bench.drain(client)).toEqual([]);
});

test("an LP ends a session whose comp ids change", async () => {
  bench = new LpBench();
  const client = await bench.loggedOn();
  client.send("0", [], { sender: "LIAR" });
  expect(textOf(await client.expect("5"), 58)).toBe("Incorrect comp ids");
});

test("an LP refuses message types it does not know", async () => {
  bench = new LpBench();
  const client = await bench.loggedOn();
  client.send("D", [[11, "order"]]);
  expect((await client.expect("j")).text).toContain("|45=2|372=D|380=3|58=Unsupported message type D|");
});
