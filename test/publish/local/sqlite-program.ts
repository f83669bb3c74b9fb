import { IngestError } from "../../../src/domain/ingest-error.ts";
import { SqliteTransport } from "../../../src/publish/local/sqlite-transport.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { sealQuotes } from "./sealed-batches.ts";

// Started by sqlite-transport.test.ts as another process. Arguments: file, and `hold` (open the file, wait to be killed
// while writing) or `try` (open it and report what came of it).

const [path = "", mode = ""] = Bun.argv.slice(2);
const clock = new SystemClock();
const sink = new SqliteTransport({ path, maxBytes: 64 * 1024 * 1024, maxAgeMs: 86_400_000, clock });
try {
  await sink.start([], new AbortController().signal);
  console.log("opened");
} catch (error) {
  if (!(error instanceof IngestError)) throw error;
  console.log(`${error.code} ${error.retry} ${error.message}`);
  process.exit(0);
}
for (let i = 0; mode === "hold"; i++) {
  const result = await sink.send("quotes", 0, sealQuotes(i * 50, 50, 100, Date.now()));
  if (result.outcome === "acked") console.log(`acked ${(i + 1) * 50}`);
  await new Promise((resolve) => setImmediate(resolve));
}
await sink.stop();
