import type { FaultCase } from "./fault-case.ts";
import { FIRST_ACK_LIMIT_MS, firstAckMs, holdOutage, seeOutage, throughUnharmed, twoVenues } from "./whole-life.ts";

const RATE = 900;
const HOLE_MS = { short: 4000, long: 30_000 } as const;

/** F3 without root: a proxy takes everything and passes nothing. The kernel notices nothing, only the program can. */
export const silentProxy: FaultCase = {
  fault: "F3",
  name: "silent-proxy",
  title: "Black hole by a proxy: nothing passes, nothing is closed, bytes are taken",
  limitMs: { short: 90_000, long: 180_000 },
  async run(round) {
    const kafka = await round.kafka();
    await throughUnharmed(round, { kafka, feeds: twoVenues(RATE), isProxied: true }, async (rig) => {
      kafka.proxy.blackhole();
      try {
        const startMs = performance.now();
        await seeOutage(rig);
        await holdOutage(rig, HOLE_MS[round.form] - (performance.now() - startMs));
      } finally {
        kafka.proxy.release();
      }
      round.measure({ name: "first ack", value: await firstAckMs(rig), unit: "ms", most: FIRST_ACK_LIMIT_MS });
    });
  },
};
