import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Opcode } from "../../../src/simulator/websocket-frames.ts";
import { eventually, type FakeVenueConnection } from "../../harness/fake-venue-server.ts";
import { SessionBench, type SessionBenchOptions } from "./bench.ts";

let bench: SessionBench;

/** A session that is open; the venue acks everything it is asked. */
async function open(options: SessionBenchOptions = {}): Promise<{
  connection: FakeVenueConnection;
  ended: ReturnType<SessionBench["run"]>;
}> {
  bench = new SessionBench(options);
  bench.server.onConnection = (connection) => {
    connection.onText = (text) => {
      const [verb, id] = text.split(" ");
      if (verb === "SUB") connection.send(`ACK ${id}`);
    };
  };
  const ended = bench.run();
  const connection = await bench.server.connection();
  await eventually(() => bench.monitor.notes.includes("A acked"), "the ack");
  return { connection, ended };
}

afterEach(async () => {
  expect(await bench.close()).toBe("nothing is held");
});

describe("WebSocket session reads", () => {
  test("text and binary frames, also in fragments, reach the decoder as bytes", async () => {
    const { connection } = await open();
    connection.send("Q A 1 2");
    connection.sendBinary(Buffer.from("Q A 3 4"));
    connection.peer.sendBytes(Buffer.concat([Buffer.from([0x01, 4]), Buffer.from("Q A ")]));
    connection.peer.sendBytes(Buffer.concat([Buffer.from([0x80, 3]), Buffer.from("5 6")]));
    await eventually(() => bench.quotes.count === 3, "three quotes");
    expect(bench.quotes.quotes).toEqual(["A 1/2", "A 3/4", "A 5/6"]);
  });

  test("a server's ping is answered with its payload, and counts as a frame and not as data", async () => {
    const { connection } = await open();
    const { frames, data } = bench.monitor;
    connection.peer.ping("1700000000");
    await eventually(() => connection.pongs === 1, "the pong");
    expect(bench.monitor.frames).toBe(frames + 1);
    expect(bench.monitor.data).toBe(data);
  });

  test("a message at the cap is read, one byte more ends the session", async () => {
    const { connection, ended } = await open({ venue: { limits: { maxMessageBytes: 1000 } } });
    connection.sendFrame(Opcode.text, Buffer.alloc(1000, 97));
    await eventually(() => bench.monitor.rejects.length === 1, "the reject");
    connection.sendFrame(Opcode.text, Buffer.alloc(1001, 97));
    expect(await ended).toMatchObject({ code: "message_too_large", retry: "backoff" });
  });

  test("the cap acts on the announced length, before the message is there", async () => {
    const { connection, ended } = await open();
    connection.peer.sendBytes(Buffer.from([0x81, 127, 0, 0, 0, 0, 0x40, 0, 0, 0]));
    expect(await ended).toMatchObject({ code: "message_too_large" });
  });

  test("the cap acts on fragments together", async () => {
    const { connection, ended } = await open({ venue: { limits: { maxMessageBytes: 1000 } } });
    const part = Buffer.alloc(600, 97);
    connection.peer.sendBytes(Buffer.concat([Buffer.from([0x01, 126, 2, 88]), part]));
    connection.peer.sendBytes(Buffer.concat([Buffer.from([0x00, 126, 2, 88]), part]));
    expect(await ended).toMatchObject({ code: "message_too_large" });
  });

  const violations: [string, (connection: FakeVenueConnection) => void][] = [
    ["text that is not UTF-8", (connection) => connection.sendFrame(Opcode.text, Buffer.from([0xff, 0xfe, 0x41]))],
    ["a masked frame", (connection) => connection.peer.sendBytes(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 120]))],
    ["a compressed frame, which was not agreed on", (connection) => connection.sendFrame(1, Buffer.from("x"), 0x40)],
    ["an opcode that does not exist", (connection) => connection.sendFrame(5, Buffer.from("x"))],
    ["a fragmented ping", (connection) => connection.peer.sendBytes(Buffer.from([0x09, 1, 120]))],
  ];
  for (const [what, act] of violations) {
    test(`${what} is a protocol_violation`, async () => {
      const { connection, ended } = await open();
      act(connection);
      expect(await ended).toMatchObject({ code: "protocol_violation", retry: "backoff" });
    });
  }

  test("no bytes from a venue do more than end the session", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        const { connection, ended } = await open();
        connection.peer.sendBytes(bytes);
        connection.peer.drop();
        const end = await ended;
        expect(end).toHaveProperty(end instanceof Error ? "code" : "reason");
        await bench.close();
      }),
      { numRuns: 40 },
    );
  });
});

