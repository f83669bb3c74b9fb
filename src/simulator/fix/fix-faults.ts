import type { RandomSource } from "../../runtime/clock.ts";
import { drawOne, type FaultKind, lastingFault, passingFault } from "../fault-kind.ts";
import type { FixSimulator } from "./fix-simulator.ts";

/** How long an LP stays silent, or turns clients away, ms. */
const SILENCE_MS = 6000;
const REFUSAL_MS = 2500;
/** Largest number of messages lost at once. */
const MAX_LOST = 20;
/** Bytes per TCP segment while writes are split, and for how long, ms. */
const SEGMENT_BYTES = 7;
const SPLIT_MS = 1000;

/** What the fault script of a demo may do to an LP. */
export function createFixFaults(lp: FixSimulator): readonly FaultKind[] {
  const { commands } = lp;
  return [
    passingFault("lost messages, replayed when asked for", 2, (random) => {
      commands.loseMessages(drawSymbol(lp, random), 1 + Math.floor(random() * MAX_LOST), "kept");
    }),
    passingFault("lost messages, gone for good", 2, (random) => {
      commands.loseMessages(drawSymbol(lp, random), 1 + Math.floor(random() * MAX_LOST), "gone");
    }),
    passingFault("Logout", 2, () => lp.disconnect()),
    passingFault("connection reset", 2, () => lp.disconnectHard()),
    passingFault("garbage", 1, () => lp.sendGarbage()),
    passingFault("wrong CheckSum", 1, () => commands.damageNext("checksum")),
    passingFault("wrong BodyLength", 1, () => commands.damageNext("bodyLength")),
    passingFault("possible duplicates", 1, () => commands.repeatLast(5)),
    passingFault("TestRequest", 1, () => commands.testRequest()),
    passingFault("crossed book", 1, (random) => commands.crossBook(drawSymbol(lp, random))),
    passingFault("deletion of an unknown entry", 1, (random) => commands.deleteUnknown(drawSymbol(lp, random))),
    lastingFault("messages in pieces", 1, {
      afterMs: SPLIT_MS,
      strike: () => commands.splitWrites(SEGMENT_BYTES),
      undo: () => commands.splitWrites(0),
    }),
    lastingFault("silence", 2, { afterMs: SILENCE_MS, strike: () => lp.goSilent("all"), undo: () => lp.resume() }),
    lastingFault("Logout, and Logons refused", 1, {
      afterMs: REFUSAL_MS,
      strike: () => commands.logoutStorm("Service is not available"),
      undo: () => lp.acceptHandshakes(),
    }),
  ];
}

/** One that somebody has subscribed to, where there is one. */
function drawSymbol(lp: FixSimulator, random: RandomSource): string {
  const subscribed = lp.sessions.flatMap(({ topics }) => topics);
  return drawOne(subscribed.length > 0 ? subscribed : lp.symbols, random);
}
