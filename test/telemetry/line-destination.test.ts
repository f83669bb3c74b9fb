import { expect, test } from "bun:test";
import { LineDestination, WAITING_BYTES_MAX, type WriteBytes } from "../../src/telemetry/line-destination.ts";

function fail(code: string): never {
  throw Object.assign(new Error(code), { code });
}

/** A descriptor that takes at most `chunk` bytes a call, and nothing while `isFull`. */
function fakeDescriptor(chunk: number) {
  const state = { text: "", isFull: false, error: "" };
  const write: WriteBytes = (_fd, bytes, offset, length) => {
    if (state.error !== "") fail(state.error);
    if (state.isFull) fail("EAGAIN");
    const taken = Math.min(chunk, length);
    state.text += Buffer.from(bytes.subarray(offset, offset + taken)).toString("latin1");
    return taken;
  };
  return { state, write };
}

test("write() goes on after partial writes", () => {
  const { state, write } = fakeDescriptor(3);
  const destination = new LineDestination(2, write);
  destination.write("hello world\n");
  expect(state.text).toBe("hello world\n");
  expect(destination.linesLost).toBe(0);
});

test("write() keeps lines while the pipe is full, in order, and loses whole lines beyond the bound", () => {
  const { state, write } = fakeDescriptor(1000);
  const destination = new LineDestination(2, write);
  state.isFull = true;
  const line = `${"x".repeat(1023)}\n`;
  const kept = WAITING_BYTES_MAX / line.length;
  for (let i = 0; i < kept + 5; i++) destination.write(line);
  expect(destination.linesLost).toBe(5);
  state.isFull = false;
  destination.write("end\n");
  expect(state.text).toBe(`${line.repeat(kept)}end\n`);
});

test("write() never throws when the reader is gone, and counts what nobody reads", () => {
  const { state, write } = fakeDescriptor(1000);
  const destination = new LineDestination(2, write);
  state.isFull = true;
  destination.write("a\n");
  state.error = "EPIPE";
  destination.write("b\n");
  destination.write("c\n");
  destination.flush();
  expect(destination.linesLost).toBe(3);
});
