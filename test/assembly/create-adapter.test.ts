import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Adapter } from "../../src/adapters/adapter.ts";
import { createAdapter } from "../../src/assembly/create-adapter.ts";
import { enabledFeeds } from "../../src/assembly/prepare-feeds.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";
import { RecordingMonitor } from "../harness/recorders.ts";
import { ScriptedAcceptor } from "../harness/scripted-acceptor.ts";
import { adapterParts, type Env, fixFeed, prepare } from "./prepared-feeds.ts";

const clock = new SystemClock();
const LP = { FEEDS: "lp", LP_VENUE: "fix-generic", LP_SYMBOLS: "EUR/USD", LP_SENDER: "US", LP_TARGET: "LP" };
let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "edge-ingester-adapter-"));
});

afterEach(() => rmSync(stateDir, { recursive: true }));

async function fixAdapter(more: Env): Promise<Adapter> {
  return createAdapter(await fixFeed({ ...LP, ...more }), adapterParts(stateDir));
}

describe("createAdapter()", () => {
  test("createAdapter() names where it connects to, without secrets", async () => {
    const at = { LP_HOST: "fix.example", LP_PORT: "9880", LP_USERNAME: "canary", LP_PASSWORD: "canary" };
    expect((await fixAdapter(at)).target).toBe("tcp://fix.example:9880");
    expect((await fixAdapter({ ...at, LP_TLS: "on" })).target).toBe("tls://fix.example:9880");
    const { feeds } = await prepare({ FEEDS: "binance" });
    const [binance] = enabledFeeds(feeds);
    if (binance === undefined) throw new Error("binance is not enabled");
    expect(createAdapter(binance, adapterParts(stateDir))).toMatchObject({
      transport: "websocket",
      target: expect.stringContaining("wss://"),
    });
  });

  test("createAdapter() gives a FIX feed the calendar of its hours", async () => {
    const at = { LP_HOST: "fix.example", LP_PORT: "9880", LP_SESSION_TZ: "UTC", LP_SESSION_START: "08:00" };
    const { calendar } = await fixAdapter({ ...at, LP_SESSION_END: "18:00", LP_SESSION_DAYS: "Mon,Tue,Wed,Thu,Fri" });
    const mondayMs = Date.UTC(2026, 10, 23, 7);
    expect(calendar?.msUntilOpen(mondayMs)).toBe(3_600_000);
    expect(calendar?.msUntilOpen(mondayMs + 3_600_000)).toBe(0);
    expect(calendar?.msUntilClose(mondayMs + 3_600_000)).toBe(10 * 3_600_000);
  });

  test("createAdapter() puts every setting of a FIX feed where it belongs on the wire", async () => {
    const acceptor = new ScriptedAcceptor();
    const adapter = await fixAdapter({
      LP_HOST: "127.0.0.1",
      LP_PORT: String(acceptor.port),
      LP_SENDER_SUB: "QUOTE",
      LP_TARGET_SUB: "PRICES",
      LP_HEARTBEAT_S: "17",
      LP_USERNAME: "edge1",
      LP_PASSWORD: "canary",
      LP_DEPTH: "5",
      LP_RESET: "never",
      LP_SESSION_DAYS: "all",
    });
    const stop = new AbortController();
    const feed = await fixFeed({ ...LP, LP_HOST: "127.0.0.1", LP_PORT: "1" });
    const session = adapter.startSession({
      signal: stop.signal,
      epoch: 1,
      instruments: feed.instruments,
      quotes: { accept: () => {} },
      monitor: new RecordingMonitor(),
      backpressure: { isPaused: false, onChange: () => () => {} },
      clock,
    });
    const connection = await acceptor.loggedOn();
    const logon = await connection.receives("A");
    const wanted: [number, string | null][] = [
      [49, "US"],
      [56, "LP"],
      [50, "QUOTE"],
      [57, "PRICES"],
      [108, "17"],
      [141, null],
      [553, "edge1"],
      [554, "canary"],
    ];
    expect(wanted.map(([tag]) => [tag, logon.get(tag)])).toEqual(wanted);
    const request = await connection.receives("V");
    expect([request.get(264), request.get(55)]).toEqual(["5", "EUR/USD"]);
    stop.abort();
    expect(await session.ended).toEqual({ reason: "aborted" });
    acceptor.stop();
  });
});
