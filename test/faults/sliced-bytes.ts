import { expect } from "bun:test";
import { createSeededRandom } from "../../src/simulator/seeded-random.ts";
import type { RigFeed } from "../harness/ingester-rig.ts";
import { TcpProxy } from "../harness/tcp-proxy.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultCase } from "./fault-case.ts";
import { throughLife } from "./whole-life.ts";

/** Slow enough that every byte can have a packet of its own. */
const RATE = 20;
const PIECE_BYTES_MAX = 3;
const QUOTES = { short: 60, long: 2000 } as const;
const QUOTES_LIMIT_MS = { short: 40_000, long: 400_000 } as const;

/** The venues, one of each transport, and the setting that leads to the proxy's port. */
const VENUES: readonly { readonly venue: string; readonly way: (port: number) => Record<string, string> }[] = [
  { venue: "kraken", way: (port) => ({ URL: `ws://127.0.0.1:${port}/v2` }) },
  { venue: "fix-generic", way: (port) => ({ HOST: "127.0.0.1", PORT: String(port) }) },
];

/** F13: every message arrives in pieces of one to three bytes: no decoder may see where a packet ends. */
export const slicedBytes: FaultCase = {
  fault: "F13",
  name: "sliced-bytes",
  title: "Every message of a venue arrives in pieces of 1 to 3 bytes (WebSocket, FIX)",
  limitMs: { short: 60_000, long: 600_000 },
  async run(round) {
    const kafka = await round.kafka();
    const proxies = await Promise.all(VENUES.map(() => TcpProxy.start({ targetPort: 0 })));
    const random = createSeededRandom(round.seed);
    for (const proxy of proxies) proxy.line = { pieceBytesMax: PIECE_BYTES_MAX, random };
    try {
      const { metrics, verdict } = await throughLife(
        round,
        { kafka, feeds: createFeeds(proxies), quotesBefore: 1 },
        async (rig) => {
          const isEnough = async () => {
            const now = await rig.metrics();
            return VENUES.every(
              ({ venue: source }) => now.sum("ingester_quotes_acked_total", { source }) >= QUOTES[round.form],
            );
          };
          await waitUntil(isEnough, { limitMs: QUOTES_LIMIT_MS[round.form], what: "quotes in pieces" });
        },
      );
      // The fault: far more packets than messages.
      const pieces = proxies.reduce((sum, proxy) => sum + proxy.piecesTotal, 0);
      round.measure({ name: "pieces a quote", value: pieces / verdict.distinct, unit: "", least: 20 });
      expect(metrics.sum("market_data_raw_disconnections_total")).toBe(0);
      expect(verdict).toMatchObject({ declaredMissing: 0, declaredDropped: 0, duplicates: 0 });
    } finally {
      for (const proxy of proxies) await proxy.stop();
    }
  },
};

function createFeeds(proxies: readonly TcpProxy[]): readonly RigFeed[] {
  return VENUES.map(({ venue, way }, at) => ({
    name: venue,
    venue,
    symbolCount: 2,
    ratePerSecond: RATE,
    way: (port) => {
      proxies[at].targetPort = port;
      return way(proxies[at].port);
    },
  }));
}
