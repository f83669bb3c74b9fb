// `bun test/bench/dashboard.bench.ts [pairs]`: what five viewers of the dashboard cost the ingester at 20,000 quotes a second.
// One ingester, one venue; spans without and with viewers take turns, so that what else the machine does meets both alike.
// The figure to trust is the mean of the differences, with its standard error.
import { Instrument } from "../../src/domain/instrument.ts";
import { type QuoteSink, QuoteView } from "../../src/domain/quote.ts";
import { QuoteWatch } from "../../src/telemetry/dashboard/quote-watch.ts";
import { BINARY } from "../e2e/binary.ts";
import { startVenue } from "./bench-rig.ts";
import { firstLine, start } from "./child-process.ts";
import { loopbackFeed } from "./loopback-feed.ts";
import { cpuUs, metricSum } from "./process-figures.ts";

const RATE = 20_000;
const VIEWERS = 5;
const SPAN_MS = 5000;
const SETTLE_MS = 1000;
const PAIRS = Number(process.argv[2] ?? 8);
const CALLS = 5_000_000;

/** One span: CPU as a share of a core, and quotes. */
interface Span {
  readonly share: number;
  readonly quotes: number;
}

async function measure(pid: number, url: string): Promise<Span> {
  const quotes = async () => metricSum(await (await fetch(`${url}/metrics`)).text(), "market_data_raw_ticks_total");
  await Bun.sleep(SETTLE_MS);
  const before = { quotes: await quotes(), cpuUs: cpuUs(pid), ms: performance.now() };
  await Bun.sleep(SPAN_MS);
  const after = { cpuUs: cpuUs(pid), ms: performance.now(), quotes: await quotes() };
  const ms = after.ms - before.ms;
  return { share: (after.cpuUs - before.cpuUs) / 1000 / ms, quotes: ((after.quotes - before.quotes) / ms) * 1000 };
}

let bytes = 0;
function look(url: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/live`);
  socket.onmessage = ({ data }) => {
    bytes += String(data).length;
  };
  return new Promise((resolve) => {
    socket.onopen = () => resolve(socket);
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function standardError(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1) / values.length);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

/** What the watch adds to one quote, ns: a pipeline that only counts stands behind it. */
function benchTap(): void {
  const instrument = new Instrument({ id: 0, feedIndex: 0, source: "binance", symbol: "BTCUSDT" });
  const pipeline: QuoteSink = {
    accept: (view) => {
      if (view.instrument !== null) view.instrument.sequence++;
    },
  };
  const quote = new QuoteView();
  quote.instrument = instrument;
  quote.fields = Buffer.from("64123.45000000 12.34567800 64123.46000000 9.87654321");
  [quote.bidPriceStart, quote.bidPriceEnd, quote.bidSizeStart, quote.bidSizeEnd] = [0, 14, 15, 26];
  [quote.askPriceStart, quote.askPriceEnd, quote.askSizeStart, quote.askSizeEnd] = [27, 41, 42, 52];
  const watch = new QuoteWatch(pipeline);
  const time = (sink: QuoteSink) => {
    const from = performance.now();
    for (let i = 0; i < CALLS; i++) sink.accept(quote);
    return ((performance.now() - from) / CALLS) * 1e6;
  };
  time(pipeline);
  time(watch);
  const direct = time(pipeline);
  const closed = time(watch);
  watch.open();
  time(watch);
  console.log(
    `the watch on quotes, ns per quote: unwatched ${(closed - direct).toFixed(1)}, watched ${(time(watch) - direct).toFixed(1)}`,
  );
}

benchTap();
const { child: venue, facts } = await startVenue([
  "--venue",
  "binance",
  "--rate",
  String(RATE),
  "--symbols",
  symbols(20),
]);
const env = { SINK: "discard", ADMIN_PORT: "0", LOG_LEVEL: "info", ...loopbackFeed("binance", facts) };
const child = start([BINARY, "run"], env, "stderr");
const { url } = JSON.parse(await firstLine(child, (text) => text.includes("admin_server_started"))) as { url: string };
await Bun.sleep(4000);
const differences: number[] = [];
const spans: { alone: Span; watched: Span }[] = [];
let watchedMs = 0;
for (let pair = 0; pair < PAIRS; pair++) {
  const alone = await measure(child.pid, url);
  const sockets = await Promise.all(Array.from({ length: VIEWERS }, () => look(url)));
  const from = performance.now();
  const watched = await measure(child.pid, url);
  watchedMs += performance.now() - from;
  for (const socket of sockets) socket.close();
  spans.push({ alone, watched });
  differences.push(watched.share - alone.share);
  console.log(
    `pair ${pair + 1}: alone ${percent(alone.share)} at ${Math.round(alone.quotes)}/s, watched ${percent(watched.share)} at ${Math.round(watched.quotes)}/s`,
  );
}
console.log(
  `alone ${percent(mean(spans.map(({ alone }) => alone.share)))} of a core, with ${VIEWERS} viewers ${percent(mean(spans.map(({ watched }) => watched.share)))}`,
);
console.log(
  `cost ${percent(mean(differences))} ± ${percent(standardError(differences))} of a core; ${Math.round(bytes / VIEWERS / watchedMs)} kB/s to each viewer`,
);
await child.stop();
await venue.stop();
process.exit(0);

function symbols(count: number): string {
  return Array.from({ length: count }, (_, i) => `SYM${i}USDT`).join(",");
}
