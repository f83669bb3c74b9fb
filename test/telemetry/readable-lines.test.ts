import { expect, test } from "bun:test";
import { createLog } from "../../src/telemetry/log.ts";
import { FakeClock } from "../harness/fake-clock.ts";

function linesOf(write: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line), flush: () => {}, linesLost: 0 };
  const redact = (text: string) => text.replaceAll("hunter2", "[redacted]");
  const log = createLog({ level: "info", format: "text", redact, clock: new FakeClock(), destination });
  write(log);
  log.close();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is taken out
  return lines.map((line) => line.replaceAll(/\u001b\[[\d;]*m/g, ""));
}

test("a line for people has the time of day, level, event and the fields that say something", () => {
  const [line] = linesOf((log) =>
    log.warn({ source: "kraken", attempt: 2, retryInMs: 0, code: "", message: 'Cannot "read"' }, "feed_state"),
  );
  expect(line).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} warn {2}feed_state {13}source=kraken attempt=2 message="Cannot \\"read\\""\n$/,
  );
});

test("secrets and control characters are as far from it as from the JSON", () => {
  const [line] = linesOf((log) => log.info({ message: "hunter2\u001b[2J\nforged" }, "venue_said"));
  expect(line).toContain("[redacted]");
  expect(line).not.toContain("hunter2");
  for (const harmful of ["\n", "\u001b"]) expect(line?.slice(0, -1)).not.toContain(harmful);
});
