// The network to the broker goes away without a word and comes back, with the time limits of the field. TCP sends again in
// ever longer pauses: a connection that has rested for 14 s would rest for 12 s more. Promise P11 gives us 5.
import { describe, expect, test } from "bun:test";
import { FarEnd } from "../../harness/far-end.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka, uniqueTopic, usesExternalKafka } from "../../harness/kafka.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";
import { whyNoNamespaces } from "../../harness/namespaces.ts";
import { testEndpoint, testTransport, until } from "../../publish/kafka/kafka-test-kit.ts";
import { LaneRig, values } from "./lane-rig.ts";

const REQUEST_TIMEOUT_MS = 30_000;
/** Chosen so that TCP's own next try is farthest away. */
const OUTAGE_MS = 14_000;
const FIRST_ACK_MAX_MS = 5000;
const WRITE_EVERY_MS = 5;
const PARTITIONS = 2;

const reason = usesExternalKafka ? "KAFKA_BROKERS_TEST names another broker" : whyNoNamespaces();
if (reason !== null) console.error(`skipped, as ${reason}: the return of the network`);

describe.skipIf(reason !== null)("the return of the network", () => {
  test(
    "the first ack comes within 5 s, with nothing lost, moved or written twice",
    async () => {
      const far = await FarEnd.open();
      const kafka = await startKafka({
        listeners: { proxied: true },
        wayToProxy: (port) => ({ host: far.host, port: far.expose(port) }),
      });
      const topic = uniqueTopic("return");
      await kafka.createTopic(topic, PARTITIONS);
      const rig = await LaneRig.open(kafka.bootstrap.proxied, [topic], { timeoutMs: REQUEST_TIMEOUT_MS });
      const lanes = Array.from({ length: PARTITIONS }, (_, partition) => rig.lane(topic, partition));
      let written = 0;
      const writer = setInterval(() => {
        for (const lane of lanes) rig.write(lane, [`a-${written}`]);
        written++;
      }, WRITE_EVERY_MS);
      try {
        await until(() => rig.acked > 200, 10_000, "acks flow");
        await far.cut();
        const cutMs = performance.now();
        await seeConnectionBegunAnew(kafka.bootstrap.proxied, topic);
        await Bun.sleep(OUTAGE_MS - (performance.now() - cutMs));
        const before = lanes.map(({ ackedBatches }) => ackedBatches);
        await far.join();
        const backMs = performance.now();
        const isBack = () => lanes.every(({ ackedBatches }, at) => ackedBatches > before[at]);
        await until(isBack, FIRST_ACK_MAX_MS, `an ack of every lane; trouble: ${rig.transport.trouble}`);
        console.error(`first acks ${(performance.now() - backMs).toFixed(0)} ms after the return`);
      } finally {
        clearInterval(writer);
      }
      await rig.whenAcked(written * PARTITIONS, 30_000);
      const records = await readTopicWithKcat(kafka.bootstrap.plain, topic);
      for (const partition of lanes.keys()) {
        const found = records.filter((record) => record.partition === partition).map(({ value }) => value);
        expect(found).toEqual(values("a", written));
      }
      expect(lanes.map(({ possibleDuplicates }) => possibleDuplicates)).toEqual([0, 0]);
      await rig.close();
      await kafka.stop();
      await far.close();
    },
    KAFKA_START_TIMEOUT_MS + 90_000,
  );
});

/** A connection begun in the outage is not left to TCP for the whole connect timeout. */
async function seeConnectionBegunAnew(broker: string, topic: string): Promise<void> {
  const transport = testTransport(testEndpoint(broker, { connectTimeoutMs: REQUEST_TIMEOUT_MS }));
  const abort = new AbortController();
  const starting = transport.start([topic], abort.signal).catch(() => "ended");
  await until(() => transport.trouble.includes("no TCP connection within 3000 ms"), 8000, transport.trouble);
  abort.abort();
  expect(await starting).toBe("ended");
  await transport.stop(0);
}
