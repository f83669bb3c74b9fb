/*
 * What putting one quote into its record costs: `bun test/bench/encode.bench.ts [json|cloudevents]`. Prints a table; no limit
 * is tested, for times are the machine's. The best round counts, which is the least disturbed one.
 */
import { EnvelopeEncoder } from "../../src/pipeline/envelope.ts";
import { createTemplate, type RecordIdentity } from "../../src/pipeline/instrument-template.ts";
import { RecordBatchBuilder } from "../../src/publish/record-batch.ts";
import { instrumentOf, quoteView } from "../harness/quotes.ts";

const ROUNDS = 40;
const QUOTES_PER_ROUND = 100_000;
const SYMBOLS = 20;
/** Different quotes, so that no branch is learned by heart. */
const VARIANTS = 64;
/** All messages of one read of a socket have one stamp. */
const QUOTES_PER_STAMP = 8;
const RECORDS_PER_BATCH = 500;
const BATCH_BYTES = 1_000_000;
const START_US = 1_700_000_000_123_456;

const formats: readonly RecordIdentity["format"][] = ["json", "cloudevents"];
const named = process.argv[2];
console.table(formats.filter((format) => named === undefined || named === format).map(run));

function run(format: RecordIdentity["format"]): Record<string, string | number> {
  const identity: RecordIdentity = { session: "7f0c2a52-5e0e-4a55-9d39-0d8b6a6a1f7e", ingester: "ldn-edge-1", format };
  const templates = Array.from({ length: SYMBOLS }, (_, n) => createTemplate(instrumentOf(`SYM${n}USDT`, n), identity));
  const quotes = Array.from({ length: VARIANTS }, (_, n) => {
    const { instrument } = templates[n % SYMBOLS];
    const raw = `{"stream":"sym@bookTicker","data":{"u":${400_900_217 + n},"s":"${instrument.symbol}","b":"27${100 + n}.35","B":"1.${2000 + n}","a":"27${101 + n}.36","A":"4.${6100 + n}"}}`;
    return quoteView(instrument, {
      bidPrice: `27${100 + n}.35`,
      bidSize: `1.${2000 + n}`,
      sequence: `${400_900_217 + n}`,
      raw,
    });
  });
  const encoder = new EnvelopeEncoder("on");
  const batch = new RecordBatchBuilder(BATCH_BYTES, 1);
  const batchStart = batch.position;
  batch.hasRoom(BATCH_BYTES - batchStart);
  let bestNs = Number.POSITIVE_INFINITY;
  let timeUs = START_US;
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    bytes = 0;
    const start = process.cpuUsage();
    for (let n = 0; n < QUOTES_PER_ROUND; n++) {
      if (n % RECORDS_PER_BATCH === 0) {
        // Begun again in the same bytes: sealing is another's cost.
        batch.position = batchStart;
        batch.recordCount = 0;
        batch.begin(Math.floor(timeUs / 1000), 0);
      }
      if (n % QUOTES_PER_STAMP === 0) timeUs += 97;
      const quote = quotes[n % VARIANTS];
      quote.receivedTimeUs = timeUs;
      const template = templates[(n % VARIANTS) % SYMBOLS];
      template.instrument.sequence++;
      encoder.encode(quote, template, n + 1, null);
      const before = batch.position;
      encoder.write(template, timeUs, batch);
      bytes += batch.position - before;
    }
    const { user, system } = process.cpuUsage(start);
    bestNs = Math.min(bestNs, ((user + system) * 1000) / QUOTES_PER_ROUND);
  }
  return { format, "bytes per record": Math.round(bytes / QUOTES_PER_ROUND), "CPU ns per quote": Math.round(bestNs) };
}
