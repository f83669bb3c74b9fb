import { afterEach, expect, test } from "bun:test";
import { connect } from "node:net";
import { IngestError } from "../../src/domain/ingest-error.ts";
import { type AdminServer, type AdminServerOptions, startAdminServer } from "../../src/telemetry/admin-server.ts";
import type { FeedControl } from "../../src/telemetry/control/feed-control.ts";
import { DashboardTaps } from "../../src/telemetry/dashboard/dashboard-taps.ts";
import { HealthMonitor } from "../../src/telemetry/health.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { createMetricsRegistry } from "../../src/telemetry/metrics-registry.ts";
import { createSnapshotReader } from "../../src/telemetry/metrics-snapshot.ts";
import { createRedactor } from "../../src/telemetry/redactor.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { FakeSource, feedStatus, laneStatus } from "./fake-source.ts";

const running: AdminServer[] = [];

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

function setUp(changes: Partial<AdminServerOptions> = {}) {
  const clock = new FakeClock();
  const source = new FakeSource();
  const health = new HealthMonitor({ clock, source });
  health.start();
  const build = { version: "0.1.0", commit: "abc", bunVersion: Bun.version, instanceId: "edge-1" };
  const takeSnapshot = createSnapshotReader({ source, loop: health.loop, clock, build });
  const logged: string[] = [];
  const redact = createRedactor(["hunter2"]);
  const destination = { write: (line: string) => void logged.push(line), flush: () => {}, linesLost: 0 };
  const log = createLog({ level: "debug", redact, clock, destination });
  const taps = new DashboardTaps();
  const control: FeedControl = { apply: async () => ({ kind: "unknown", message: "there is no feed of this name" }) };
  const base = { host: "127.0.0.1", port: 0, tokens: [], tls: null, control };
  const options = { ...base, health, takeSnapshot, redact, log, clock, taps };
  const server = startAdminServer({ ...options, metrics: createMetricsRegistry(takeSnapshot), ...changes });
  running.push(server);
  return { clock, source, server, logged };
}

/** Sends bytes as they are and gives everything that comes back until the server closes or 100 bytes of body came. */
function sendRaw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.on("data", (chunk) => {
      answer += chunk;
      if (answer.includes("\r\n\r\n")) socket.end();
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

test("port 0 takes a free port, and the url says which", async () => {
  const { server } = setUp();
  expect(server.port).toBeGreaterThan(0);
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  const response = await fetch(server.url);
  expect(response.status).toBe(200);
  expect(await response.text()).toContain("/readyz");
});

test("/healthz answers 200, and 503 with the name of what is stuck", async () => {
  const { clock, source, server } = setUp();
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  source.laneList = [laneStatus({ sealedBatches: 2, deadlineMs: 0 })];
  await clock.advance(50_000);
  const response = await fetch(`${server.url}/healthz`);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ isHealthy: false, stuck: [{ part: "lane quotes/0" }] });
});

test("/readyz answers 503 while the sink is down, /healthz stays 200, and no secret is shown", async () => {
  const { source, server } = setUp();
  source.spoolStatus = null;
  source.sinkStatus = { kind: "kafka", isStarted: true, trouble: "Cannot log in with hunter2\u001b[2J" };
  const response = await fetch(`${server.url}/readyz`);
  expect(response.status).toBe(503);
  const text = await response.text();
  expect(JSON.parse(text).parts[1].why).toBe("Cannot log in with [redacted]\ufffd[2J");
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(await (await fetch(`${server.url}/status`)).text()).not.toContain("hunter2");
});

