import { drawOne, type FaultKind, lastingFault, passingFault } from "./fault-kind.ts";
import type { WebSocketSimulator } from "./websocket-simulator.ts";

/** How long a venue stays silent, or turns clients away, ms. */
const SILENCE_MS = 6000;
const REFUSAL_MS = 2500;
/** Largest hole in a venue's numbers. */
const MAX_GAP = 50;

/** What the fault script of a demo may do to a WebSocket venue. */
export function createWebSocketFaults(venue: WebSocketSimulator): readonly FaultKind[] {
  return [
    passingFault("sequence gap", 1, (random) => {
      venue.skipSequence(drawOne(venue.symbols, random), 1 + Math.floor(random() * MAX_GAP));
    }),
    passingFault("close in good order", 2, () => venue.disconnect()),
    passingFault("connection reset", 2, () => venue.disconnectHard()),
    passingFault("garbage", 2, () => venue.sendGarbage()),
    passingFault("reconnect notice", 1, () => venue.requestReconnect()),
    lastingFault("silence", 2, {
      afterMs: SILENCE_MS,
      strike: () => venue.goSilent("all"),
      undo: () => venue.resume(),
    }),
    lastingFault("reset and handshakes refused with 429", 1, {
      afterMs: REFUSAL_MS,
      strike() {
        venue.rejectHandshakes(429, { "Retry-After": "1" });
        venue.disconnectHard();
      },
      undo: () => venue.acceptHandshakes(),
    }),
  ];
}
