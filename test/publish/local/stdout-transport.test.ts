import { afterEach, expect, test } from "bun:test";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { IngestError } from "../../../src/domain/ingest-error.ts";
import {
  ATTEMPT_MAX_MS,
  StdoutTransport,
  type StdoutTransportOptions,
  type WriteAsync,
} from "../../../src/publish/local/stdout-transport.ts";
import { FakeClock, settle } from "../../harness/fake-clock.ts";
import { sealQuotes, sealValues } from "./sealed-batches.ts";

const PROGRAM = join(import.meta.dir, "stdout-program.ts");
const folders: string[] = [];

interface Report {
  readonly outcomes: Record<string, number>;
  readonly gone: readonly string[];
  readonly beats: number;
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly trouble: string;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A sink on a descriptor of our own making: `answers` are given one a write, then everything is taken. */
function setUp(answers: (string | number)[] = [], options: Partial<StdoutTransportOptions> = {}) {
  const clock = new FakeClock();
  const written: Buffer[] = [];
  const gone: IngestError[] = [];
  const writeAsync: WriteAsync = async (_fd, bytes, offset) => {
    const answer = answers.shift() ?? Number.MAX_SAFE_INTEGER;
    if (typeof answer === "string") return { written: 0, errorCode: answer };
    const end = Math.min(bytes.length, offset + answer);
    written.push(Buffer.from(bytes.subarray(offset, end)));
    return { written: end - offset, errorCode: "" };
  };
  const onReaderGone = (error: IngestError) => void gone.push(error);
  const sink = new StdoutTransport({ quotesTopic: "quotes", clock, onReaderGone, writeAsync, ...options });
  return { clock, sink, gone, text: () => Buffer.concat(written).toString() };
}

test("send() writes the value of each quote, one a line, and nothing of the other topics", async () => {
  const { sink, text } = setUp();
  expect(await sink.send("quotes", 0, sealValues(['{"a":1}', '{"b":"ü"}']))).toEqual({ outcome: "acked" });
  expect(await sink.send("events", 0, sealValues(['{"event":1}']))).toEqual({ outcome: "acked" });
  expect(text()).toBe('{"a":1}\n{"b":"ü"}\n');
});

test("send() keeps a value with line ends on one line", async () => {
  const { sink, text } = setUp();
  await sink.send("quotes", 0, sealValues(['{\r\n  "a": 1\n}', "{}"]));
  expect(text()).toBe('{    "a": 1 }\n{}\n');
});

test("send() goes on after partial writes and a full pipe, whatever their order", async () => {
  const answer = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom("EAGAIN", "EINTR", "ENOSPC"));
  await fc.assert(
    fc.asyncProperty(fc.array(answer, { maxLength: 30 }), async (answers) => {
      const { clock, sink, text } = setUp([...answers]);
      let result: unknown;
      void sink.send("quotes", 0, sealValues(["first", "second"])).then((settled) => {
        result = settled;
      });
      for (let i = 0; i < 40 && result === undefined; i++) await clock.advance(1000);
      // ENOSPC waits may outlast one attempt: the lane sends the same batch again; here what counts is that no byte is lost.
      expect(text()).toBe("first\nsecond\n");
      expect(["acked", "retry"]).toContain((result as { outcome: string }).outcome);
    }),
    { numRuns: 60 },
  );
});

test("a batch whose attempt ran out goes on where it stood and is not written twice", async () => {
  const { clock, sink, text } = setUp([3, ...Array<string>(2500).fill("EAGAIN")]);
  const batch = sealValues(["0123456789"]);
  const first = sink.send("quotes", 0, batch);
  await clock.advance(ATTEMPT_MAX_MS);
  expect(await first).toMatchObject({ outcome: "retry", code: "reader_slow" });
  expect(sink.trouble).toContain("has not taken a batch for 10 s");
  const second = sink.send("quotes", 0, batch);
  await clock.advance(ATTEMPT_MAX_MS);
  expect(await second).toEqual({ outcome: "acked" });
  expect(text()).toBe("0123456789\n");
  expect(sink.trouble).toBe("");
  expect(clock.armedTimers).toBe(0);
});

test("another batch waits until the one that was begun is out, so no line is torn", async () => {
  const { clock, sink, text } = setUp([3, ...Array<string>(2100).fill("EAGAIN")]);
  const first = sink.send("quotes", 0, sealValues(["0123456789"]));
  await clock.advance(ATTEMPT_MAX_MS);
  expect((await first).outcome).toBe("retry");
  const other = sink.send("quotes", 0, sealValues(["other"]));
  await clock.advance(ATTEMPT_MAX_MS);
  expect((await other).outcome).toBe("acked");
  expect(text()).toBe("0123456789\nother\n");
});