test("/status gives every feed with the specified fields, the ledger, lanes, version and uptime", async () => {
  const { source, server } = setUp();
  source.feedList = [feedStatus(), feedStatus({ name: "okx", state: "backing-off", connected: false })];
  source.edgeToAck.record(1500, 10);
  const response = await fetch(`${server.url}/status`);
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  const status = (await response.json()) as { feeds: unknown[]; uptimeSeconds: number };
  expect(status.feeds).toHaveLength(2);
  expect(status.feeds[0]).toMatchObject({
    name: "binance",
    connected: true,
    lastHeartbeat: 1_700_000_000_500,
    subscribedSymbols: ["BTCUSDT"],
    messagesReceived: 11,
    errors: 5,
    attempts: 0,
    sequence: 10,
    gaps: 3,
  });
  expect(status).toMatchObject({
    version: "0.1.0",
    instanceId: "edge-1",
    phase: "running",
    isReady: true,
    isHealthy: true,
    isDegraded: true,
    sink: { kind: "kafka", trouble: "" },
    spool: { state: "ok", oldestUnreadAgeMs: null, drain: { bytesPerSecond: 0, secondsLeft: 0 } },
    ledger: [{ source: "binance", accepted: 10, recovered: 20, onSpool: 16, balanceError: 0 }],
    requestBudgets: [{ host: "api.example", blockedForMs: 1500, blockReason: "429" }],
    lanes: [{ topic: "quotes", partition: 0, lastAckAgeMs: null }],
    latencyMs: { edgeToAck: { count: 10, p50: 2, p99: 2 }, venueToEdge: { binance: { count: 0, p50: null } } },
  });
  expect(status.uptimeSeconds).toBeGreaterThanOrEqual(0);
});

test("/metrics is Prometheus text", async () => {
  const { server } = setUp();
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await response.text()).toContain('market_data_raw_ticks_total{source="binance"} 10\n');
});

test("HEAD gives the headers alone, and a query does not matter", async () => {
  const { server } = setUp();
  const response = await fetch(`${server.url}/readyz?verbose=1`, { method: "HEAD" });
  expect(response.status).toBe(200);
  expect(Number(response.headers.get("content-length"))).toBeGreaterThan(10);
  expect(await response.text()).toBe("");
});

test("an unknown path is 404, another method 405 with Allow", async () => {
  const { server } = setUp();
  for (const path of ["/nope", "/status/", "/STATUS"]) {
    expect([path, (await fetch(server.url + path)).status]).toEqual([path, 404]);
  }
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const response = await fetch(`${server.url}/metrics`, { method });
    expect([method, response.status]).toEqual([method, 405]);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
  }
});

test("malformed requests get an answer or a closed connection, and the server goes on", async () => {
  const { server } = setUp();
  const garbage = ["GET / HTTP/1.1\r\nHost: %%% bad\r\n\r\n", "\x16\x03\x01\x02\x00\x01\r\n\r\n", "GET\r\n\r\n"];
  for (const request of garbage) {
    const answer = await sendRaw(server.port, request);
    expect(answer).toMatch(/^(HTTP\/1\.1 (200|400)|$)/);
  }
  const large = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${"x".repeat(100_000)}`;
  expect(await sendRaw(server.port, large).catch(() => "")).toMatch(/^(HTTP\/1\.1 4|$)/);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test("a defect behind a page gives a bare 500, and its cause goes to the log alone", async () => {
  const { source, server, logged } = setUp();
  source.feeds = () => {
    throw new Error("secret inside of the program: hunter2");
  };
  for (const path of ["/status", "/metrics", "/readyz"]) {
    const response = await fetch(server.url + path);
    expect([path, response.status, await response.text()]).toEqual([path, 500, "Internal error\n"]);
  }
  const text = logged.join("");
  expect(text).toContain("admin_request_failed");
  expect(text).toContain("secret inside of the program: [redacted]");
});

test("startAdminServer() names ADMIN_PORT when the port is in use and ADMIN_HOST when it is not ours", () => {
  const { server } = setUp();
  expect(() => setUp({ port: server.port })).toThrow(
    new IngestError(
      `Cannot listen on ADMIN_HOST 127.0.0.1 and ADMIN_PORT ${server.port}: the port is in use, give ADMIN_PORT another or 0 for any free one`,
      { code: "config_invalid", retry: "never" },
    ),
  );
  expect(() => setUp({ host: "192.0.2.1" })).toThrow(/ADMIN_HOST 192\.0\.2\.1 .* give ADMIN_HOST another$/);
  expect(() => setUp({ host: "no-such-host.invalid" })).toThrow(
    /the name has no address .* give ADMIN_HOST an address/,
  );
});

test("startAdminServer() warns when anyone may reach it, and not on loopback", () => {
  expect(setUp().logged.join("")).not.toContain("admin_server_exposed");
  expect(setUp({ host: "0.0.0.0" }).logged.join("")).toContain("admin_server_exposed");
});

test("stop() frees the port, also under an open connection", async () => {
  const { server } = setUp();
  const socket = connect(server.port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await server.stop();
  await closed;
  expect(setUp({ port: server.port }).server.port).toBe(server.port);
});
