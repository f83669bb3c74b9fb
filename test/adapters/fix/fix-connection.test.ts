import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { eventually } from "../../harness/fake-venue-server.ts";
import { ConnectionBench, type ConnectionBenchOptions } from "./connection-bench.ts";

let server: Server | null = null;
const benches: ConnectionBench[] = [];

afterEach(() => {
  for (const bench of benches.splice(0)) {
    bench.connection.close();
    expect(bench.clock.armedTimers).toBe(0);
  }
  server?.close();
  server = null;
});

/** A peer on loopback; resolves with its port. */
function listen(onConnection: (socket: Socket) => void, allowHalfOpen = false): Promise<number> {
  const started = createServer({ noDelay: true, allowHalfOpen }, (socket) => {
    socket.on("error", () => {});
    onConnection(socket);
  });
  server = started;
  return new Promise((resolve) => {
    started.listen(0, "127.0.0.1", () => resolve((started.address() as { port: number }).port));
  });
}

function connect(options: ConnectionBenchOptions): ConnectionBench {
  const bench = new ConnectionBench(options);
  benches.push(bench);
  return bench;
}

/** Writes without end, as fast as it is taken. */
function flood(socket: Socket): void {
  const block = Buffer.alloc(100_000, "8=FIX.4.4|9=5|35=0|");
  function pump(): void {
    while (!socket.destroyed && socket.write(block)) {
      // As long as the socket takes more.
    }
  }
  socket.on("drain", pump);
  pump();
}

describe("FixConnection", () => {
  test("bytes go both ways", async () => {
    const port = await listen((socket) => socket.on("data", (bytes) => socket.write(`you said ${bytes}`)));
    const bench = await connect({ port }).opens();
    bench.connection.write(Buffer.from("hello"));
    await eventually(() => bench.text === "you said hello", "the answer");
  });

  test("write() copies what it is lent", async () => {
    const port = await listen((socket) => socket.pipe(socket));
    const bench = await connect({ port }).opens();
    const lent = Buffer.from("first ");
    bench.connection.write(lent);
    lent.write("second");
    bench.connection.write(lent);
    await eventually(() => bench.text === "first second", "both");
  });

  test("a host that is not there is connect_refused", async () => {
    const port = await listen(() => {});
    server?.close();
    server = null;
    expect(await connect({ port }).isLost()).toMatchObject({ code: "connect_refused", retry: "backoff" });
  });

  test("a host without an address is dns_failed", async () => {
    expect(await connect({ port: 1, host: "no-such-host.invalid" }).isLost()).toMatchObject({ code: "dns_failed" });
  });

  test("a peer that does not complete the handshake is handshake_timeout", async () => {
    const port = await listen(() => {});
    expect(await connect({ port, tls: {}, connectLimitMs: 100 }).isLost()).toMatchObject({ code: "handshake_timeout" });
  });

  test("a peer that ends the connection is closed_unclean, once, behind its last bytes", async () => {
    const port = await listen((socket) => socket.end("last words"));
    const bench = connect({ port });
    expect(await bench.isLost()).toMatchObject({ code: "closed_unclean" });
    await Bun.sleep(20);
    expect([bench.text, bench.errors.length]).toEqual(["last words", 1]);
  });

  test("a peer that resets the connection is closed_unclean", async () => {
    const port = await listen((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const bench = await connect({ port }).opens();
    bench.connection.write(Buffer.from("x"));
    expect(await bench.isLost()).toMatchObject({ code: "closed_unclean" });
  });

  test("a peer that does not read loses the connection within bounds", async () => {
    const port = await listen((socket) => socket.pause());
    const bench = await connect({ port }).opens();
    const block = Buffer.alloc(65_536);
    for (let i = 0; i < 1000 && bench.errors.length === 0; i++) {
      bench.connection.write(block);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await bench.isLost()).toMatchObject({
      code: "half_open",
      message: expect.stringContaining("does not read"),
    });
  });

  test("requests for ten thousand symbols in one turn are no peer that does not read", async () => {
    let received = 0;
    const port = await listen((socket) => socket.on("data", (bytes) => (received += bytes.length)));
    const bench = await connect({ port }).opens();
    const request = Buffer.alloc(500);
    for (let i = 0; i < 10_000; i++) bench.connection.write(request);
    await eventually(() => received === 10_000 * request.length, "all requests at the peer");
    expect(bench.errors).toEqual([]);
  });

  test("finish() delivers what was written though the peer's bytes are not all read", async () => {
    let received = "";
    let hasReset = false;
    const port = await listen((socket) => {
      flood(socket);
      socket.on("data", (bytes) => {
        received += bytes;
      });
      socket.on("error", () => {
        hasReset = true;
      });
      socket.on("end", () => socket.destroy());
    });
    const bench = await connect({ port }).opens();
    await eventually(() => bench.bytes > 0, "the flood");
    bench.connection.hold(true);
    bench.connection.write(Buffer.from("goodbye"));
    await bench.connection.finish();
    await eventually(() => received === "goodbye", "the last message");
    expect([hasReset, bench.errors]).toEqual([false, []]);
  });

  test("finish() does not wait for a peer that never closes", async () => {
    const port = await listen((socket) => socket.resume(), true);
    const bench = await connect({ port }).opens();
    const beganMs = performance.now();
    await bench.connection.finish();
    expect(performance.now() - beganMs).toBeWithin(150, 500);
  });

  test("nothing is told after close()", async () => {
    const port = await listen(flood);
    const bench = await connect({ port }).opens();
    await eventually(() => bench.bytes > 0, "the flood");
    bench.connection.close();
    const { bytes } = bench;
    await Bun.sleep(30);
    expect([bench.bytes, bench.errors]).toEqual([bytes, []]);
  });
});

describe("FixConnection under a flood", () => {
  test("it reads in slices, one between two turns of the event loop", async () => {
    const port = await listen(flood);
    const bench = connect({ port });
    let inTurn = 0;
    let inTurnMax = 0;
    bench.onBytes = (bytes) => {
      if (inTurn === 0) setImmediate(() => (inTurn = 0));
      inTurn += bytes.length;
      inTurnMax = Math.max(inTurnMax, inTurn);
    };
    await eventually(() => bench.bytes > 20_000_000, "20 MB");
    expect(bench.sliceMax).toBeLessThanOrEqual(65_536);
    // A turn may begin before our own callback is called.
    expect(inTurnMax).toBeLessThanOrEqual(3 * 65_536);
  });

  test("hold(true) stops it, hold(false) lets it go on without a loss", async () => {
    let sent = 0;
    const port = await listen((socket) => {
      const timer = setInterval(() => {
        if (sent >= 2000) clearInterval(timer);
        for (let i = 0; i < 20 && sent < 2000; i++) socket.write(`${sent++},`);
      }, 1);
      socket.on("close", () => clearInterval(timer));
    });
    const bench = connect({ port });
    let all = "";
    bench.onBytes = (bytes) => {
      all += Buffer.from(bytes).toString("latin1");
    };
    await eventually(() => bench.bytes > 1000, "some");
    bench.connection.hold(true);
    const { bytes } = bench;
    await Bun.sleep(50);
    expect(bench.bytes).toBe(bytes);
    bench.connection.hold(false);
    await eventually(() => sent === 2000 && all.endsWith("1999,"), "all");
    expect(all).toBe(Array.from({ length: 2000 }, (_, i) => `${i},`).join(""));
  });
});
