import { afterEach, expect, test } from "bun:test";
import { connect } from "node:net";
import type { FeedEvent } from "../../../src/domain/feed-event.ts";
import { Dashboard } from "../../../src/telemetry/dashboard/dashboard.ts";
import { DashboardTaps } from "../../../src/telemetry/dashboard/dashboard-taps.ts";
import type { HelloMessage, ServerMessage, UpdateMessage } from "../../../src/telemetry/dashboard/protocol.ts";
import { VIEWERS_MAX } from "../../../src/telemetry/dashboard/viewers.ts";
import { HealthMonitor } from "../../../src/telemetry/health.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { createSnapshotReader } from "../../../src/telemetry/metrics-snapshot.ts";
import { createRedactor } from "../../../src/telemetry/redactor.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import { FakeSource, feedStatus, spoolStatus } from "../fake-source.ts";

const WAIT_MS = 5000;
const GAP: FeedEvent = { type: "market-data.sequence-gap", source: "okx", timeUs: 1, from: "1", to: "3" };
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A viewer, and all it got. */
class Viewer {
  readonly messages: ServerMessage[] = [];
  readonly socket: WebSocket;
  closeCode = 0;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.onmessage = ({ data }) => this.messages.push(JSON.parse(String(data)));
    this.socket.onclose = ({ code }) => {
      this.closeCode = code;
    };
  }

  get hello(): HelloMessage {
    return this.messages.find((message) => message.type === "hello") as HelloMessage;
  }

  get updates(): UpdateMessage[] {
    return this.messages.filter((message) => message.type === "update");
  }
}

function setUp() {
  const clock = new FakeClock();
  const source = new FakeSource();
  const health = new HealthMonitor({ clock, source });
  const build = { version: "0.1.0", commit: "abc", bunVersion: "1", instanceId: "edge-1" };
  const redact = createRedactor(["hunter2"]);
  const logged: string[] = [];
  const destination = { write: (line: string) => void logged.push(line), flush: () => {}, linesLost: 0 };
  const taps = new DashboardTaps();
  taps.watchQuotes({ accept: () => {} });
  let snapshots = 0;
  const read = createSnapshotReader({ source, loop: health.loop, clock, build });
  const dashboard = new Dashboard({
    taps,
    clock,
    takeSnapshot: () => {
      snapshots++;
      return read();
    },
    redact,
    log: createLog({ level: "debug", redact, clock, destination }),
    adminHost: "127.0.0.1",
  });
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) =>
      request.url.endsWith("/live") ? dashboard.connect(request, self) : dashboard.page(request),
    websocket: dashboard.websocket,
  });
  dashboard.start();
  ends.push(async () => {
    dashboard.stop();
    await server.stop(true);
  });
  const url = `http://127.0.0.1:${server.port}`;
  /** A viewer that is there: its first message has come. */
  const look = async () => {
    const viewer = new Viewer(`${url.replace("http", "ws")}/live`);
    await until("the first message", async () => {
      await clock.advance(250);
      return viewer.messages.length > 0;
    });
    return viewer;
  };
  return { clock, source, taps, logged, url, look, dashboard, snapshots: () => snapshots };
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  await waitUntil(isSo, { limitMs: WAIT_MS, what });
}

