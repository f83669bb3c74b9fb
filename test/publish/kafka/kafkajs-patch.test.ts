// Each fault that patches/kafkajs@2.2.4.patch mends, shown to be gone. Without the patch every test here fails but one:
// a throttle must hold requests back with it as without it.
import { afterEach, describe, expect, test } from "bun:test";
import { createRequire } from "node:module";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

// The library's insides have no types; what is used of them is spelled out here.
const load = createRequire(import.meta.url);
const RequestQueue = load("kafkajs/src/network/requestQueue") as new (options: object) => TestQueue;
const Connection = load("kafkajs/src/network/connection") as new (options: object) => TestConnection;

interface TestQueue {
  throttledUntil: number;
  push(request: { entry: object; expectResponse: boolean; sendRequest: () => void }): void;
  fulfillRequest(answer: { correlationId: number; payload: Buffer; size: number }): void;
  scheduleRequestTimeoutCheck(): void;
  maybeThrottle(ms: number): void;
  destroy(): void;
}

interface TestConnection {
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  send(exchange: object): Promise<unknown>;
}

const realSetTimeout = globalThis.setTimeout;
const realDateNow = Date.now;
const servers: Server[] = [];
const silentLogger: object = { debug() {}, info() {}, warn() {}, error() {}, namespace: () => silentLogger };

afterEach(() => {
  globalThis.setTimeout = realSetTimeout;
  Date.now = realDateNow;
  for (const server of servers.splice(0)) server.close();
});

function makeQueue(requestTimeout = 30_000): TestQueue {
  return new RequestQueue({
    maxInFlightRequests: null,
    requestTimeout,
    enforceRequestTimeout: true,
    clientId: "test",
    broker: "broker",
    logger: silentLogger,
    isConnected: () => true,
  });
}

function makeRequest(correlationId: number, sendRequest: () => void = () => {}) {
  const outcome: { error: Error | null; isAnswered: boolean } = { error: null, isAnswered: false };
  const entry = {
    apiKey: 3,
    apiName: "Metadata",
    apiVersion: 1,
    correlationId,
    resolve: () => {
      outcome.isAnswered = true;
    },
    reject: (error: Error) => {
      outcome.error = error;
    },
  };
  return { outcome, request: { entry, expectResponse: true, sendRequest } };
}

describe("kafkajs request queue", () => {
  test("arms no timer while nothing is pending, and never a negative one", async () => {
    const delays: number[] = [];
    const queue = makeQueue();
    globalThis.setTimeout = Object.assign(
      (callback: () => void, ms: number) => {
        delays.push(ms);
        return realSetTimeout(callback, ms);
      },
      { __promisify__: realSetTimeout.__promisify__ },
    ) as unknown as typeof setTimeout;
    for (let id = 0; id < 5; id++) {
      queue.push(makeRequest(id).request);
      queue.fulfillRequest({ correlationId: id, payload: Buffer.alloc(0), size: 0 });
    }
    await new Promise((resolve) => realSetTimeout(resolve, 300));
    queue.destroy();
    expect(delays.length).toBeLessThanOrEqual(1);
    expect(delays.every((ms) => ms >= 0)).toBe(true);
  });

  test("sends what a throttle held back when the throttle ends, with one timer", async () => {
    const queue = makeQueue();
    queue.maybeThrottle(60);
    let sentAtMs = 0;
    const begunMs = performance.now();
    queue.push(makeRequest(1, () => (sentAtMs = performance.now())).request);
    expect(sentAtMs).toBe(0);
    await new Promise((resolve) => realSetTimeout(resolve, 120));
    queue.destroy();
    expect(sentAtMs - begunMs).toBeGreaterThanOrEqual(59);
  });

  for (const hours of [1, -1]) {
    test(`a step of the wall clock by ${hours} h ends no request and no throttle`, async () => {
      const queue = makeQueue(2000);
      queue.scheduleRequestTimeoutCheck();
      const { outcome, request } = makeRequest(1);
      queue.push(request);
      queue.maybeThrottle(30);
      Date.now = () => realDateNow() + hours * 3_600_000;
      await new Promise((resolve) => realSetTimeout(resolve, 350));
      expect(outcome.error).toBeNull();
      let isSent = false;
      queue.push(makeRequest(2, () => (isSent = true)).request);
      expect(isSent).toBe(true);
      queue.destroy();
    });
  }

  test("a request that stays unanswered is timed out on the monotonic clock", async () => {
    const queue = makeQueue(100);
    queue.scheduleRequestTimeoutCheck();
    const { outcome, request } = makeRequest(1);
    queue.push(request);
    Date.now = () => realDateNow() - 3_600_000;
    await new Promise((resolve) => realSetTimeout(resolve, 350));
    queue.destroy();
    expect(outcome.error?.name).toBe("KafkaJSRequestTimeoutError");
  });

  test("a write that throws from the timer rejects its request and not the process", async () => {
    const queue = makeQueue();
    queue.maybeThrottle(20);
    const broken = makeRequest(1, () => {
      throw new Error("the socket is gone");
    });
    const sound = makeRequest(2);
    queue.push(broken.request);
    queue.push(sound.request);
    await new Promise((resolve) => realSetTimeout(resolve, 80));
    expect(broken.outcome.error?.message).toBe("the socket is gone");
    queue.fulfillRequest({ correlationId: 2, payload: Buffer.alloc(0), size: 0 });
    queue.destroy();
    expect(sound.outcome.isAnswered).toBe(true);
  });
});

describe("kafkajs connection", () => {
  test("connect() rejects when the peer hangs up before the handshake is done", async () => {
    const port = await listen((socket) => socket.end());
    const connection = makeConnection(port, ({ port: target }) => connect({ host: "127.0.0.1", port: target }));
    await expect(connection.connect()).rejects.toThrow("Closed connection");
  });

  for (const [what, size] of [
    ["negative", -1],
    ["too small to hold a correlation id", 3],
    ["huge: an HTTP server's answer", 0x48545450],
  ] as const) {
    test(`an answer whose size is ${what} closes the connection and rejects the request`, async () => {
      const port = await listen((socket) => {
        socket.on("data", () => {
          const bytes = Buffer.alloc(64);
          bytes.writeInt32BE(size);
          socket.write(bytes);
        });
      });
      const connection = makeConnection(port, ({ port: target, onConnect }) =>
        connect({ host: "127.0.0.1", port: target }, onConnect),
      );
      await connection.connect();
      const versions = load("kafkajs/src/protocol/requests/apiVersions") as {
        protocol(choice: { version: number }): () => object;
      };
      await expect(connection.send(versions.protocol({ version: 2 })())).rejects.toThrow("Invalid response size");
      await connection.disconnect();
    });
  }
});

function makeConnection(
  port: number,
  socketFactory: (target: { port: number; onConnect: () => void }) => Socket,
): TestConnection {
  return new Connection({
    host: "127.0.0.1",
    port,
    logger: silentLogger,
    socketFactory,
    requestTimeout: 1000,
    connectionTimeout: 1000,
  });
}

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer(onConnection);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
