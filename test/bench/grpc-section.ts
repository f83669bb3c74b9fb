import { GrpcPeerProcess } from "../harness/grpc-peer-process.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import { accountLine, ackedQuotes, createTopics, measure, startIngester, throughputLine } from "./bench-rig.ts";
import { loopbackFeed } from "./loopback-feed.ts";

const SYMBOL_COUNT = 20;

/**
 * gRPC to acked record: CPU per quote of a server stream that is as fast as it is read. The venue is a program on grpc-go: a
 * simulator of ours would be the limit, and batches that are small for want of quotes would be what is measured.
 */
export async function benchGrpc(kafka: TestKafka): Promise<void> {
  console.log(
    `\ngRPC to acked Kafka record: SubscribeQuote over ${SYMBOL_COUNT} symbols, server streaming, grpc-go venue`,
  );
  for (const lingerMs of ["0", "5"]) await measureStream(kafka, lingerMs);
}

async function measureStream(kafka: TestKafka, lingerMs: string): Promise<void> {
  // The first name asks for a flood: test/harness/grpc-peer/stream.go.
  const symbols = Array.from({ length: SYMBOL_COUNT }, (_, i) => (i === 0 ? "FLOOD@X" : `SYM${i}@X`));
  const venue = await GrpcPeerProcess.start();
  const topic = `bench.grpc.${lingerMs}`;
  await createTopics(kafka, topic);
  const settings = { ADDRESS: `127.0.0.1:${venue.port}`, TLS: "off", TOKEN: "bench" };
  const feed = { ...loopbackFeed("finam", { settings, symbols }), LINGER_MS: lingerMs };
  const ours = await startIngester({ brokers: kafka.bootstrap.plain, topic }, feed);
  try {
    const what = `finam, LINGER_MS=${lingerMs}, zstd, acks=all`;
    const row = await measure(what, ours.child.pid, () => ackedQuotes(ours));
    console.log(accountLine(await ours.scrape()));
    console.log(throughputLine(row));
  } finally {
    await ours.child.stop();
    await venue.kill();
  }
}
