// Faults in an order nobody thought of, drawn by the seed of the LP's market (FIX_SEED repeats a run).
import { afterAll, afterEach, beforeAll, test } from "bun:test";
import { createSeededRandom } from "../../../src/simulator/seeded-random.ts";
import type { FrameFault } from "../../harness/fix-fault-proxy.ts";
import { FixPeerProcess } from "../../harness/fix-peer-process.ts";
import { FixRig, RIG_SYMBOLS } from "./fix-rig.ts";

const START_LIMIT_MS = 60_000;
const TEST_LIMIT_MS = 60_000;
const STEPS = 25;
/** Increments between two faults at most. */
const PAUSE_INCREMENTS_MAX = 150;
const FRAME_FAULTS: readonly FrameFault[] = [
  "lose",
  "bad_checksum",
  "short_body_length",
  "long_body_length",
  "garbage_before",
  "cut",
];

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

/** A whole number from 0 to one below the bound. */
type Draw = (bound: number) => number;
type Fault = (draw: Draw) => unknown;

/** What may go wrong next; those that cost a session stand once, the others more often. */
const FAULTS: readonly (readonly [name: string, run: Fault])[] = [
  ["frame", orderFrameFault],
  ["frame", orderFrameFault],
  ["frame", orderFrameFault],
  ["skip", (draw) => rig.lp.skip(1 + draw(5))],
  ["skip", (draw) => rig.lp.skip(1 + draw(5))],
  ["gap fill", (draw) => rig.lp.sequenceReset("gap_fill", 1 + draw(5))],
  ["reset", (draw) => rig.lp.sequenceReset("reset", 1 + draw(5))],
  ["split", (draw) => rig.proxy.splitInto(draw(2) * (20 + draw(200)))],
  ["join", (draw) => rig.proxy.joinInto(draw(2) * 20_000)],
  ["clear", (draw) => rig.lp.clear(RIG_SYMBOLS[draw(RIG_SYMBOLS.length)])],
  ["test request", () => rig.lp.testRequest("RANDOM")],
  ["resend request", () => rig.lp.send("2", ["7=1", "16=0"])],
  ["drop", () => rig.proxy.dropConnections()],
  ["disconnect", () => rig.lp.disconnect()],
];

function orderFrameFault(draw: Draw): void {
  const fault = FRAME_FAULTS[draw(FRAME_FAULTS.length)];
  rig.proxy.order({ fault, count: 1 + draw(4), isReplay: false });
}

test.each([{ reset: "logon" }, { reset: "daily" }] as const)(
  "books are the LP's after faults in any order: _RESET=$reset",
  async ({ reset }) => {
    rig = await FixRig.start(peer, { reset, pace: "brisk", lp: { renames: true, depth: 20 } });
    const random = createSeededRandom(rig.seed);
    const draw: Draw = (bound) => Math.floor(random() * bound);
    await rig.lp.setRate(1000);
    const done: string[] = [];
    for (let step = 0; step < STEPS; step++) {
      const [name, run] = FAULTS[draw(FAULTS.length)];
      done.push(name);
      await run(draw);
      const { incrementsSent } = await rig.lp.status();
      const wanted = incrementsSent + draw(PAUSE_INCREMENTS_MAX);
      await rig.until("increments", async () => (await rig.lp.status()).incrementsSent >= wanted);
    }
    console.error(`faults: ${done.join(", ")}; ${rig.feed.status().disconnections} sessions lost`);
    rig.proxy.splitInto(0);
    rig.proxy.joinInto(0);
    rig.proxy.clearOrders();
    await rig.lp.setRate(0);
    await rig.expectEqualQuotes();
  },
  TEST_LIMIT_MS,
);
