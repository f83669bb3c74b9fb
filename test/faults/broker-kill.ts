import type { FaultCase } from "./fault-case.ts";
import { FIRST_ACK_LIMIT_MS, firstAckMs, seeOutage, throughUnharmed, twoVenues } from "./whole-life.ts";

const KILL_WITHIN_MS = 500;
const ACKS_AFTER = 500;
const RATE = 900;
/** Lives, so that no topic grows beyond what can be read back at once, and kills in each. */
const SIZES = { short: { lives: 1, kills: 2 }, long: { lives: 10, kills: 5 } } as const;

/** F1: `kill -9` of the broker at a random moment, and a start on the same ports and data. */
export const brokerKill: FaultCase = {
  fault: "F1",
  name: "broker-kill",
  title: "kill -9 of the broker mid-stream, and a restart",
  limitMs: { short: 90_000, long: 1_800_000 },
  async run(round) {
    const kafka = await round.kafka();
    const { lives, kills } = SIZES[round.form];
    let firstAckMsMax = 0;
    for (let number = 0; number < lives; number++) {
      await throughUnharmed(round, { kafka, feeds: twoVenues(RATE), isProxied: true, number }, async (rig) => {
        for (let kill = 0; kill < kills; kill++) {
          await Bun.sleep(rig.chance() * KILL_WITHIN_MS);
          await kafka.kill();
          await seeOutage(rig);
          await kafka.restart();
          firstAckMsMax = Math.max(firstAckMsMax, await firstAckMs(rig));
          await rig.untilAckedMore(ACKS_AFTER);
        }
      });
      round.say(`${(number + 1) * kills} of ${lives * kills} kills`);
    }
    round.measure({ name: "kills", value: lives * kills, unit: "" });
    round.measure({ name: "first ack after the restart", value: firstAckMsMax, unit: "ms", most: FIRST_ACK_LIMIT_MS });
  },
};
