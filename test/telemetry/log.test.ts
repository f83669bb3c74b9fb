import { expect, test } from "bun:test";
import fc from "fast-check";
import { IngestError } from "../../src/domain/ingest-error.ts";
import { errorFields, type LogLevel } from "../../src/domain/log.ts";
import { CAUSES_MAX, LINES_PER_WINDOW, WINDOW_MS } from "../../src/telemetry/line-limiter.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { createRedactor } from "../../src/telemetry/redactor.ts";
import { TEXT_CHARS_MAX } from "../../src/telemetry/sanitize-text.ts";
import { FakeClock } from "../harness/fake-clock.ts";

/** The fields the tests ask for by name. */
interface LogLine {
  readonly event?: unknown;
  readonly message?: unknown;
  readonly leftOutEvent?: unknown;
  readonly count?: unknown;
  readonly [field: string]: unknown;
}

function setUp(level: LogLevel = "debug", secrets: readonly string[] = []) {
  const clock = new FakeClock();
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line), flush: () => {}, linesLost: 0 };
  const log = createLog({ level, redact: createRedactor(secrets), clock, destination });
  return { clock, log, written, lines: () => written.map((line) => JSON.parse(line) as LogLine) };
}

test("createLog() writes one JSON line with time, level, event and fields", () => {
  const { log, written, lines } = setUp();
  log.info({ source: "binance", attempt: 3, isProbe: false, reason: null }, "feed_live");
  expect(written).toHaveLength(1);
  expect(written[0]?.endsWith("\n")).toBe(true);
  expect(lines()[0]).toEqual({
    level: "info",
    time: "2023-11-14T22:13:20.000Z",
    source: "binance",
    attempt: 3,
    isProbe: false,
    reason: null,
    event: "feed_live",
  });
});

test("createLog() writes nothing below its level, and nothing at all when silent", () => {
  const { log, lines } = setUp("warn");
  log.debug({}, "a");
  log.info({}, "b");
  log.warn({}, "c");
  log.error({}, "d");
  expect(lines().map((line) => line.event)).toEqual(["c", "d"]);
  const silent = setUp("silent");
  silent.log.error({}, "d");
  expect(silent.written).toEqual([]);
});

test("child() adds its fields to every line, and the line's own fields win", () => {
  const { log, lines } = setUp();
  log.child({ source: "okx", connection: 1 }).child({ epoch: 2 }).info({ connection: 4 }, "session_open");
  expect(lines()[0]).toMatchObject({ source: "okx", connection: 4, epoch: 2, event: "session_open" });
});

test("a field cannot take the place of time, level or event", () => {
  const { log, written, lines } = setUp();
  log.info({ level: "x", time: 1, event: "forged" }, "real");
  expect(lines()[0]).toMatchObject({ level: "info", event: "real", level_: "x", time_: 1, event_: "forged" });
  expect(written[0]?.match(/"event":/g)).toHaveLength(1);
});

test("text from a venue cannot forge a line, drive a terminal or flood the log", () => {
  const { log, written, lines } = setUp();
  log.warn({ message: 'no\r\n{"level":"info"}\u001b[31m\u2028\u202e\u0085' }, "venue_error");
  log.warn({ message: "x".repeat(TEXT_CHARS_MAX + 97_952) }, "venue_error");
  const text = written[0] ?? "";
  expect(text.indexOf("\n")).toBe(text.length - 1);
  expect(lines()[0]?.message).toBe('no\ufffd\ufffd{"level":"info"}\ufffd[31m\ufffd\ufffd\ufffd');
  expect((written[1] ?? "").length).toBeLessThan(TEXT_CHARS_MAX + 200);
  expect(lines()[1]?.message).toContain("… (97952 more)");
});

test("a secret is redacted wherever it stands in a field, also in a URL or in quoted JSON", () => {
  const secret = 'p@ss "w\\rd';
  const { log, written } = setUp("debug", [secret, "key", "hunter2-long", "hunter2"]);
  log.error({ message: `refused ${secret} and key`, url: `wss://x/?k=${encodeURIComponent(secret)}` }, "a");
  log.error({ message: `venue said ${JSON.stringify({ p: secret })}, hunter2-long` }, "b");
  const all = written.join("");
  expect(all).not.toContain("w\\\\rd");
  expect(all).not.toContain("p%40ss");
  expect(all).not.toContain("hunter2");
  expect(all).not.toContain("-long");
  // Too short to be looked for: it would mangle every other word.
  expect(all).toContain("and key");
  expect(all.match(/\[redacted\]/g)).toHaveLength(4);
});