test("the page comes compressed, with a policy that lets nothing in, and is not sent again unchanged", async () => {
  const { url } = setUp();
  const response = await fetch(url);
  expect(response.headers.get("content-encoding")).toBe("gzip");
  const policy = response.headers.get("content-security-policy") ?? "";
  expect(policy).toStartWith("default-src 'none'; script-src 'sha256-");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  const html = await response.text();
  expect(html.length).toBeLessThan(150_000);
  expect(html).not.toMatch(/(?:src|href)="(?!data:|#)/);
  const plain = await fetch(url, { headers: { "Accept-Encoding": "gzip;q=0" } });
  expect(plain.headers.get("content-encoding")).toBeNull();
  expect(await plain.text()).toBe(html);
  const again = await fetch(url, { headers: { "If-None-Match": response.headers.get("etag") ?? "" } });
  expect(again.status).toBe(304);
});

test("pages of strangers get neither the page nor the data", async () => {
  const { url } = setUp();
  for (const path of ["/", "/live"]) {
    const rebound = await fetch(url + path, { headers: { Host: "attacker.example" } });
    expect([path, rebound.status]).toEqual([path, 403]);
    const stranger = await fetch(url + path, { headers: { Origin: "http://attacker.example" } });
    expect([path, stranger.status]).toEqual([path, 403]);
  }
  expect((await fetch(`${url}/live`)).status).toBe(426);
});

test("a viewer gets everything, with the past, and then four updates a second", async () => {
  const { clock, look } = setUp();
  await clock.advance(10_000);
  const viewer = await look();
  expect(viewer.hello.product).toMatchObject({ instanceId: "edge-1", version: "0.1.0" });
  expect(viewer.hello.history.times.length).toBeGreaterThanOrEqual(10);
  expect(viewer.hello.instruments).toEqual([["binance", "BTCUSDT"]]);
  expect(viewer.hello.board.feeds[0]).toMatchObject({ name: "binance", tone: "good", gaps: 3, symbolsLive: 1 });
  const fromMs = clock.wallUs() / 1000;
  await clock.advance(1000);
  const later = () => viewer.updates.filter(({ board }) => board.nowMs > fromMs).length;
  await until("four updates", () => later() >= 4);
  expect(later()).toBe(4);
});

test("nothing is made while nobody looks but one sample a second", async () => {
  const { clock, look, snapshots, taps } = setUp();
  await clock.advance(5000);
  expect(snapshots()).toBe(6);
  const viewer = await look();
  viewer.socket.close();
  await until("the end of the viewer", async () => {
    await clock.advance(250);
    return clock.armedTimers === 1;
  });
  const before = snapshots();
  await clock.advance(3000);
  expect(snapshots()).toBe(before + 3);
  expect(taps.quotes?.all()).toEqual([]);
});

test("events come once, and trouble of sink and spool is one", async () => {
  const { clock, source, taps, look } = setUp();
  taps.events.noteEvent(GAP);
  const viewer = await look();
  expect(viewer.hello.events.map(({ kind }) => kind)).toEqual(["gap"]);
  taps.events.noteEvent(GAP);
  source.sinkStatus = { kind: "kafka", isStarted: true, trouble: "refused hunter2" };
  source.spoolStatus = spoolStatus({ state: "full", trouble: "no room", unreadRecords: 5, unreadBytes: 10 });
  await clock.advance(2000);
  const told = () => viewer.updates.flatMap(({ events }) => events.map(({ kind, text }) => `${kind} ${text}`));
  await until("the events", () => told().length === 3);
  expect(told()).toEqual(["gap connection: nothing between 1 and 3", "sink refused [redacted]", "spool full: no room"]);
  expect(viewer.updates.at(-1)?.board).toMatchObject({
    sink: { tone: "bad", trouble: "refused [redacted]" },
    spool: { tone: "bad", unreadRecords: 5 },
  });
});

test("what venues write is clean of secrets and control characters", async () => {
  const { source, look } = setUp();
  const lastError = { code: "venue_error", message: "hunter2\u001b[2J", timeMs: 1 };
  const [connection] = feedStatus().connections;
  source.feedList = [feedStatus({ state: "failed", connections: [{ ...connection, lastError, retryInMs: 700 }] })];
  const viewer = await look();
  expect(viewer.hello.board.feeds[0]).toMatchObject({
    tone: "bad",
    reason: "venue_error: [redacted]\ufffd[2J",
    retryInMs: 700,
  });
  expect(JSON.stringify(viewer.messages)).not.toContain("hunter2");
});

test("a viewer may ask for the history of a feed, and for nothing else", async () => {
  const { clock, look } = setUp();
  await clock.advance(3000);
  const viewer = await look();
  viewer.socket.send('{"type":"plot","feed":"binance"}');
  await until("the history", () => viewer.messages.some(({ type }) => type === "history"));
  for (const nonsense of ["[]", "null", "{", '{"type":"stop","feed":null}', '{"type":"plot","feed":7}']) {
    const other = await look();
    other.socket.send(nonsense);
    await until(`the end of who says ${nonsense}`, () => other.closeCode === 1008);
  }
});

test("viewers are bounded", async () => {
  const { url, look } = setUp();
  const viewers = [];
  for (let i = 0; i < VIEWERS_MAX; i++) viewers.push(await look());
  expect((await fetch(`${url}/live`)).status).toBe(503);
  const late = new Viewer(`${url.replace("http", "ws")}/live`);
  await until("the refusal", () => late.socket.readyState === WebSocket.CLOSED);
  expect(late.messages).toEqual([]);
});

test("a viewer that does not read is skipped, holds nobody up, and is shown as skipped", async () => {
  const { clock, source, url, look } = setUp();
  source.feedList = Array.from({ length: 200 }, (_, i) => feedStatus({ name: `feed-${i}` }));
  const reader = await look();
  const deaf = connect(Number(new URL(url).port), "127.0.0.1");
  deaf.pause();
  ends.push(async () => void deaf.destroy());
  const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";
  deaf.write(
    `GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n${upgrade}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  const lastBoard = () => reader.updates.at(-1)?.board;
  await until("updates that were skipped", async () => {
    await clock.advance(250);
    return (lastBoard()?.viewers.skippedUpdates ?? 0) > 3;
  });
  expect(lastBoard()?.viewers.now).toBe(2);
  const isUpToDate = () => (lastBoard()?.nowMs ?? 0) >= clock.wallUs() / 1000 - 250;
  await until("the newest board at who reads", isUpToDate);
});

test("a defect of what is shown goes to the log, and the program and the dashboard go on", async () => {
  const { clock, source, logged, look } = setUp();
  const viewer = await look();
  const feeds = source.feeds;
  source.feeds = () => {
    throw new Error("broken");
  };
  await clock.advance(1000);
  expect(logged.join("")).toContain("dashboard_failed");
  source.feeds = feeds;
  const before = viewer.updates.length;
  await clock.advance(500);
  await until("updates", () => viewer.updates.length > before);
});

test("stop() sends viewers away and leaves no timer", async () => {
  const { clock, look, dashboard } = setUp();
  const viewer = await look();
  dashboard.stop();
  await until("the close", () => viewer.closeCode === 1001);
  expect(clock.armedTimers).toBe(0);
});
