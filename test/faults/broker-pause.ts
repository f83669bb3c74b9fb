import type { FaultCase } from "./fault-case.ts";
import {
  FIRST_ACK_LIMIT_MS,
  firstAckMs,
  holdOutage,
  megabytes,
  seeOutage,
  throughUnharmed,
  twoVenues,
} from "./whole-life.ts";

const RATE = 900;
const PAUSES_MS = { short: [5000], long: [5000, 45_000, 120_000] } as const;
/** "RSS ≤ 256 MB in any outage". */
const RESIDENT_MB_MAX = 256;

/** F2: SIGSTOP of the broker; its sockets stay open, and nothing answers. */
export const brokerPause: FaultCase = {
  fault: "F2",
  name: "broker-pause",
  title: "SIGSTOP of the broker, then SIGCONT",
  limitMs: { short: 90_000, long: 600_000 },
  async run(round) {
    const kafka = await round.kafka();
    for (const [number, pauseMs] of PAUSES_MS[round.form].entries()) {
      await throughUnharmed(round, { kafka, feeds: twoVenues(RATE), isProxied: true, number }, async (rig) => {
        kafka.pause();
        const pausedMs = performance.now();
        try {
          await seeOutage(rig);
          const { residentBytesMax } = await holdOutage(rig, pauseMs - (performance.now() - pausedMs));
          const name = `memory in ${pauseMs / 1000} s of pause`;
          round.measure({ name, value: megabytes(residentBytesMax), unit: "MB", most: RESIDENT_MB_MAX });
        } finally {
          kafka.resume();
        }
        const name = `first ack after ${pauseMs / 1000} s of pause`;
        round.measure({ name, value: await firstAckMs(rig), unit: "ms", most: FIRST_ACK_LIMIT_MS });
      });
      round.say(`pause of ${pauseMs / 1000} s over`);
    }
  },
};