test("no line of a key in a file is shown, not even alone", () => {
  const body = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"];
  const pem = `-----BEGIN PRIVATE KEY-----\n${body.join("\n")}\n-----END PRIVATE KEY-----\n`;
  const { log, written } = setUp("debug", [pem]);
  log.error({ message: `bad key: ${pem}`, line: `near ${body[1]}` }, "tls_failed");
  for (const line of body) expect(written.join("")).not.toContain(line);
});

test("any text gives one line that parses back, whatever it holds", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const { log, written } = setUp();
      log.info({ text, source: text, code: text }, "x");
      expect(written).toHaveLength(1);
      expect((written[0] ?? "").indexOf("\n")).toBe((written[0] ?? "").length - 1);
      expect(typeof JSON.parse(written[0] ?? "").text).toBe("string");
    }),
  );
});

test("lines of one cause are limited, other causes are not, and what was left out is told", async () => {
  const { clock, log, lines } = setUp();
  for (let i = 0; i < LINES_PER_WINDOW + 7; i++) log.warn({ source: "okx", code: "no_data", i }, "session_failed");
  log.warn({ source: "kraken", code: "no_data" }, "session_failed");
  expect(lines()).toHaveLength(LINES_PER_WINDOW + 1);
  expect(log.linesLeftOut).toBe(7);
  await clock.advance(WINDOW_MS);
  expect(lines().at(-1)).toMatchObject({
    event: "log_lines_left_out",
    leftOutEvent: "session_failed",
    source: "okx",
    code: "no_data",
    count: 7,
  });
  log.warn({ source: "okx", code: "no_data" }, "session_failed");
  expect(lines().at(-1)).toMatchObject({ event: "session_failed", source: "okx" });
  await clock.advance(10 * WINDOW_MS);
  expect(lines().filter((line) => line.event === "log_lines_left_out")).toHaveLength(1);
  expect(clock.armedTimers).toBe(0);
});

test("a count that is still open at the report is told later", async () => {
  const { clock, log, lines } = setUp();
  for (let i = 0; i <= LINES_PER_WINDOW; i++) log.warn({}, "early");
  await clock.advance(WINDOW_MS - 1000);
  for (let i = 0; i <= LINES_PER_WINDOW; i++) log.warn({}, "late");
  await clock.advance(2 * WINDOW_MS);
  const told = lines().filter((line) => line.event === "log_lines_left_out");
  expect(told.map((line) => [line.leftOutEvent, line.count])).toEqual([
    ["early", 1],
    ["late", 1],
  ]);
});

test("causes beyond the bound share one limit, so memory and lines stay bounded", () => {
  const { log, lines } = setUp();
  for (let i = 0; i < 10_000; i++) log.warn({ source: `forged-${i}` }, "x");
  expect(lines().length).toBeLessThanOrEqual(CAUSES_MAX + LINES_PER_WINDOW);
  expect(log.linesLeftOut).toBe(10_000 - lines().length);
});

test("close() tells what was left out and leaves no timer", () => {
  const { clock, log, lines } = setUp();
  for (let i = 0; i <= LINES_PER_WINDOW; i++) log.warn({}, "x");
  expect(clock.armedTimers).toBe(1);
  log.close();
  expect(clock.armedTimers).toBe(0);
  expect(lines().at(-1)).toMatchObject({ event: "log_lines_left_out", count: 1 });
});

test("errorFields() gives code, message, context and the causes of an IngestError", () => {
  const cause = new Error("ECONNREFUSED", { cause: new Error("no route") });
  const context = { port: 9092 };
  const error = new IngestError("Cannot connect", { code: "connect_refused", retry: "backoff", cause, context });
  expect(errorFields(error)).toEqual({
    port: 9092,
    code: "connect_refused",
    message: "Cannot connect",
    cause: "ECONNREFUSED: no route",
  });
  expect(errorFields(new TypeError("x is not a function"))).toEqual({ code: "bug", message: "x is not a function" });
  expect(errorFields("text")).toEqual({ code: "bug", message: "text" });
});

test("errorFields() ends on causes that go round in a circle", () => {
  const error = new Error("a");
  error.cause = error;
  expect(errorFields(error)).toMatchObject({ cause: "a: a: a: a" });
});

test("the log goes to standard error and never to standard output", async () => {
  const program = `
    import { createLog } from "${import.meta.dir}/../../src/telemetry/log.ts";
    import { SystemClock } from "${import.meta.dir}/../../src/runtime/system-clock.ts";
    const log = createLog({ level: "info", redact: (text) => text, clock: new SystemClock() });
    log.error({ n: 1 }, "last_words");
    process.exit(3);`;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(await child.exited).toBe(3);
  expect(out).toBe("");
  expect(JSON.parse(err)).toMatchObject({ level: "error", event: "last_words", n: 1 });
});
