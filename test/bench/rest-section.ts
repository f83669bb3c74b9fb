import type { TestKafka } from "../harness/kafka-handle.ts";
import { accountLine, createTopics, startIngester, startVenue } from "./bench-rig.ts";
import { loopbackFeed } from "./loopback-feed.ts";
import { cpuUs, metricSum, residentMb } from "./process-figures.ts";

const SYMBOL_COUNT = 20;
/** As many polls as Binance's budget allows an address: what an idle process costs is less than what they do. */
const POLL_INTERVAL_MS = 50;
/** One poll, and then none while it is measured. */
const IDLE_INTERVAL_MS = 3_600_000;
/** Compilers are at rest after some hundred polls. */
const POLL_WARM_UP_MS = 40_000;
const IDLE_WARM_UP_MS = 15_000;
const MEASURE_MS = 20_000;

interface Polling {
  readonly sink: string;
  readonly intervalMs: number;
  readonly warmUpMs: number;
}

interface PollingFigures {
  readonly polls: number;
  readonly cpuMs: number;
  readonly seconds: number;
  readonly residentMb: number;
}

/** REST to acked record, and to a sink that takes all: CPU of the whole process per poll that answers for 20 symbols. */
export async function benchRest(kafka: TestKafka): Promise<void> {
  console.log(
    `\nREST: one poll for ${SYMBOL_COUNT} symbols every ${POLL_INTERVAL_MS} ms, each with 20 new quotes, gzip`,
  );
  for (const sink of ["kafka", "discard"]) await measureSink(kafka, sink);
}

async function measureSink(kafka: TestKafka, sink: string): Promise<void> {
  const idle = await measurePolling(kafka, { sink, intervalMs: IDLE_INTERVAL_MS, warmUpMs: IDLE_WARM_UP_MS });
  const idleMs = idle.cpuMs / idle.seconds;
  const { polls, cpuMs, seconds, residentMb } = await measurePolling(kafka, {
    sink,
    intervalMs: POLL_INTERVAL_MS,
    warmUpMs: POLL_WARM_UP_MS,
  });
  const whole = cpuMs / polls;
  const without = (cpuMs - idleMs * seconds) / polls;
  console.log(
    `  binance-rest, SINK=${sink}, without polls: ${idleMs.toFixed(1)} ms CPU/s  RSS ${idle.residentMb.toFixed(0)} MB`,
  );
  console.log(
    `  binance-rest, SINK=${sink}: ${whole.toFixed(2)} ms CPU/poll, ${without.toFixed(2)} of them not without polls  ` +
      `${(polls / seconds).toFixed(1)} polls/s  RSS ${residentMb.toFixed(0)} MB`,
  );
}

async function measurePolling(kafka: TestKafka, { sink, intervalMs, warmUpMs }: Polling): Promise<PollingFigures> {
  const symbols = Array.from({ length: SYMBOL_COUNT }, (_, i) => `SYM${i}USDT`);
  const venue = await startVenue(["--venue", "binance-rest", "--rate", "1000", "--symbols", symbols.join(",")]);
  const topic = `bench.rest.${sink}.${intervalMs}`;
  await createTopics(kafka, topic);
  const settings = { POLL_INTERVAL_MS: String(intervalMs) };
  const feed = { ...loopbackFeed("binance-rest", venue.facts, settings), SINK: sink };
  const ours = await startIngester({ brokers: kafka.bootstrap.plain, topic }, feed);
  try {
    const { pid } = ours.child;
    const polls = async () => metricSum(await ours.scrape(), "ingester_feed_messages_total");
    await Bun.sleep(warmUpMs);
    const before = { polls: await polls(), cpuUs: cpuUs(pid), ms: performance.now() };
    await Bun.sleep(MEASURE_MS);
    // The CPU first: a scrape costs some.
    const after = { cpuUs: cpuUs(pid), ms: performance.now(), polls: await polls() };
    if (intervalMs === POLL_INTERVAL_MS) console.log(accountLine(await ours.scrape()));
    return {
      polls: after.polls - before.polls,
      cpuMs: (after.cpuUs - before.cpuUs) / 1000,
      seconds: (after.ms - before.ms) / 1000,
      residentMb: residentMb(pid),
    };
  } finally {
    await ours.child.stop();
    await venue.child.stop();
  }
}
