// The whole adapter under its supervisor against a real QuickFIX/J: sessions that go well, end, and come back.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { FixPeerProcess } from "../../harness/fix-peer-process.ts";
import { fieldOf } from "../../harness/fix-wire.ts";
import { FixRig, type FixRigOptions, RIG_SYMBOLS } from "./fix-rig.ts";

const START_LIMIT_MS = 60_000;
/** For many thousand messages on a machine that is busy with other things. */
const BURST_LIMIT_MS = 120_000;
/** How late a machine that is busy with other things may be. */
const BUSY_MS = 10_000;
let peer: FixPeerProcess;
let rig: FixRig;

beforeAll(async () => {
  peer = await FixPeerProcess.start("quickfixj");
}, START_LIMIT_MS);

afterEach(async () => {
  await rig.stop();
});

afterAll(async () => {
  await peer.kill();
});

async function start(options: FixRigOptions = {}): Promise<void> {
  rig = await FixRig.start(peer, options);
}

describe("FixAdapter logs on, subscribes and keeps books", () => {
  test.each([
    { what: "entries with ids that are renamed now and then", hasIds: true, renames: true },
    { what: "entries without ids", hasIds: false, renames: false },
  ])(
    "takes increments at full speed: $what",
    async ({ hasIds, renames }) => {
      const count = 60_000;
      await start({ patience: "long", lp: { hasIds, renames, depth: 20 }, isProxied: false });
      const startMs = performance.now();
      await rig.lp.burst(count);
      await rig.expectEqualBooks();
      console.error(`QuickFIX/J to books: ${Math.round((count / (performance.now() - startMs)) * 1000)} messages/s`);
      await rig.expectEqualQuotes();
      expect(rig.gaps).toEqual([]);
      expect((await rig.lp.status()).received).toMatchObject({ A: 1, V: 1 });
      expect(rig.feed.status()).toMatchObject({ parseErrors: 0, errors: 0, disconnections: 0 });
    },
    BURST_LIMIT_MS,
  );

  test(
    "takes books of many entries",
    async () => {
      await start({ patience: "long", lp: { depth: 600, renames: true } });
      await rig.lp.burst(5000);
      await rig.expectEqualQuotes();
      expect(rig.feed.status()).toMatchObject({ parseErrors: 0, errors: 0 });
    },
    BURST_LIMIT_MS,
  );

  test.each([
    { ResetOnLogon: "Y" },
    { ResetOnLogout: "Y", ResetOnDisconnect: "Y" },
    { EnableNextExpectedMsgSeqNum: "Y" },
    { EnableLastMsgSeqNumProcessed: "Y", TimeStampPrecision: "NANOS" },
  ])("gets on with an LP whose settings are %o", async (settings) => {
    await start({ patience: "long", lp: { settings } });
    await rig.lp.burst(100);
    rig.proxy.dropConnections();
    await rig.until("second session", async () => (await rig.lp.status()).received["V"] === 2);
    await rig.expectEqualQuotes();
    expect(rig.feed.status()).toMatchObject({ parseErrors: 0, disconnections: 1 });
  });

  test("outlives a time in which memory is full and nothing is read", async () => {
    await start();
    await rig.lp.setRate(1000);
    rig.bench.pressure.set(true);
    const sent = (await rig.lp.status()).incrementsSent;
    // Three heartbeats and more: either side would take the other for dead if it heard nothing.
    await rig.until("three thousand increments", async () => (await rig.lp.status()).incrementsSent > sent + 3500);
    const quotes = rig.quotes.count;
    rig.bench.pressure.set(false);
    await rig.lp.setRate(0);
    await rig.expectEqualQuotes();
    expect(rig.quotes.count).toBeGreaterThan(quotes);
    expect(rig.feed.status()).toMatchObject({ errors: 0, disconnections: 0 });
    expect(rig.gaps).toEqual([]);
  });

  test("stop() logs out in the middle of the stream", async () => {
    await start();
    await rig.lp.setRate("full");
    await rig.feed.stop();
    await rig.until("our Logout", () => rig.lp.events("logoutReceived").length > 0);
    expect(rig.lp.events("logoutReceived").length).toBe(1);
    await rig.until("end of the connection", () => rig.proxy.connections === 0);
    await rig.lp.setRate(0);
  });

  test("a symbol the LP does not know is refused with the LP's words, the others live", async () => {
    rig = await FixRig.create(peer, { symbols: [...RIG_SYMBOLS, "NON/SUCH"] });
    rig.feed.start();
    await rig.until("refusal", () => rig.feed.status().subscriptions.some(({ state }) => state === "rejected"));
    const { subscriptions } = rig.feed.status();
    expect(subscriptions.map(({ state }) => state)).toEqual(["live", "live", "live", "live", "rejected"]);
    expect(subscriptions[4].reason).toContain("Unknown symbol NON/SUCH");
  });

  test("an emptied book is published as one without prices", async () => {
    await start({ patience: "long" });
    await rig.lp.clear("EUR/USD");
    await rig.until("quote without prices", () => rig.quotes.bySymbol.get("EUR/USD")?.bidPrice === null);
    expect(rig.quotes.bySymbol.get("EUR/USD")).toEqual({
      bidPrice: null,
      bidSize: null,
      askPrice: null,
      askSize: null,
    });
    await rig.expectEqualQuotes();
  });

  test("a TestRequest is answered with its TestReqID", async () => {
    await start({ patience: "long" });
    await rig.lp.setRate(200);
    await rig.lp.testRequest("ARE YOU THERE");
    await rig.until("answer", () => rig.proxy.sentToLp("0").some((each) => fieldOf(each, 112) === "ARE YOU THERE"));
    await rig.lp.setRate(0);
    await rig.expectEqualQuotes();
    expect((await rig.lp.status()).received["A"]).toBe(1);
  });

  test("a ResendRequest of the LP is answered with one GapFill, and the stream goes on", async () => {
    await start({ patience: "long" });
    await rig.lp.setRate(200);
    await rig.lp.send("2", ["7=1", "16=0"]);
    await rig.until("GapFill", () => rig.proxy.sentToLp("4").length > 0);
    const fill = rig.proxy.sentToLp("4")[0];
    expect([fieldOf(fill, 34), fieldOf(fill, 43), fieldOf(fill, 123)]).toEqual(["1", "Y", "Y"]);
    await rig.lp.setRate(0);
    await rig.expectEqualQuotes();
    expect(rig.feed.status()).toMatchObject({ errors: 0, disconnections: 0 });
  });
});

