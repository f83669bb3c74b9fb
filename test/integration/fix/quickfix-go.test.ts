// The whole adapter against a second maker's engine, quickfix-go: a smaller set, and the way it fails at replays.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { FixPeerProcess } from "../../harness/fix-peer-process.ts";
import { FixRig, RIG_SYMBOLS } from "./fix-rig.ts";

const START_LIMIT_MS = 60_000;
/** For many thousand messages on a machine that is busy with other things. */
const BURST_LIMIT_MS = 120_000;
let peer: FixPeerProcess;
let rig: FixRig;

beforeAll(async () => {
  peer = await FixPeerProcess.start("quickfix-go");
}, START_LIMIT_MS);

afterEach(async () => {
  await rig.stop();
});

afterAll(async () => {
  await peer.kill();
});

describe("FixAdapter with quickfix-go", () => {
  test.each([{ hasIds: true }, { hasIds: false }])(
    "takes increments at full speed: %o",
    async ({ hasIds }) => {
      // It sends some six thousand a second, whoever listens.
      const count = 10_000;
      rig = await FixRig.start(peer, { patience: "long", lp: { hasIds }, isProxied: false });
      const startMs = performance.now();
      await rig.lp.burst(count);
      await rig.expectEqualBooks();
      console.error(`quickfix-go to books: ${Math.round((count / (performance.now() - startMs)) * 1000)} messages/s`);
      await rig.expectEqualQuotes();
      expect(rig.gaps).toEqual([]);
    },
    BURST_LIMIT_MS,
  );

  test("comes back when the connection breaks", async () => {
    rig = await FixRig.start(peer);
    const before = await rig.requestIds();
    await rig.lp.setRate(1000);
    rig.proxy.dropConnections();
    await rig.lp.awaitSubscriptions(RIG_SYMBOLS, before);
    await rig.lp.setRate(0);
    await rig.expectEqualQuotes();
  });

  test("numbers that were skipped are gap-filled: the books are asked for anew", async () => {
    rig = await FixRig.start(peer);
    const before = await rig.requestIds();
    await rig.lp.skip(7);
    await rig.lp.burst(10);
    await rig.lp.awaitSubscriptions(RIG_SYMBOLS, before);
    await rig.expectEqualQuotes();
    expect(rig.gaps.length).toBe(1);
  });

  test("an LP that stops and starts again is met with the numbers both have kept", async () => {
    rig = await FixRig.start(peer, { reset: "never" });
    await rig.lp.setRate(500);
    await rig.lp.stop("logout");
    await rig.until("end of the session", () => rig.feed.status().disconnections > 0);
    await rig.lp.restart();
    await rig.until("second session", () => rig.feed.state === "live");
    await rig.expectEqualQuotes();
    expect((await rig.lp.status()).nextTarget).toBeGreaterThan(4);
  });

  // quickfix-go resends messages with groups under a wrong BodyLength (peers.test.ts): garbage, as if they never came.
  test("replays that nobody can read end in a new session with new books", async () => {
    rig = await FixRig.start(peer, { pace: "brisk" });
    await rig.lp.setRate(500);
    rig.proxy.order({ fault: "lose", count: 3, msgType: "X" });
    await rig.until("end of the session", () => rig.feed.status().disconnections > 0);
    await rig.until("second session", () => rig.feed.state === "live");
    await rig.lp.setRate(0);
    await rig.expectEqualQuotes();
  });
});
