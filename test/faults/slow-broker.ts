import { connect } from "node:net";
import { createSeededRandom } from "../../src/simulator/seeded-random.ts";
import type { FaultCase } from "./fault-case.ts";
import { megabytes, throughUnharmed, twoVenues } from "./whole-life.ts";

const RATE = 2000;
const SLOW_MS = { short: 8000, long: 120_000 } as const;
/** Each way. */
const DELAY_MS = 100;
const JITTER_MS = 50;
/** 3,000 kbit/s, as in Kafka's own test of a degraded network. */
const BYTES_PER_SECOND = 375_000;
/** Longer than any answer takes on such a line. */
const REQUEST_TIMEOUT_MS = 5000;
const RESIDENT_MB_MAX = 256;
/** What may wait at the end, in seconds of the rate: two round trips and the batch between them. */
const BACKLOG_SECONDS_MAX = 2;
/** ApiVersions, version 0, of a client without a name: every broker answers it at once. */
const QUESTION = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff]);

/** F4: every byte comes late, by a time that varies, and the line is narrow. */
export const slowBroker: FaultCase = {
  fault: "F4",
  name: "slow-broker",
  title: "Slow broker: 100 ± 50 ms each way, 375 KB/s",
  limitMs: { short: 90_000, long: 300_000 },
  async run(round) {
    const kafka = await round.kafka();
    const env = { KAFKA_REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS) };
    await throughUnharmed(round, { kafka, feeds: twoVenues(RATE), isProxied: true, env }, async (rig) => {
      const plainMs = await askBroker(kafka.proxy.port);
      const random = createSeededRandom(round.seed);
      kafka.proxy.line = { delayMs: DELAY_MS, jitterMs: JITTER_MS, bytesPerSecond: BYTES_PER_SECOND, random };
      try {
        const slowMs = await askBroker(kafka.proxy.port);
        round.measure({ name: "answer of the broker before", value: plainMs, unit: "ms" });
        round.measure({ name: "answer meanwhile", value: slowMs, unit: "ms", least: 2 * (DELAY_MS - JITTER_MS) });
        const before = await rig.metrics();
        let residentBytesMax = 0;
        const endMs = performance.now() + SLOW_MS[round.form];
        while (performance.now() < endMs) {
          residentBytesMax = Math.max(residentBytesMax, (await rig.metrics()).sum("process_resident_memory_bytes"));
          await Bun.sleep(100);
        }
        const after = await rig.metrics();
        const grown = (name: string) => after.sum(name) - before.sum(name);
        const batches = grown("ingester_lane_acked_batches_total");
        const quotes = grown("ingester_quotes_acked_total");
        const backlog = after.sum("ingester_quotes_in_memory") + after.sum("ingester_quotes_on_spool");
        round.measure({ name: "attempts that failed", value: grown("ingester_lane_retries_total"), unit: "", most: 0 });
        round.measure({ name: "quotes a batch", value: quotes / batches, unit: "" });
        round.measure({ name: "backlog", value: backlog, unit: "quotes", most: BACKLOG_SECONDS_MAX * RATE });
        round.measure({ name: "memory", value: megabytes(residentBytesMax), unit: "MB", most: RESIDENT_MB_MAX });
      } finally {
        kafka.proxy.release();
      }
    });
  },
};

/** How long the broker's answer to the smallest question takes over the proxy, ms. */
async function askBroker(port: number): Promise<number> {
  const answer = Promise.withResolvers<void>();
  const socket = connect({ host: "127.0.0.1", port });
  socket.once("data", () => answer.resolve());
  socket.once("error", (error) => answer.reject(error));
  await new Promise((resolve) => socket.once("connect", resolve));
  const startMs = performance.now();
  socket.write(QUESTION);
  await answer.promise;
  socket.destroy();
  return performance.now() - startMs;
}
