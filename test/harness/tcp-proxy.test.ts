import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { TcpProxy } from "./tcp-proxy.ts";

describe("TcpProxy", () => {
  let server: Server;
  let proxy: TcpProxy;
  /** What the server has received, over all connections. */
  let received = "";
  let onReceived: () => void = () => undefined;

  beforeEach(async () => {
    received = "";
    server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.on("data", (chunk) => {
        received += chunk.toString();
        socket.write(`echo ${chunk}`);
        onReceived();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    proxy = await TcpProxy.start({ targetPort: (server.address() as AddressInfo).port });
  });

  afterEach(async () => {
    await proxy.stop();
    server.close();
  });

  async function dial(): Promise<Socket> {
    const socket = connect(proxy.port, "127.0.0.1");
    await once(socket, "connect");
    return socket;
  }

  async function nextData(socket: Socket): Promise<string> {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    return chunk.toString();
  }

  /** Resolves once the condition holds; a test that waits in vain ends by its time limit. */
  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  }

  test("passes bytes both ways", async () => {
    const client = await dial();
    client.write("hello");
    expect(await nextData(client)).toBe("echo hello");
    expect(proxy.connections).toBe(1);
  });

  test("passes the end of a stream on", async () => {
    const client = await dial();
    client.end("bye");
    const [answer] = await Promise.all([nextData(client), once(client, "close")]);
    expect(answer).toBe("echo bye");
    await until(() => proxy.connections === 0);
  });

  test("holdResponses() lets requests through and release() delivers the answers", async () => {
    const client = await dial();
    let answers = "";
    client.on("data", (chunk) => {
      answers += chunk;
    });
    proxy.holdResponses();
    client.write("one");
    await until(() => proxy.heldResponseBytes === "echo one".length);
    expect(received).toBe("one");
    expect(answers).toBe("");
    proxy.release();
    await until(() => answers === "echo one");
    expect(proxy.heldResponseBytes).toBe(0);
  });

  test("dropConnections() loses the held answers for good", async () => {
    const client = await dial();
    client.on("error", () => undefined);
    let answers = "";
    client.on("data", (chunk) => {
      answers += chunk;
    });
    proxy.holdResponses();
    client.write("one");
    await until(() => proxy.heldResponseBytes > 0);
    const closed = once(client, "close");
    proxy.dropConnections();
    proxy.release();
    await closed;
    expect(answers).toBe("");
    expect(proxy.connections).toBe(0);
  });

  test("blackhole() passes nothing, on old and on new connections, and closes nothing", async () => {
    const old = await dial();
    old.write("warm");
    await nextData(old);
    proxy.blackhole();
    const fresh = await dial();
    old.write("old");
    fresh.write("new");
    await until(() => proxy.heldRequestBytes === "oldnew".length);
    expect(received).toBe("warm");
    expect([old.readyState, fresh.readyState]).toEqual(["open", "open"]);
    const answers = Promise.all([nextData(old), nextData(fresh)]);
    proxy.release();
    expect(await answers).toEqual(["echo old", "echo new"]);
  });

  test("refuse() closes new connections at once", async () => {
    proxy.refuse();
    const client = connect(proxy.port, "127.0.0.1");
    client.on("error", () => undefined);
    await once(client, "close");
    expect(received).toBe("");
    expect(proxy.acceptedTotal).toBe(1);
  });

  test("delayMs delivers later, in order", async () => {
    const client = await dial();
    proxy.delayMs = 40;
    const startMs = performance.now();
    const arrivedMs = new Promise<number>((resolve) => {
      onReceived = () => resolve(performance.now() - startMs);
    });
    client.write("slow");
    expect(await arrivedMs).toBeGreaterThanOrEqual(39);
    expect(await nextData(client)).toBe("echo slow");
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(79);
  });

  test("a narrow line carries so many bytes a second, and a jittery one keeps their order", async () => {
    const client = await dial();
    proxy.line = { delayMs: 20, jitterMs: 20, bytesPerSecond: 10_000, random: Math.random };
    const startMs = performance.now();
    for (let i = 0; i < 10; i++) client.write(String(i).repeat(100));
    await until(() => received.length === 1000);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(99);
    expect(received).toBe([...received].sort().join(""));
  });

  test("a line that slices hands over pieces of a few bytes, in order", async () => {
    const client = await dial();
    const before = proxy.piecesTotal;
    proxy.line = { pieceBytesMax: 3, random: Math.random };
    client.write("x".repeat(300));
    await until(() => received.length === 300);
    expect(proxy.piecesTotal - before).toBeGreaterThanOrEqual(100);
  });

  test("stop() ends a client whose bytes are held", async () => {
    const client = await dial();
    client.on("error", () => undefined);
    proxy.blackhole();
    client.write("x");
    await until(() => proxy.heldRequestBytes === 1);
    const closed = once(client, "close");
    await proxy.stop();
    await closed;
    expect(proxy.connections).toBe(0);
    proxy = await TcpProxy.start({ targetPort: (server.address() as AddressInfo).port });
  });
});
