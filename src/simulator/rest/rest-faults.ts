import { type FaultKind, lastingFault, passingFault } from "../fault-kind.ts";
import type { RestSimulator } from "./rest-simulator.ts";

/** How long a venue stays silent, errs, or turns clients away, ms. */
const SILENCE_MS = 6000;
const TROUBLE_MS = 2500;

/** What the fault script of a demo may do to a REST venue. */
export function createRestFaults(venue: RestSimulator): readonly FaultKind[] {
  const limits = venue.meter.rules;
  return [
    passingFault("connection reset", 2, () => venue.disconnectHard()),
    passingFault("garbage", 2, () => venue.sendGarbage()),
    lastingFault("silence", 2, {
      afterMs: SILENCE_MS,
      strike: () => venue.holdHandshakes(),
      undo: () => venue.acceptHandshakes(),
    }),
    lastingFault("HTTP 503", 1, {
      afterMs: TROUBLE_MS,
      strike: () => venue.answerBadly("error"),
      undo: () => venue.acceptHandshakes(),
    }),
    lastingFault("limit cut to nothing", 1, {
      afterMs: TROUBLE_MS,
      strike: () => venue.meter.setRules({ weight: 1, windowMs: TROUBLE_MS }),
      undo: () => venue.meter.setRules(limits),
    }),
  ];
}