describe("FixAdapter loses its session and comes back", () => {
  test("the LP hangs up in the middle of the stream", async () => {
    await start();
    const before = await rig.requestIds();
    await rig.lp.setRate(1000);
    await rig.lp.disconnect();
    await rig.lp.awaitSubscriptions(RIG_SYMBOLS, before);
    await rig.lp.setRate(0);
    await rig.expectEqualQuotes();
    expect(rig.feed.status().disconnections).toBe(1);
  });

  test("the connection breaks, again and again", async () => {
    await start();
    await rig.lp.setRate(1000);
    for (let breaks = 1; breaks <= 3; breaks++) {
      rig.proxy.dropConnections();
      await rig.until("reconnect", async () => ((await rig.lp.status()).received["V"] ?? 0) > breaks);
    }
    await rig.lp.setRate(0);
    await rig.expectEqualQuotes();
  });

  test("a half-open connection is found within two and a half heartbeats", async () => {
    await start();
    await rig.lp.setRate(1000);
    rig.proxy.hold();
    const startMs = performance.now();
    await rig.until("end of the session", () => rig.feed.status().errors > 0);
    expect(rig.lastError).toStartWith("half_open: ");
    expect(performance.now() - startMs).toBeLessThan(2500 + BUSY_MS);
    rig.proxy.dropConnections();
    rig.proxy.release();
    await rig.until("second session", () => rig.feed.state === "live");
    await rig.lp.setRate(0);
    await rig.expectEqualQuotes();
  });

  test("a Logout of the LP is confirmed, its words are kept, and a new session follows after two heartbeats", async () => {
    await start();
    const before = await rig.requestIds();
    const startMs = performance.now();
    await rig.lp.logout("End of day");
    const changes = () => rig.bench.events.ofType("market-data.feed-status");
    await rig.until("words of the LP", () => changes().some(({ message }) => message.includes("End of day")));
    await rig.lp.awaitSubscriptions(RIG_SYMBOLS, before);
    expect(performance.now() - startMs).toBeGreaterThan(1900);
    await rig.expectEqualQuotes();
    expect(rig.feed.status().errors).toBe(0);
  });

  test("a storm of Logouts never makes a tight loop", async () => {
    await start();
    await rig.lp.onLogon({ manner: "logout", text: "Go away", logouts: 30 });
    await rig.lp.disconnect();
    await rig.until("third storm", () => rig.lp.events("logon").length >= 4);
    const at = rig.proxy.acceptedAtMs;
    // Two heartbeats at least lie between a Logout and the next Logon.
    expect(Math.min(at[2] - at[1], at[3] - at[2])).toBeGreaterThan(1900);
    expect(rig.proxy.acceptedTotal).toBe(4);
    await rig.lp.onLogon({ manner: "accept" });
    await rig.expectEqualQuotes();
  });

  test.each([{ manner: "refuse", text: "Invalid password for EDGE" }, { manner: "close" }] as const)(
    "a Logon that the LP turns away is tried again slowly: $manner",
    async (manner) => {
      rig = await FixRig.create(peer);
      await rig.lp.onLogon(manner);
      rig.feed.start();
      await rig.until("third try", () => rig.proxy.acceptedTotal >= 3);
      const at = rig.proxy.acceptedAtMs;
      expect(Math.min(at[1] - at[0], at[2] - at[1])).toBeGreaterThan(1900);
      expect(rig.lastError).toStartWith("logon_refused: ");
      if (manner.manner === "refuse") expect(rig.lastError).toContain(manner.text);
      await rig.lp.onLogon({ manner: "accept" });
      await rig.expectEqualQuotes();
    },
  );

  test("an LP that takes the connection and says nothing costs the logon timeout", async () => {
    rig = await FixRig.create(peer);
    rig.proxy.hold();
    rig.feed.start();
    await rig.until("timeout", () => rig.lastError !== "");
    expect(rig.lastError).toStartWith("logon_timeout: ");
    rig.proxy.dropConnections();
    rig.proxy.release();
    await rig.expectEqualQuotes();
  });
});
