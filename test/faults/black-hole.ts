import { FarEnd } from "../harness/far-end.ts";
import { startKafka } from "../harness/kafka.ts";
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

const RATE = 600;
const HOLES_MS = { short: [6000], long: [10_000, 60_000, 600_000] } as const;
const RESIDENT_MB_MAX = 256;
/** The rig's request timeout; the watchdog may take twice as long. */
const REQUEST_TIMEOUT_MS = 1000;
const NOTICED_LIMIT_MS = 2 * REQUEST_TIMEOUT_MS + 1000;

/** F3: the cable between the program and its broker is pulled: real TCP sends again and again into nothing. */
export const blackHole: FaultCase = {
  fault: "F3",
  name: "black-hole",
  title: "Black hole: the line to the broker is cut below TCP",
  needsRoot: true,
  limitMs: { short: 90_000, long: 1_800_000 },
  async run(round) {
    const far = await FarEnd.open();
    const kafka = await startKafka({
      listeners: { proxied: true },
      wayToProxy: (port) => ({ host: far.host, port: far.expose(port) }),
    });
    try {
      for (const [number, holeMs] of HOLES_MS[round.form].entries()) {
        const options = { kafka, feeds: twoVenues(RATE), isProxied: true, number, env: { RAW_PAYLOAD: "off" } };
        const what = `of a hole of ${holeMs / 1000} s`;
        await throughUnharmed(round, options, async (rig) => {
          const cutMs = performance.now();
          await far.cut();
          await seeOutage(rig);
          const noticedMs = performance.now() - cutMs;
          round.measure({ name: `notice ${what}`, value: noticedMs, unit: "ms", most: NOTICED_LIMIT_MS });
          const { residentBytesMax } = await holdOutage(rig, holeMs - (performance.now() - cutMs));
          const memory = megabytes(residentBytesMax);
          round.measure({ name: `memory ${what}`, value: memory, unit: "MB", most: RESIDENT_MB_MAX });
          await far.join();
          const ackMs = await firstAckMs(rig);
          round.measure({
            name: `first ack after the end ${what}`,
            value: ackMs,
            unit: "ms",
            most: FIRST_ACK_LIMIT_MS,
          });
        });
        round.say(`hole of ${holeMs / 1000} s over`);
      }
    } finally {
      await kafka.stop();
      await far.close();
    }
  },
};
