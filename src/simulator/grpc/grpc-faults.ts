import { drawOne, type FaultKind, lastingFault, passingFault } from "../fault-kind.ts";
import type { GrpcSimulator } from "./grpc-simulator.ts";

/** How long a venue stays silent, or turns clients away, ms. */
const SILENCE_MS = 6000;
const REFUSAL_MS = 2500;
/** Largest hole in a venue's numbers. */
const MAX_GAP = 50;
/** gRPC's status codes that are sent here. */
const INTERNAL = 13;
const UNAVAILABLE = 14;
const RESOURCE_EXHAUSTED = 8;

/** What the fault script of a demo may do to a gRPC venue. */
export function createGrpcFaults(venue: GrpcSimulator): readonly FaultKind[] {
  return [
    passingFault("sequence gap", 1, (random) => {
      venue.skipSequence(drawOne(venue.symbols, random), 1 + Math.floor(random() * MAX_GAP));
    }),
    passingFault("stream ended in good order", 2, () => venue.disconnect()),
    passingFault("status UNAVAILABLE", 2, () => venue.failCalls(UNAVAILABLE, "Service is restarting")),
    passingFault("status INTERNAL", 1, () => venue.failCalls(INTERNAL, "Something broke")),
    passingFault("connection reset", 2, () => venue.disconnectHard()),
    passingFault("garbage", 2, () => venue.sendGarbage()),
    passingFault("error in the stream", 1, () => venue.sendError("Stream is overloaded")),
    lastingFault("silence", 2, {
      afterMs: SILENCE_MS,
      strike: () => venue.goSilent("all"),
      undo: () => venue.resume(),
    }),
    lastingFault("calls refused with RESOURCE_EXHAUSTED", 1, {
      afterMs: REFUSAL_MS,
      strike() {
        venue.refuseCalls(RESOURCE_EXHAUSTED, "Too many streams");
        venue.failCalls(UNAVAILABLE, "Service is restarting");
      },
      undo: () => venue.acceptHandshakes(),
    }),
  ];
}
