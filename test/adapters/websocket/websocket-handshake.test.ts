import { afterEach, describe, expect, test } from "bun:test";
import { WebSocketAdapter } from "../../../src/adapters/websocket/websocket-adapter.ts";
import { TurnQueue } from "../../../src/runtime/turn-queue.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { createTextVenue } from "../../harness/text-venue.ts";
import { SessionBench, type SessionBenchOptions } from "./bench.ts";

let bench: SessionBench;

function createBench(options: SessionBenchOptions = {}): SessionBench {
  bench = new SessionBench(options);
  return bench;
}

afterEach(async () => {
  expect(await bench.close()).toBe("nothing is held");
});

/** Runs a session against a server that answers the handshake with this text. */
function answered(text: string): ReturnType<SessionBench["run"]> {
  createBench().server.answer = { kind: "text", text };
  return bench.run();
}

describe("WebSocket handshake", () => {
  test("429 is rate_limited, with Retry-After in seconds", async () => {
    const end = await answered("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    expect(end).toMatchObject({ code: "rate_limited", retry: "backoff", retryAfterMs: 7000 });
  });

  test("429 is rate_limited, with Retry-After as an HTTP date", async () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const end = await answered(`HTTP/1.1 429 Too Many Requests\r\nRetry-After: ${date}\r\nContent-Length: 0\r\n\r\n`);
    expect(end).toMatchObject({ code: "rate_limited" });
    const { retryAfterMs } = end as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(57_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  test("418, Binance's ban, is rate_limited", async () => {
    expect(await answered("HTTP/1.1 418 I am a teapot\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n")).toMatchObject(
      {
        code: "rate_limited",
        retryAfterMs: 120_000,
      },
    );
  });

  test("403 is handshake_rejected and tried again, as a firewall lifts its bans", async () => {
    const end = await answered("HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nsecret");
    expect(end).toMatchObject({ code: "handshake_rejected", retry: "backoff", context: { statusCode: 403 } });
    expect((end as Error).message).toContain("HTTP status 403");
  });

  test("404 is handshake_rejected for good", async () => {
    const end = await answered("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    expect(end).toMatchObject({ code: "handshake_rejected", retry: "never" });
  });

  test("a redirect is not followed", async () => {
    const elsewhere = new SessionBench();
    const end = await answered(`HTTP/1.1 302 Found\r\nLocation: ${elsewhere.server.url}\r\nContent-Length: 0\r\n\r\n`);
    expect(end).toMatchObject({ code: "handshake_rejected" });
    expect(elsewhere.server.connections.length).toBe(0);
    await elsewhere.close();
  });

  test("an answer that is not HTTP fails the connection", async () => {
    expect(await answered("SSH-2.0-OpenSSH_9.2\r\n\r\n")).toMatchObject({ code: "connect_failed" });
  });

  test("a wrong Sec-WebSocket-Accept fails the connection", async () => {
    const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    expect(await answered(`${head}Sec-WebSocket-Accept: AAAA\r\n\r\n`)).toMatchObject({ code: "connect_failed" });
  });

  test("a connection reset within the handshake fails", async () => {
    createBench().server.answer = { kind: "reset" };
    expect(await bench.run()).toMatchObject({ code: "connect_failed" });
  });

  test("a handshake that is never answered is ended at our own limit, and the socket with it", async () => {
    createBench({ handshakeLimitMs: 100 }).server.answer = { kind: "hold" };
    const beganMs = performance.now();
    expect(await bench.run()).toMatchObject({ code: "handshake_timeout", retry: "backoff" });
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(99);
  });

  test("a handshake answered drop by drop is ended at our own limit", async () => {
    createBench({ handshakeLimitMs: 100 }).server.answer = {
      kind: "trickle",
      text: "HTTP/1.1 101 Switching Protocols\r\n",
    };
    expect(await bench.run()).toMatchObject({ code: "handshake_timeout" });
  });

  test("a port where nobody listens is connect_refused", async () => {
    createBench().server.stop();
    expect(await bench.run()).toMatchObject({ code: "connect_refused" });
  });

  test("a name that does not exist is dns_failed", async () => {
    createBench({ url: "ws://venue.invalid/feed" });
    expect(await bench.run()).toMatchObject({ code: "dns_failed" });
  });

  test("a URL that is none is config_invalid for good", () => {
    createBench({ url: "ws://" });
    expect(() => bench.run()).toThrow(expect.objectContaining({ code: "config_invalid", retry: "never" }));
  });

  test("compression is not offered, and the venue's headers are sent", async () => {
    createBench({ venue: { headers: { "User-Agent": "edge-ingester", "X-Venue": "1" } } });
    void bench.run();
    const { request } = await bench.server.connection();
    expect(request).toMatch(/^User-Agent: edge-ingester\r$/im);
    expect(request).toMatch(/^X-Venue: 1\r$/im);
    expect(request).not.toMatch(/sec-websocket-extensions/i);
  });

  test("target shows no user, password, query or fragment", () => {
    createBench();
    const turns = new TurnQueue(new FakeClock());
    const venue = createTextVenue();
    const adapter = new WebSocketAdapter({ venue, turns, url: "wss://user:secret@venue.test:9443/ws?token=secret" });
    expect(adapter.target).toBe("wss://venue.test:9443/ws");
  });
});
