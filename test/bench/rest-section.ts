import type { TestKafka } from "../harness/kafka-handle.ts";
import { accountLine, createTopics, measure, startIngester, startVenue } from "./bench-rig.ts";
import { loopbackFeed } from "./loopback-feed.ts";
import { metricSum } from "./process-figures.ts";

const SYMBOL_COUNT = 20;
const POLL_INTERVAL_MS = 100;

/** REST to acked record, and to a sink that takes all: CPU per poll that answers for 20 symbols. */
export async function benchRest(kafka: TestKafka): Promise<void> {
  console.log(
    `\nREST: one poll for ${SYMBOL_COUNT} symbols every ${POLL_INTERVAL_MS} ms; what an idle process costs is in it`,
  );
  for (const sink of ["kafka", "discard"]) await measurePolls(kafka, sink);
}

async function measurePolls(kafka: TestKafka, sink: string): Promise<void> {
  const symbols = Array.from({ length: SYMBOL_COUNT }, (_, i) => `SYM${i}USDT`);
  const venue = await startVenue(["--venue", "binance-rest", "--rate", "1000", "--symbols", symbols.join(",")]);
  const topic = `bench.rest.${sink}`;
  await createTopics(kafka, topic);
  const settings = { POLL_INTERVAL_MS: String(POLL_INTERVAL_MS) };
  const feed = { ...loopbackFeed("binance-rest", venue.facts, settings), SINK: sink };
  const ours = await startIngester({ brokers: kafka.bootstrap.plain, topic }, feed);
  try {
    const polls = async () => metricSum(await ours.scrape(), "ingester_feed_messages_total");
    const row = await measure("binance-rest", ours.child.pid, polls);
    const metrics = await ours.scrape();
    console.log(`${accountLine(metrics)}, quotes ${metricSum(metrics, "market_data_raw_ticks_total")}`);
    const perPollMs = (row.cpuPerQuoteUs / 1000).toFixed(2);
    console.log(
      `  binance-rest, SINK=${sink}: ${perPollMs} ms CPU/poll  ${row.quotesPerSecond.toFixed(1)} polls/s  RSS ${row.residentMb.toFixed(0)} MB`,
    );
  } finally {
    await ours.child.stop();
    await venue.child.stop();
  }
}
