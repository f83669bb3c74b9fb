// The whole adapter against a real QuickFIX/J: what happens to numbers and bytes on the way, and restarts of either side.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FrameFault } from "../../harness/fix-fault-proxy.ts";
import { FixPeerProcess } from "../../harness/fix-peer-process.ts";
import { fieldOf } from "../../harness/fix-wire.ts";
import { FixRig, type FixRigOptions, RIG_SYMBOLS } from "./fix-rig.ts";

const START_LIMIT_MS = 60_000;
let peer: FixPeerProcess;
let rig: FixRig;
/** Message stores of LPs that keep their numbers. */
const storeFolder = mkdtempSync(join(tmpdir(), "edge-ingester-quickfixj-"));

beforeAll(async () => {
  peer = await FixPeerProcess.start("quickfixj");
}, START_LIMIT_MS);

afterEach(async () => {
  await rig.stop();
});

afterAll(async () => {
  await peer.kill();
  rmSync(storeFolder, { recursive: true, force: true });
});

async function start(options: FixRigOptions = {}): Promise<void> {
  rig = await FixRig.start(peer, options);
}

/** Ends the stream and sees that nothing is left of what went wrong. */
async function expectHealed(): Promise<void> {
  await rig.lp.setRate(0);
  await rig.expectEqualQuotes();
}

function resendRequests(): number {
  return rig.proxy.sentToLp("2").length;
}

describe("FixAdapter when messages are lost or spoiled on the way", () => {
  test.each(["lose", "bad_checksum", "short_body_length", "long_body_length"] satisfies FrameFault[])(
    "has them sent again, by one ResendRequest per hole, and keeps its books: %s",
    async (fault) => {
      await start({ patience: "long" });
      await rig.lp.setRate(1000);
      for (let hole = 1; hole <= 3; hole++) {
        rig.proxy.order({ fault, count: 5, msgType: "X", isReplay: false });
        await rig.until("ResendRequest", () => rig.proxy.ordersLeft === 0 && resendRequests() >= hole);
        await rig.lp.setRate(0);
        await rig.expectEqualBooks();
        await rig.lp.setRate(1000);
      }
      await expectHealed();
      // A Heartbeat between two that were lost makes two holes of one.
      expect(resendRequests()).toBeGreaterThanOrEqual(3);
      expect(resendRequests()).toBeLessThanOrEqual(rig.proxy.holes);
      // Replays mend the books. Now and then QuickFIX/J fills such a hole instead (once in some fifty runs): then they are
      // asked for anew, once a hole, which is told as well.
      const requests = (await rig.lp.status()).received["V"] ?? 0;
      expect(requests).toBeLessThanOrEqual(1 + 3);
      expect(rig.gaps.length).toBeGreaterThanOrEqual(3);
      expect(rig.feed.status()).toMatchObject({ errors: 0, disconnections: 0 });
    },
  );

  test("garbage between messages costs that garbage", async () => {
    await start({ patience: "long" });
    await rig.lp.setRate(1000);
    rig.proxy.order({ fault: "garbage_before", count: 20 });
    await rig.until("garbage", () => rig.proxy.ordersLeft === 0);
    await expectHealed();
    expect(resendRequests()).toBe(0);
    expect(rig.gaps).toEqual([]);
    expect(rig.feed.status().parseErrors).toBeGreaterThanOrEqual(20);
  });

  test("a message whose end never comes is made good like a lost one", async () => {
    await start({ patience: "long" });
    await rig.lp.setRate(1000);
    rig.proxy.order({ fault: "cut", count: 1, msgType: "X" });
    await rig.until("ResendRequest", () => resendRequests() > 0);
    await expectHealed();
    expect(rig.feed.status().disconnections).toBe(0);
  });

  test.each([
    { what: "one by one", split: 1, join: 0 },
    { what: "seven at a time", split: 7, join: 0 },
    { what: "many messages in one", split: 0, join: 60_000 },
  ])("takes bytes as they come: $what", async ({ split, join: joined }) => {
    await start({ patience: "long" });
    rig.proxy.splitInto(split);
    rig.proxy.joinInto(joined);
    await rig.lp.burst(split === 0 ? 2000 : 200);
    await rig.expectEqualBooks();
    rig.proxy.splitInto(0);
    rig.proxy.joinInto(0);
    await expectHealed();
    expect(rig.gaps).toEqual([]);
    expect(rig.feed.status()).toMatchObject({ parseErrors: 0, disconnections: 0 });
  });

  test("a ResendRequest that is lost itself is sent again", async () => {
    await start({ pace: "brisk" });
    await rig.lp.setRate(500);
    rig.proxy.loseToLp("2", 1);
    rig.proxy.order({ fault: "lose", count: 1, msgType: "X" });
    await rig.until("second ResendRequest", () => resendRequests() > 1);
    await expectHealed();
    // Once more when the answer of a busy LP is late, and no oftener: then the session would be over.
    expect([2, 3]).toContain(resendRequests());
    expect(rig.feed.status().disconnections).toBe(0);
  });

  test("a ResendRequest that nobody answers ends in a new session", async () => {
    await start({ pace: "brisk" });
    await rig.lp.setRate(500);
    rig.proxy.order({ fault: "lose", count: 1, msgType: "X" });
    rig.proxy.order({ fault: "lose", count: 1_000_000, isReplay: true });
    await rig.until("end of the session", () => rig.feed.status().disconnections > 0);
    expect(rig.lastError).toContain("ResendRequest was not answered");
    rig.proxy.clearOrders();
    await rig.until("second session", () => rig.feed.state === "live");
    await expectHealed();
  });
});

