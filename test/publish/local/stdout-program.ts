import { StdoutTransport } from "../../../src/publish/local/stdout-transport.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { sealQuotes, sealValues } from "./sealed-batches.ts";

// Started by stdout-transport.test.ts: writes batches to its standard output and reports on standard error.
// Arguments: number of batches, quotes per batch.

const [batches = 1, perBatch = 1] = Bun.argv.slice(2).map(Number);
const gone: string[] = [];
const sink = new StdoutTransport({
  quotesTopic: "quotes",
  clock: new SystemClock(),
  onReaderGone: (error) => gone.push(error.code),
});
let beats = 0;
setInterval(() => beats++, 10);
const outcomes = new Map<string, number>();
const startMs = performance.now();
for (let i = 0; i < batches && gone.length === 0; i++) {
  await sink.send("events", 0, sealValues(['{"event":"must not be seen"}']));
  const result = await sink.send("quotes", 0, sealQuotes(i * perBatch, perBatch));
  const name = result.outcome === "retry" ? result.code : result.outcome;
  outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
}
const cpu = process.cpuUsage();
const report = {
  outcomes: Object.fromEntries(outcomes),
  gone,
  beats,
  elapsedMs: performance.now() - startMs,
  cpuMs: (cpu.user + cpu.system) / 1000,
  trouble: sink.trouble,
};
await Bun.write(Bun.stderr, JSON.stringify(report));
await sink.stop(100);
process.exit(0);