test("when the reader is gone send() answers at once, tells the trouble and calls back once", async () => {
  const { clock, sink, gone } = setUp(["EPIPE"]);
  const result = await sink.send("quotes", 0, sealValues(["a"]));
  expect(result).toMatchObject({ outcome: "retry", code: "reader_gone" });
  expect(await sink.send("quotes", 0, sealValues(["b"]))).toMatchObject({ outcome: "retry", code: "reader_gone" });
  expect(gone.map((error) => [error.code, error.retry, error.message])).toEqual([
    ["sink_failed", "never", "Cannot write to standard output: its reader is gone (EPIPE)"],
  ]);
  expect(sink.trouble).toContain("is gone");
  expect(clock.armedTimers).toBe(0);
});

test("stop() ends a wait and leaves no timer; a later send() is refused", async () => {
  const { clock, sink } = setUp(Array<string>(100_000).fill("EAGAIN"));
  const sending = sink.send("quotes", 0, sealValues(["a"]));
  await clock.advance(100);
  const stopping = sink.stop(50);
  await clock.advance(50);
  await stopping;
  await settle();
  expect(await sending).toMatchObject({ outcome: "retry", code: "stopped" });
  expect(await sink.send("quotes", 0, sealValues(["b"]))).toMatchObject({ code: "stopped" });
  expect(clock.armedTimers).toBe(0);
});

test("a batch that is no batch is rejected", async () => {
  const { sink } = setUp();
  const batch = { ...sealValues(["a"]), bytes: Buffer.alloc(100) };
  expect(await sink.send("quotes", 0, batch)).toMatchObject({ outcome: "rejected" });
});

test("a disk behind standard output that is full is trouble that may pass", async () => {
  const fd = openSync("/dev/full", constants.O_WRONLY);
  try {
    const clock = new FakeClock();
    const sink = new StdoutTransport({ quotesTopic: "quotes", clock, fd, onReaderGone: () => {} });
    const sending = sink.send("quotes", 0, sealValues(["a"]));
    while (sink.trouble === "") await new Promise((resolve) => setImmediate(resolve));
    expect(sink.trouble).toContain("ENOSPC");
    await clock.advance(ATTEMPT_MAX_MS);
    expect(await sending).toMatchObject({ outcome: "retry" });
    const stopping = sink.stop(0);
    await clock.advance(0);
    await stopping;
  } finally {
    closeSync(fd);
  }
});

test("a slow reader on a real pipe gets every line, and no timer of the program is late", async () => {
  const child = Bun.spawn(["sh", "-c", `"${process.execPath}" "${PROGRAM}" 8 1000 | (sleep 0.5; cat)`], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const report = JSON.parse(err) as Report;
  const numbers = out.trimEnd().split("\n");
  expect(numbers.map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 8000 }, (_, i) => i));
  expect(report.outcomes).toEqual({ acked: 8 });
  // The reader slept for half a second; a loop that was blocked by it would have had no beats of 10 ms.
  expect(report.elapsedMs).toBeGreaterThan(200);
  expect(report.beats).toBeGreaterThan(report.elapsedMs / 40);
});

test("a reader that closes a real pipe is noticed, and the program lives on", async () => {
  const child = Bun.spawn(["sh", "-c", `"${process.execPath}" "${PROGRAM}" 100000 100 | head -n 1`], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(JSON.parse(out).n).toBe(0);
  const report = JSON.parse(err) as Report;
  expect(report.gone).toEqual(["sink_failed"]);
  expect(report.trouble).toContain("EPIPE");
  expect(report.outcomes).toMatchObject({ reader_gone: 1 });
});

test("a real pipe that does not block is filled without a busy loop", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stdout-"));
  folders.push(folder);
  const path = join(folder, "pipe");
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const clock = new FakeClock();
  const sink = new StdoutTransport({ quotesTopic: "quotes", clock, fd, onReaderGone: () => {} });
  const sending = sink.send("quotes", 0, sealQuotes(0, 400));
  let result = "";
  void sending.then((settled) => {
    result = settled.outcome;
  });
  // Full after 64 KiB: it waits for a timer, which the fake clock holds back, so nothing spins.
  while (clock.armedTimers < 2) await new Promise((resolve) => setImmediate(resolve));
  const chunks: Buffer[] = [];
  const chunk = Buffer.alloc(65_536);
  while (result === "") {
    chunks.push(...readAvailable(reader, chunk));
    await clock.advance(5);
    await new Promise((resolve) => setImmediate(resolve));
  }
  chunks.push(...readAvailable(reader, chunk));
  closeSync(reader);
  closeSync(fd);
  expect(result).toBe("acked");
  const lines = Buffer.concat(chunks).toString().trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 400 }, (_, i) => i));
});

function readAvailable(fd: number, chunk: Buffer): Buffer[] {
  try {
    const count = readSync(fd, chunk);
    return [Buffer.from(chunk.subarray(0, count))];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    return [];
  }
}