describe("FixAdapter when the LP's numbers jump", () => {
  test("numbers that were skipped are gap-filled: the data is lost, so the books are asked for anew", async () => {
    await start({ patience: "long" });
    const before = await rig.requestIds();
    await rig.lp.setRate(500);
    await rig.lp.skip(7);
    await rig.lp.awaitSubscriptions(RIG_SYMBOLS, before);
    await expectHealed();
    expect(resendRequests()).toBe(1);
    const from = Number(fieldOf(rig.proxy.sentToLp("2")[0], 7)) - 1;
    expect(rig.gaps).toEqual([`gap ${from}-${from + 8} ${RIG_SYMBOLS.join(",")}`]);
    expect(rig.feed.status()).toMatchObject({ errors: 0, disconnections: 0 });
  });

  test("an LP that keeps no messages fills the hole of a lost one: asked for anew", async () => {
    await start({ patience: "long", lp: { settings: { PersistMessages: "N" } } });
    const before = await rig.requestIds();
    await rig.lp.setRate(500);
    rig.proxy.order({ fault: "lose", count: 3, msgType: "X" });
    await rig.lp.awaitSubscriptions(RIG_SYMBOLS, before);
    await expectHealed();
    expect(rig.feed.status().disconnections).toBe(0);
  });

  test.each(["gap_fill", "reset"] as const)("a SequenceReset within the stream is followed: %s", async (mode) => {
    await start({ patience: "long" });
    await rig.lp.setRate(500);
    for (let round = 0; round < 3; round++) await rig.lp.sequenceReset(mode, 10);
    await expectHealed();
    expect(rig.feed.status()).toMatchObject({ errors: 0, disconnections: 0 });
    expect(resendRequests()).toBe(0);
  });

  test("skips and losses in a row leave the books as they should be", async () => {
    await start({ patience: "long" });
    await rig.lp.setRate(1000);
    for (let round = 0; round < 5; round++) {
      rig.proxy.order({ fault: "lose", count: 2, msgType: "X", isReplay: false });
      await rig.lp.skip(3);
      rig.proxy.order({ fault: "bad_checksum", count: 2, msgType: "X", isReplay: false });
      await rig.until("faults", () => rig.proxy.ordersLeft === 0);
    }
    await expectHealed();
    expect(rig.feed.status().disconnections).toBe(0);
  });
});