describe("WebSocket session ends", () => {
  for (const code of [1000, 1001, 1012]) {
    test(`close code ${code} is an end by plan`, async () => {
      const { connection, ended } = await open();
      connection.peer.close(code, "maintenance");
      const message = `The venue closed with code ${code}, "maintenance"`;
      expect(await ended).toEqual({ reason: "planned", message });
    });
  }

  test("other close codes are closed_by_venue, with what the venue said", async () => {
    const { connection, ended } = await open();
    connection.peer.close(1008, "ErrSlowConsume\u0007\n");
    const end = await ended;
    expect(end).toMatchObject({ code: "closed_by_venue", retry: "backoff", context: { closeCode: 1008 } });
    expect((end as Error).message).toEndWith('the venue closed with code 1008, "ErrSlowConsume "');
  });

  test("1008 with Too many requests is rate_limited", async () => {
    const { connection, ended } = await open();
    connection.peer.close(1008, "Too many requests");
    expect(await ended).toMatchObject({ code: "rate_limited" });
  });

  test("an end without close frame is closed_unclean, by FIN or by reset", async () => {
    for (const end of ["drop", "reset"] as const) {
      const { connection, ended } = await open();
      connection.peer[end]();
      expect(await ended).toMatchObject({ code: "closed_unclean" });
      await bench.close();
    }
  });

  test("a fatal error of the venue ends the session, its rate limit under its own code", async () => {
    for (const [text, code] of [
      ["FATAL subscription service down", "venue_error"],
      ["LIMIT Exceeded msg rate", "rate_limited"],
    ]) {
      const { connection, ended } = await open();
      connection.send(text);
      expect(await ended).toMatchObject({ code });
      await bench.close();
    }
  });

  test("a notice of maintenance asks the supervisor for a reconnect and goes on reading", async () => {
    const { connection } = await open();
    connection.send("RECONNECT serverShutdown", "Q A 1 2");
    await eventually(() => bench.quotes.count === 1, "the quote");
    expect(bench.monitor.notes).toContain("reconnect asked: serverShutdown");
  });

  test("an abort says goodbye with code 1000", async () => {
    const { connection, ended } = await open();
    const closes: number[] = [];
    const send = connection.peer.close.bind(connection.peer);
    connection.peer.close = (code, reason) => {
      closes.push(code);
      send(code, reason);
    };
    bench.controller.abort();
    expect(await ended).toEqual({ reason: "aborted" });
    expect(connection.isClosed).toBe(true);
    // The server never had to close: it was the client that did.
    expect(closes).toEqual([]);
  });

  test("an abort does not wait for a venue that does not answer the goodbye", async () => {
    const { connection, ended } = await open();
    connection.peer.isMuted = true;
    const beganMs = performance.now();
    bench.controller.abort();
    await ended;
    expect(performance.now() - beganMs).toBeLessThan(1000);
  });
});

describe("WebSocket session sends", () => {
  test("pings go out as text of the venue's own, at every interval", async () => {
    const { connection } = await open({ venue: { ping: { everyMs: 20, when: "always", isFrame: false } } });
    const pings = () => connection.received.filter((text) => text.startsWith("PING"));
    await eventually(() => pings().length >= 3, "three pings");
    expect(new Set(pings()).size).toBe(pings().length);
  });

  test("pings go out as frames when the venue wants those, and the pong counts as a frame", async () => {
    const { connection } = await open({ venue: { ping: { everyMs: 20, when: "always", isFrame: true } } });
    await eventually(() => connection.pings >= 2 && bench.monitor.frames >= 3, "pings and pongs");
    expect(connection.received.length).toBe(1);
  });

  test("the venue's opening goes out before the first subscription", async () => {
    const { connection } = await open({ venue: { opening: ["HELLO", "BEAT 10"] } });
    expect(connection.received).toEqual(["HELLO", "BEAT 10", "SUB 1 A"]);
  });

  test("what the venue asks is answered, and counts as data", async () => {
    const { connection } = await open();
    const { data } = bench.monitor;
    connection.send("ASK 1", "ASK 2");
    await eventually(() => connection.received.length === 3, "two answers");
    expect(connection.received.slice(1)).toEqual(["SAY 1", "SAY 2"]);
    expect(bench.monitor.data).toBe(data + 2);
  });

  test("a venue that asks faster than it may be answered gets few answers, and no memory of ours", async () => {
    const { connection } = await open({ venue: { limits: { messageSpacingMs: 60_000 } } });
    const { data } = bench.monitor;
    for (let i = 0; i < 100; i++) connection.send(`ASK ${i}`);
    await eventually(() => bench.monitor.data === data + 100, "all questions");
    expect(connection.received).toEqual(["SUB 1 A"]);
  });

  test("requests are spaced as the venue asks, pings among them", async () => {
    const spacing = { messageSpacingMs: 40, symbolsPerRequest: 1 };
    bench = new SessionBench({ symbols: ["A", "B", "C"], venue: { limits: spacing, ping: null } });
    const atMs: number[] = [];
    bench.server.onConnection = (connection) => {
      connection.onText = () => atMs.push(performance.now());
    };
    void bench.run();
    await eventually(() => atMs.length === 3, "three requests");
    // A timer may fire a moment early, and two sends may arrive closer than they left.
    expect(atMs[2] - atMs[0]).toBeGreaterThan(70);
  });
});
