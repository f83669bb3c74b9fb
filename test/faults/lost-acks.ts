import { readTopicWithKcat } from "../harness/kcat.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultCase } from "./fault-case.ts";
import { seeOutage, throughUnharmed, twoVenues } from "./whole-life.ts";

const RATE = 900;
const ROUNDS = { short: 1, long: 10 } as const;
const ACKS_AFTER = 500;
const HELD_LIMIT_MS = 5000;
const WRITTEN_LIMIT_MS = 10_000;

/** F5: batches are written, and their acks come after the request timeout or never. */
export const lostAcks: FaultCase = {
  fault: "F5",
  name: "lost-acks",
  title: "Batches are written, their acks come after the request timeout or never",
  limitMs: { short: 90_000, long: 600_000 },
  async run(round) {
    const kafka = await round.kafka();
    await throughUnharmed(round, { kafka, feeds: twoVenues(RATE), isProxied: true }, async (rig) => {
      for (let number = 0; number < ROUNDS[round.form]; number++) {
        for (const end of ["lost", "late"] as const) {
          kafka.proxy.holdResponses();
          const isHeld = () => kafka.proxy.heldResponseBytes > 0;
          await waitUntil(isHeld, { limitMs: HELD_LIMIT_MS, what: "answer held" });
          // The fault: more is in the log than we were told of.
          const isWrittenUnheard = async () => {
            const acked = (await rig.metrics()).sum("ingester_quotes_acked_total");
            return (await readTopicWithKcat(kafka.bootstrap.plain, rig.topic)).length > acked;
          };
          await waitUntil(isWrittenUnheard, { limitMs: WRITTEN_LIMIT_MS, what: "batch written whose ack is held" });
          await seeOutage(rig);
          if (end === "lost") kafka.proxy.dropConnections();
          kafka.proxy.release();
          await rig.untilAckedMore(ACKS_AFTER);
        }
        round.say(`round ${number + 1} of ${ROUNDS[round.form]}`);
      }
    });
    round.measure({ name: "acks lost or late", value: 2 * ROUNDS[round.form], unit: "" });
  },
};
