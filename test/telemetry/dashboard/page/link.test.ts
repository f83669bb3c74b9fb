import { expect, test } from "bun:test";
import { Link, type LinkSocket, SILENCE_MAX_MS } from "../../../../src/telemetry/dashboard/page/link.ts";
import type { ServerMessage } from "../../../../src/telemetry/dashboard/protocol.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { update } from "../board-fixture.ts";

/** A connection that the test opens, fills and breaks. */
class FakeLinkSocket implements LinkSocket {
  onopen: (() => void) | null = null;
  onmessage: ((text: string) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly sent: string[] = [];
  isClosed = false;
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.isClosed = true;
  }
}

function setUp() {
  const clock = new FakeClock();
  const sockets: FakeLinkSocket[] = [];
  const messages: ServerMessage[] = [];
  const open = () => {
    const socket = new FakeLinkSocket();
    sockets.push(socket);
    return socket;
  };
  const link = new Link({ clock, random: () => 1, open, onMessage: (message) => messages.push(message) });
  link.start();
  return { clock, sockets, messages, link };
}

const TEXT = JSON.stringify(update());

test("Link is up from the first message on, and says how long the last is ago", async () => {
  const { clock, sockets, messages, link } = setUp();
  expect(link.status()).toEqual({ isUp: false, silentMs: null, retryInMs: null });
  sockets[0].onopen?.();
  expect(link.status().isUp).toBe(false);
  sockets[0].onmessage?.(TEXT);
  await clock.advance(1200);
  expect(link.status()).toEqual({ isUp: true, silentMs: 1200, retryInMs: null });
  expect(messages).toHaveLength(1);
});

test("Link comes back by itself, with pauses that double up to a limit and begin anew once it was up", async () => {
  const { clock, sockets, link } = setUp();
  for (const pauseMs of [500, 1000, 2000, 4000, 5000, 5000]) {
    const count = sockets.length;
    sockets[count - 1].onclose?.();
    expect(link.status()).toMatchObject({ isUp: false, retryInMs: pauseMs });
    await clock.advance(pauseMs - 1);
    expect(sockets).toHaveLength(count);
    await clock.advance(1);
    expect(sockets).toHaveLength(count + 1);
  }
  const last = sockets[sockets.length - 1];
  last.onmessage?.(TEXT);
  last.onclose?.();
  expect(link.status()).toMatchObject({ isUp: false, silentMs: 0, retryInMs: 500 });
});

test("Link takes a connection for dead that says nothing, and one that does not come about", async () => {
  const { clock, sockets, link } = setUp();
  await clock.advance(5000);
  expect(sockets[0].isClosed).toBe(true);
  await clock.advance(500);
  sockets[1].onopen?.();
  sockets[1].onmessage?.(TEXT);
  await clock.advance(SILENCE_MAX_MS - 1);
  expect(link.status().isUp).toBe(true);
  await clock.advance(1);
  expect(link.status()).toMatchObject({ isUp: false, silentMs: SILENCE_MAX_MS });
  expect(sockets[1].isClosed).toBe(true);
});

test("Link hears nothing more from a connection it has given up", async () => {
  const { clock, sockets, messages } = setUp();
  const late = sockets[0].onmessage;
  await clock.advance(5000);
  late?.(TEXT);
  expect(messages).toEqual([]);
});

test("hurry() tries at once instead of later, and does nothing while all is well", async () => {
  const { clock, sockets, link } = setUp();
  link.hurry();
  expect(sockets).toHaveLength(1);
  sockets[0].onclose?.();
  link.hurry();
  expect(sockets).toHaveLength(2);
  await clock.advance(1000);
  expect(sockets).toHaveLength(2);
});

test("send() says whether there was anybody to send to", () => {
  const { sockets, link } = setUp();
  expect(link.send({ type: "plot", feed: null })).toBe(false);
  sockets[0].onmessage?.(TEXT);
  expect(link.send({ type: "plot", feed: "okx" })).toBe(true);
  expect(sockets[0].sent).toEqual(['{"type":"plot","feed":"okx"}']);
});
