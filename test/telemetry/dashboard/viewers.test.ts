import { expect, test } from "bun:test";
import { QUEUE_BYTES_MAX, type ViewerSocket, Viewers } from "../../../src/telemetry/dashboard/viewers.ts";

/** A viewer whose socket the test fills and empties. */
class FakeSocket implements ViewerSocket {
  readonly sent: string[] = [];
  readonly closed: number[] = [];
  buffered = 0;
  isTaking = true;
  send(text: string): number {
    if (!this.isTaking) return 0;
    this.sent.push(text);
    return text.length;
  }
  getBufferedAmount(): number {
    return this.buffered;
  }
  close(code: number): void {
    this.closed.push(code);
  }
}

function setUp(count: number) {
  const viewers = new Viewers();
  const sockets = Array.from({ length: count }, () => new FakeSocket());
  for (const socket of sockets) viewers.add(socket);
  const made: string[] = [];
  const make = (text: string) => () => {
    made.push(text);
    return text;
  };
  return { viewers, sockets, made, frames: { full: make("full"), update: make("update") } };
}

test("send() gives a new viewer everything and then what changes, each text made once for all", () => {
  const { viewers, sockets, made, frames } = setUp(3);
  viewers.send(frames);
  viewers.send(frames);
  for (const socket of sockets) expect(socket.sent).toEqual(["full", "update"]);
  expect(made).toEqual(["full", "update"]);
});

test("send() skips a viewer that does not read, counts it, and gives it everything when it reads again", () => {
  const { viewers, sockets, frames } = setUp(2);
  viewers.send(frames);
  sockets[0].buffered = QUEUE_BYTES_MAX + 1;
  for (let i = 0; i < 10; i++) viewers.send(frames);
  expect(sockets[0].sent).toEqual(["full"]);
  expect(sockets[1].sent).toHaveLength(11);
  expect(viewers.skippedUpdates).toBe(10);
  sockets[0].buffered = 0;
  viewers.send(frames);
  expect(sockets[0].sent).toEqual(["full", "full"]);
});

test("send() sends everything again when the socket dropped what it was given", () => {
  const { viewers, sockets, frames } = setUp(1);
  viewers.send(frames);
  sockets[0].isTaking = false;
  viewers.send(frames);
  sockets[0].isTaking = true;
  viewers.send(frames);
  expect(sockets[0].sent).toEqual(["full", "full"]);
  expect(viewers.skippedUpdates).toBe(1);
});

test("a viewer that reads nothing for a minute is sent away", () => {
  const { viewers, sockets, frames } = setUp(1);
  sockets[0].buffered = QUEUE_BYTES_MAX + 1;
  for (let i = 0; i < 239; i++) viewers.send(frames);
  expect(viewers.size).toBe(1);
  viewers.send(frames);
  expect(viewers.size).toBe(0);
  expect(sockets[0].closed).toEqual([1013]);
});

test("mayAsk() sends away who asks too often between two updates, and nobody else", () => {
  const { viewers, sockets, frames } = setUp(1);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 8; i++) expect(viewers.mayAsk(sockets[0])).toBe(true);
    viewers.send(frames);
  }
  for (let i = 0; i < 8; i++) viewers.mayAsk(sockets[0]);
  expect(viewers.mayAsk(sockets[0])).toBe(false);
  expect(sockets[0].closed).toEqual([1008]);
});

test("mayAsk() gives nothing to a viewer that does not read, and nothing to a stranger", () => {
  const { viewers, sockets } = setUp(1);
  sockets[0].buffered = QUEUE_BYTES_MAX + 1;
  expect(viewers.mayAsk(sockets[0])).toBe(false);
  expect(sockets[0].closed).toEqual([]);
  expect(viewers.mayAsk(new FakeSocket())).toBe(false);
});

test("closeAll() sends everybody away", () => {
  const { viewers, sockets } = setUp(2);
  viewers.closeAll();
  expect(sockets.map(({ closed }) => closed)).toEqual([[1001], [1001]]);
  expect(viewers.size).toBe(0);
});