describe("FixAdapter when either side restarts in the middle", () => {
  function keepsNumbers(): FixRigOptions {
    return { reset: "never", lp: { settings: { FileStorePath: mkdtempSync(join(storeFolder, "lp-")) } } };
  }

  /** The last Logon the LP has got: its number, and whether it asked for new ones. */
  function lastLogon(): { number: number; isReset: boolean } {
    const logon = rig.lp.events("logonReceived").at(-1);
    const fields = logon?.["fields"] as Readonly<Record<string, string>> | undefined;
    return { number: Number(logon?.["number"]), isReset: fields?.["141"] === "Y" };
  }

  test("the LP dies and comes back: both go on with their numbers", async () => {
    await start(keepsNumbers());
    await rig.lp.setRate(1000);
    await rig.lp.stop("kill");
    await rig.until("end of the session", () => rig.feed.status().disconnections > 0);
    await rig.lp.restart();
    await rig.until("second session", () => rig.feed.state === "live");
    await expectHealed();
    expect(lastLogon().isReset).toBe(false);
    expect(lastLogon().number).toBeGreaterThan(2);
  });

  test("the whole process of the LP is killed and started again on its files", async () => {
    const first = await FixPeerProcess.start("quickfixj");
    const settings = { FileStorePath: mkdtempSync(join(storeFolder, "lp-")) };
    rig = await FixRig.start(first, { reset: "never", lp: { settings } });
    await rig.lp.setRate(1000);
    await rig.until("increments", async () => (await rig.lp.status()).incrementsSent > 100);
    await first.kill();
    await rig.until("end of the session", () => rig.feed.status().disconnections > 0);
    const lp = await rig.lp.startIn(peer, { symbols: RIG_SYMBOLS, seed: 1, settings });
    await rig.until("second session", () => rig.feed.state === "live");
    await lp.burst(100);
    await rig.expectEqualBooks(lp);
    const logon = lp.events("logonReceived").at(-1);
    expect(logon?.["fields"]).not.toHaveProperty("141");
    expect(Number(logon?.["number"])).toBeGreaterThan(2);
    await lp.end();
  });

  test("we restart: the numbers are those of the file, and the books are asked for anew", async () => {
    await start(keepsNumbers());
    await rig.lp.setRate(1000);
    await rig.restartFeed();
    await rig.until("second subscription", async () => (await rig.lp.status()).received["V"] === 2);
    await expectHealed();
    expect(lastLogon().isReset).toBe(false);
    expect(lastLogon().number).toBeGreaterThan(2);
    expect(rig.feed.status().errors).toBe(0);
  });

  test("messages the LP sent while we were away are late: they are not published, and books are new", async () => {
    await start(keepsNumbers());
    await rig.lp.setRate(1000);
    // The LP believes it sends until it sees the end of the connection.
    rig.proxy.hold();
    await rig.until("messages on their way", async () => (await rig.lp.status()).incrementsSent > 200);
    rig.proxy.dropConnections();
    rig.proxy.release();
    await rig.until("second session", async () => ((await rig.lp.status()).received["V"] ?? 0) > 1);
    await expectHealed();
  });

  test("an LP that has lost its numbers is asked to begin anew", async () => {
    await start({ reset: "daily" });
    await rig.lp.burst(50);
    await rig.lp.stop("kill");
    await rig.lp.restart();
    await rig.until("reset", () => lastLogon().isReset && rig.lp.events("logon").length >= 2);
    await rig.until("second session", () => rig.feed.state === "live");
    await expectHealed();
    expect(lastLogon().number).toBe(1);
  });

  test("an LP that has lost its numbers and may not begin anew is tried slowly, and people are told", async () => {
    await start({ reset: "never" });
    await rig.lp.burst(50);
    await rig.lp.stop("kill");
    await rig.lp.restart();
    await rig.until("error", () => rig.lastError.startsWith("sequence_too_low: "));
    expect(rig.lastError).toContain("set by hand");
    const tries = rig.proxy.acceptedTotal;
    await rig.until("next try", () => rig.proxy.acceptedTotal > tries);
    const at = rig.proxy.acceptedAtMs;
    expect(at[at.length - 1] - at[at.length - 2]).toBeGreaterThan(1900);
  });

  test("an LP that expects a higher number of us is believed", async () => {
    await start(keepsNumbers());
    await rig.lp.expectNumber(500);
    await rig.until("second session", () => rig.lp.events("logon").length >= 2 && rig.feed.state === "live");
    await expectHealed();
    expect(lastLogon().number).toBe(500);
  });
});
