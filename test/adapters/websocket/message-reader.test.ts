import { describe, expect, test } from "bun:test";
import type WebSocket from "ws";
import type { SessionMonitor } from "../../../src/adapters/adapter.ts";
import { MessageReader } from "../../../src/adapters/websocket/message-reader.ts";
import { TurnQueue } from "../../../src/runtime/turn-queue.ts";
import { FrameKind } from "../../../src/venues/compiled-venue.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

const MONITOR: SessionMonitor = {
  onOpen() {},
  onFrame() {},
  onData() {},
  onReject() {},
  onSubscription() {},
  onReconnectAsked() {},
  onGap() {},
  onPause() {},
};

function setUp() {
  const clock = new FakeClock();
  const decoded: { text: string; timeUs: number }[] = [];
  const socket = { readyState: 1, isPaused: false, pause: () => set(true), resume: () => set(false) };
  const set = (isPaused: boolean) => {
    socket.isPaused = isPaused;
  };
  const thrown: unknown[] = [];
  const reader: MessageReader = new MessageReader({
    socket: socket as unknown as WebSocket,
    decoder: {
      rejectReason: "",
      decode: (frame, timeUs) => {
        const text = Buffer.from(frame).toString();
        if (text === "bomb") throw new Error("a bug");
        decoded.push({ text, timeUs });
        return FrameKind.quote;
      },
    },
    monitor: MONITOR,
    clock,
    turns: new TurnQueue(clock),
    maxMessageBytes: 1000,
    onControl() {},
    onTooLarge() {},
    onThrown: (error) => {
      thrown.push(error);
      reader.stop();
    },
  });
  const read = (from: number, to: number) => {
    for (let i = from; i < to; i++) reader.read(Buffer.from(String(i)));
  };
  return { clock, decoded, socket, reader, read, thrown };
}

const numbers = (to: number): string[] => Array.from({ length: to }, (_, i) => String(i));

describe("MessageReader", () => {
  test("decodes a slice at once and the rest turn by turn, in order, stamped when each was in hand", async () => {
    const { clock, decoded, socket, read } = setUp();
    read(0, 1300);
    expect(decoded).toHaveLength(512);
    expect(socket.isPaused).toBe(true);
    const inHandUs = clock.wallUs();
    clock.stepWall(1000);
    await clock.advance(0);
    expect(decoded.map(({ text }) => text)).toEqual(numbers(1300));
    expect(new Set(decoded.map(({ timeUs }) => timeUs))).toEqual(new Set([inHandUs]));
    expect(socket.isPaused).toBe(false);
    expect(clock.armedTimers).toBe(0);
  });

  test("while held nothing is decoded; afterwards everything is, in order", async () => {
    const { clock, decoded, socket, reader, read } = setUp();
    read(0, 10);
    reader.hold(true);
    read(10, 2000);
    await clock.advance(10);
    expect(decoded).toHaveLength(10);
    reader.hold(false);
    await clock.advance(0);
    expect(decoded.map(({ text }) => text)).toEqual(numbers(2000));
    expect(socket.isPaused).toBe(false);
  });

  test("keeps the order also when more waits than there is room for", async () => {
    const { clock, decoded, reader, read } = setUp();
    reader.hold(true);
    read(0, 20_000);
    reader.hold(false);
    await clock.advance(0);
    expect(decoded.map(({ text }) => text)).toEqual(numbers(20_000));
  });

  test("stop() decodes what was in hand, throws away what comes later, and leaves no timer", () => {
    const { clock, decoded, socket, reader, read } = setUp();
    read(0, 1000);
    reader.stop();
    read(1000, 1010);
    expect(decoded.map(({ text }) => text)).toEqual(numbers(1000));
    expect(socket.isPaused).toBe(false);
    expect(clock.armedTimers).toBe(0);
  });

  test("a decoder that throws on a waiting message ends the session once, and no message is decoded twice", async () => {
    const { clock, decoded, reader, read, thrown } = setUp();
    read(0, 600);
    reader.read(Buffer.from("bomb"));
    read(600, 700);
    await clock.advance(0);
    expect(thrown).toHaveLength(1);
    expect(decoded.map(({ text }) => text)).toEqual(numbers(700));
    expect(clock.armedTimers).toBe(0);
  });
});
