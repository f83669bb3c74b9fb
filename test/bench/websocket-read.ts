// Measures what one message costs in the WebSocket adapter alone, and how late timers are under a flood.
// Run: bun test/bench/websocket-read.ts [seconds]
import { WebSocketAdapter } from "../../src/adapters/websocket/websocket-adapter.ts";
import { Instrument } from "../../src/domain/instrument.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";
import { TurnQueue } from "../../src/runtime/turn-queue.ts";
import { type CompiledVenue, FrameKind } from "../../src/venues/compiled-venue.ts";
import { FakeVenueServer } from "../harness/fake-venue-server.ts";
import { ManualPressure, RecordingMonitor, RecordingQuotes } from "../harness/recorders.ts";
import { createTextVenue } from "../harness/text-venue.ts";

/** One Binance bookTicker message. */
const MESSAGE =
  '{"stream":"btcusdt@bookTicker","data":{"u":400900217,"s":"BTCUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}}';
/** Time given to connect and to warm up, ms. */
const WARM_UP_MS = 700;
/** Interval of the timer whose lateness is measured, ms. */
const PROBE_MS = 5;

/** What stands behind the adapter: nothing, or about the work of decoding and writing one quote. */
interface Scenario {
  readonly name: string;
  readonly sockets: number;
  readonly workLoops: number;
}

const SCENARIOS: readonly Scenario[] = [
  { name: "adapter alone, 1 socket", sockets: 1, workLoops: 0 },
  { name: "with ~2 µs of work a message, 1 socket", sockets: 1, workLoops: 500 },
  { name: "with ~2 µs of work a message, 4 sockets", sockets: 4, workLoops: 500 },
  { name: "with ~2 µs of work a message, 16 sockets", sockets: 16, workLoops: 500 },
];

if (process.argv[2] === "serve") serve();
else await measureAll(Number(process.argv[2] ?? 3) * 1000);

/** The venue runs in a process of its own: only the reader's CPU is counted. */
function serve(): void {
  const server = new FakeVenueServer();
  server.onConnection = (connection) => connection.flood(MESSAGE);
  console.log(server.url);
}

async function measureAll(runMs: number): Promise<void> {
  const child = Bun.spawn([process.execPath, import.meta.path, "serve"], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  const url = new TextDecoder().decode(value).trim();
  for (const scenario of SCENARIOS) console.log(`${scenario.name}: ${await measure(scenario, url, runMs)}`);
  child.kill();
  await child.exited;
}

async function measure(scenario: Scenario, url: string, runMs: number): Promise<string> {
  const controller = new AbortController();
  const clock = new SystemClock();
  const monitor = new RecordingMonitor();
  const adapter = new WebSocketAdapter({
    venue: createWorkingVenue(scenario.workLoops),
    url,
    turns: new TurnQueue(clock),
  });
  const sessions = Array.from({ length: scenario.sockets }, (_, id) =>
    adapter.startSession({
      signal: controller.signal,
      epoch: 1,
      instruments: [new Instrument({ id, feedIndex: 0, source: "bench", symbol: "A" })],
      quotes: new RecordingQuotes(),
      monitor,
      backpressure: new ManualPressure(),
      clock,
    }),
  );
  await Bun.sleep(WARM_UP_MS);
  const before = { frames: monitor.frames, cpu: process.cpuUsage(), ms: performance.now() };
  const driftsMs = await probeTimers(runMs);
  const cpu = process.cpuUsage(before.cpu);
  const frames = monitor.frames - before.frames;
  const elapsedMs = performance.now() - before.ms;
  controller.abort();
  await Promise.all(sessions.map((session) => session.ended));
  const at = (share: number) => driftsMs[Math.min(driftsMs.length - 1, Math.floor(driftsMs.length * share))].toFixed(1);
  const cpuUs = ((cpu.user + cpu.system) / frames).toFixed(3);
  return `${Math.round(frames / elapsedMs)} k messages/s, ${cpuUs} µs CPU each, timer late p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms`;
}

/** How late a timer of {@link PROBE_MS} was each time, ms, ascending. */
async function probeTimers(runMs: number): Promise<number[]> {
  const driftsMs: number[] = [];
  const endMs = performance.now() + runMs;
  while (performance.now() < endMs) {
    const dueMs = performance.now() + PROBE_MS;
    await Bun.sleep(PROBE_MS);
    driftsMs.push(performance.now() - dueMs);
  }
  return driftsMs.sort((a, b) => a - b);
}

function createWorkingVenue(workLoops: number): CompiledVenue {
  let sum = 0;
  return {
    ...createTextVenue({ ackTimeoutMs: 0 }),
    createDecoder: () => ({
      rejectReason: "",
      decode(frame) {
        for (let i = 0; i < workLoops; i++) sum += frame[i % 100];
        return sum < 0 ? FrameKind.rejected : FrameKind.quote;
      },
    }),
  };
}
