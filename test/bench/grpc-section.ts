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

/**
 * gRPC to acked record: CPU per quote of a server stream that is as fast as it is read. The loopback venue gives some 50,000
 * quotes/s, so that without linger a Produce request carries few of them: both are shown.
 */
export async function benchGrpc(kafka: TestKafka): Promise<void> {
  console.log(`\ngRPC to acked Kafka record: SubscribeQuote over ${SYMBOL_COUNT} symbols, server streaming`);
  for (const lingerMs of ["0", "5"]) await measureStream(kafka, lingerMs);
}

async function measureStream(kafka: TestKafka, lingerMs: string): Promise<void> {
  const symbols = Array.from({ length: SYMBOL_COUNT }, (_, i) => `SYM${i}@MISX`);
  const venue = await startVenue(["--venue", "finam", "--rate", "full", "--symbols", symbols.join(",")]);
  const topic = `bench.grpc.${lingerMs}`;
  await createTopics(kafka, topic);
  const feed = { ...loopbackFeed("finam", venue.facts), LINGER_MS: lingerMs };
  const ours = await startIngester({ brokers: kafka.bootstrap.plain, topic }, feed);
  try {
    const what = `finam, LINGER_MS=${lingerMs}, zstd, acks=all`;
    const row = await measure(what, ours.child.pid, () => ackedQuotes(ours));
    console.log(accountLine(await ours.scrape()));
    console.log(throughputLine(row));
  } finally {
    await ours.child.stop();
    await venue.child.stop();
  }
}
