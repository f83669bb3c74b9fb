/*
 * What one poll of 20 symbols costs: `bun test/bench/rest-poll.bench.ts`. The venue is a process of its own, so that the CPU
 * counted is ours alone: request, HTTP, inflating, decoding, comparing, giving 20 quotes to a sink. Prints a table; no limit is
 * tested, for times are the machine's. Aim: 2 ms of CPU per poll.
 */
import { join } from "node:path";
import { RestAdapter } from "../../src/adapters/rest/rest-adapter.ts";
import { Instrument } from "../../src/domain/instrument.ts";
import { RequestBudget } from "../../src/runtime/request-budget.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";
import { compileRestVenue } from "../../src/venues/rest/compile-rest-venue.ts";
import { builtInRestProfile } from "../venues/rest/rest-fixtures.ts";
import { firstLine, start } from "./child-process.ts";

const SYMBOLS = 20;
const MEASURE_MS = 4000;
const WARM_UP_MS = 500;

interface Case {
  readonly title: string;
  readonly path: string;
  readonly intervalMs: number;
}

const CASES: readonly Case[] = [
  { title: "as fast as may be", path: "", intervalMs: 1 },
  { title: "100 polls a second", path: "", intervalMs: 10 },
  { title: "100 polls a second, gzip", path: "/gzip", intervalMs: 10 },
  { title: "10 polls a second", path: "", intervalMs: 100 },
];

/** Runs one session for a while and returns its figures. */
async function measure({ title, path, intervalMs }: Case, port: string): Promise<Record<string, string | number>> {
  const clock = new SystemClock();
  const profile = {
    ...builtInRestProfile("binance-rest"),
    budget: { windows: [], costs: [{ weight: 1 }], blockMs: 1 },
  };
  const venue = compileRestVenue(profile, {
    urlOverride: `http://127.0.0.1:${port}${path}`,
    pollIntervalMs: intervalMs,
  });
  const counts = { polls: 0, quotes: 0 };
  const controller = new AbortController();
  const adapter = new RestAdapter({ venue, budget: new RequestBudget(clock), userAgent: "bench" });
  const session = adapter.startSession({
    signal: controller.signal,
    epoch: 1,
    instruments: Array.from(
      { length: SYMBOLS },
      (_, id) => new Instrument({ id, feedIndex: 0, source: "bench", symbol: `SYM${id}USDT` }),
    ),
    quotes: { accept: () => void counts.quotes++ },
    monitor: {
      onOpen() {},
      onFrame() {},
      onData: () => void counts.polls++,
      onReject(reason) {
        throw new Error(`Cannot measure: ${reason}`);
      },
      onSubscription() {},
      onReconnectAsked() {},
      onGap() {},
      onPause() {},
    },
    backpressure: { isPaused: false, onChange: () => () => {} },
    clock,
  });
  await Bun.sleep(WARM_UP_MS);
  const before = { ...counts, cpu: process.cpuUsage() };
  await Bun.sleep(MEASURE_MS);
  const { user, system } = process.cpuUsage(before.cpu);
  const polls = counts.polls - before.polls;
  const quotes = counts.quotes - before.quotes;
  controller.abort();
  await session.ended;
  return {
    case: title,
    polls,
    "CPU us per poll": Math.round((user + system) / polls),
    "CPU us per quote": ((user + system) / quotes).toFixed(1),
    "RSS MB": Math.round(process.memoryUsage().rss / 1e6),
  };
}

const venue = start([process.execPath, join(import.meta.dir, "rest-quotes-program.ts"), String(SYMBOLS)], {}, "stdout");
const port = await firstLine(venue, (line) => /^\d+$/.test(line));
const rows: Record<string, string | number>[] = [];
for (const each of CASES) rows.push(await measure(each, port));
await venue.stop();
console.table(rows);
