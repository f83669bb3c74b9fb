import type { TestKafka } from "../harness/kafka-handle.ts";
import {
  accountLine,
  ackedQuotes,
  createTopics,
  measure,
  startIngester,
  startVenue,
  throughputLine,
} from "./bench-rig.ts";
import { loopbackFeed } from "./loopback-feed.ts";

const SYMBOL_COUNT = 20;

/** gRPC to acked record: CPU per quote of a server stream that is as fast as it is read. */
export async function benchGrpc(kafka: TestKafka): Promise<void> {
  const symbols = Array.from({ length: SYMBOL_COUNT }, (_, i) => `SYM${i}@MISX`);
  const venue = await startVenue(["--venue", "finam", "--rate", "full", "--symbols", symbols.join(",")]);
  const topic = "bench.grpc";
  await createTopics(kafka, topic);
  const ours = await startIngester({ brokers: kafka.bootstrap.plain, topic }, loopbackFeed("finam", venue.facts));
  try {
    console.log(`\ngRPC to acked Kafka record: SubscribeQuote over ${SYMBOL_COUNT} symbols, server streaming`);
    const row = await measure("finam, zstd, acks=all", ours.child.pid, () => ackedQuotes(ours));
    console.log(accountLine(await ours.scrape()));
    console.log(throughputLine(row));
  } finally {
    await ours.child.stop();
    await venue.child.stop();
  }
}
