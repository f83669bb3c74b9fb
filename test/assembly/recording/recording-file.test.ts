import { describe, expect, test } from "bun:test";
import { mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import {
  fromRecordedBytes,
  RECORDING_FORMAT,
  type RecordedStep,
  type RecordingHeader,
  toRecordedBytes,
} from "../../../src/assembly/recording/recording-format.ts";
import { readRecording, readRecordingHeader } from "../../../src/assembly/recording/recording-reader.ts";
import { RecordingWriter } from "../../../src/assembly/recording/recording-writer.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

const HEADER: RecordingHeader = {
  kind: "header",
  format: RECORDING_FORMAT,
  version: 1,
  program: "0",
  recordedAt: "2026-01-01T00:00:00.000Z",
  feed: "kraken",
  transport: "websocket",
  variables: {},
  files: {},
};

function setUp(bytesMax = 1e9, header: RecordingHeader = HEADER) {
  const path = join(mkdtempSync(join(tmpdir(), "edge-ingester-recording-")), "feed.rec");
  const ends: unknown[] = [];
  const clock = new FakeClock();
  const writer = new RecordingWriter({ path, header, clock, bytesMax, onEnd: (error) => void ends.push(error) });
  return { path, ends, clock, writer };
}

function frame(text: string): RecordedStep {
  return { kind: "frame", decoder: 1, timeUs: 1, text };
}

async function stepsOf(path: string) {
  return await Array.fromAsync(readRecording(path));
}

describe("RecordingWriter and readRecording()", () => {
  test("what is written is read, in order, with lines of any size", async () => {
    const { path, writer } = setUp();
    const steps = [frame("a"), frame("x".repeat(1_000_000)), frame("\n\u2028é"), frame("")];
    for (const step of steps) writer.write(step);
    writer.close(9);
    expect(await stepsOf(path)).toEqual([HEADER, ...steps, { kind: "end", timeUs: 9, frames: 4 }]);
  });

  test("a second later it is on the disk, also without an end", async () => {
    const { path, writer, clock } = setUp();
    writer.write(frame("a"));
    expect(await stepsOf(path)).toEqual([HEADER]);
    await clock.advance(1000);
    expect(await stepsOf(path)).toEqual([HEADER, frame("a")]);
    writer.close(1);
    expect(clock.armedTimers).toBe(0);
  });

  test("ends at its bound, once, and takes nothing more", async () => {
    const { path, writer, ends, clock } = setUp(2000);
    for (let i = 0; i < 100; i++) {
      writer.write(frame(Array.from({ length: 60 }, (_, at) => String((i * 7919 + at * 104_729) % 9973)).join()));
      await clock.advance(1000);
    }
    expect(ends).toEqual([null]);
    expect(statSync(path).size).toBeLessThan(4000);
    writer.close(1);
    expect((await stepsOf(path)).at(-1)).toMatchObject({ kind: "frame" });
  });

  test("refuses a file that is there, and one that is no recording", async () => {
    const { path, writer, clock } = setUp();
    writer.close(1);
    const again = () => new RecordingWriter({ path, header: HEADER, clock, bytesMax: 1, onEnd: () => {} });
    expect(again).toThrow("it is there already");
    const strange = [
      { ...HEADER, format: "other" },
      { ...HEADER, version: 2 },
      { ...HEADER, feed: "../x" },
      { ...HEADER, variables: { A: 1 } },
      frame("no header"),
    ];
    for (const first of strange) {
      writeFileSync(path, Bun.zstdCompressSync(`${JSON.stringify(first)}\n`));
      await expect(readRecordingHeader(path)).rejects.toThrow("Cannot read the recording");
    }
    for (const bytes of ["", "plain text", Bun.zstdCompressSync("[]\n"), Bun.zstdCompressSync("{\n")]) {
      writeFileSync(path, bytes);
      expect(await readRecordingHeader(path).catch((error: Error) => error.message)).toContain("Cannot read");
    }
  });

  test("bytes of any kind come back as they were", () => {
    void fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = JSON.stringify(toRecordedBytes(bytes));
        expect(Buffer.from(fromRecordedBytes(JSON.parse(text))).equals(bytes)).toBe(true);
      }),
    );
    expect(toRecordedBytes(Buffer.from("é"))).toEqual({ text: "é" });
    expect(toRecordedBytes(Buffer.from([0xff]))).toEqual({ base64: "/w==" });
  });
});
