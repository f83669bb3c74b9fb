import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkFeed, type FeedCheck } from "../../src/assembly/check-feed.ts";
import { type AcceptorConnection, type ReceivedMessage, ScriptedAcceptor } from "../harness/scripted-acceptor.ts";
import { adapterParts, type Env, fixFeed } from "./prepared-feeds.ts";

let acceptor: ScriptedAcceptor;
let stateDir: string;

beforeEach(() => {
  acceptor = new ScriptedAcceptor();
  stateDir = mkdtempSync(join(tmpdir(), "edge-ingester-check-"));
});

afterEach(() => {
  acceptor.stop();
  rmSync(stateDir, { recursive: true });
});

/** One try of an LP that never closes, on the acceptor's port unless told otherwise. */
async function check(more: Env = {}): Promise<FeedCheck> {
  const feed = await fixFeed({
    FEEDS: "lp",
    LP_VENUE: "fix-generic",
    LP_SYMBOLS: "EUR/USD,GBP/USD",
    LP_HOST: "127.0.0.1",
    LP_PORT: String(acceptor.port),
    LP_SENDER: "US",
    LP_TARGET: "LP",
    LP_SESSION_DAYS: "all",
    ...more,
  });
  return await checkFeed(feed, adapterParts(stateDir));
}

/** Answers a request for one symbol with its snapshot. */
function quote(connection: AcceptorConnection, request: ReceivedMessage): void {
  connection.send("W", [
    [262, request.get(262) ?? ""],
    [55, request.get(55) ?? ""],
    [268, "2"],
    [269, "0"],
    [270, "1.10"],
    [271, "1000000"],
    [269, "1"],
    [270, "1.11"],
    [271, "1000000"],
  ]);
}

/** Quotes every symbol but those named, which are refused. */
function quoteAllBut(refused: readonly string[]): ScriptedAcceptor["onMessage"] {
  return (connection, message) => {
    if (message.type !== "V" || message.get(263) !== "1") return false;
    if (!refused.includes(message.get(55) ?? "")) quote(connection, message);
    else {
      connection.send("Y", [
        [262, message.get(262) ?? ""],
        [281, "0"],
        [58, "Unknown symbol"],
      ]);
    }
    return true;
  };
}

describe("checkFeed() of a FIX feed", () => {
  test("checkFeed() logs on, waits for a quote of every symbol, and logs out", async () => {
    acceptor.onMessage = quoteAllBut([]);
    const row = await check();
    expect(row).toMatchObject({ subject: "feed lp", variable: "LP_HOST", isGood: true });
    expect(row.detail).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+: 2 of 2 symbols quoted in \d+ ms$/);
    await acceptor.newest.receives("5");
  });

  test("checkFeed() blames the symbols where one is refused", async () => {
    acceptor.onMessage = quoteAllBut(["GBP/USD"]);
    const row = await check();
    expect(row).toMatchObject({ variable: "LP_SYMBOLS", isGood: false });
    expect(row.detail).toContain("1 of 2 symbols quoted");
    expect(row.detail).toContain("GBP/USD refused: Unknown symbol");
  });

  test("checkFeed() blames the password where the logon is refused, with the LP's words", async () => {
    acceptor.onMessage = (connection, message) => {
      if (message.type !== "A") return false;
      connection.send("5", [[58, "Invalid password"]]);
      connection.end();
      return true;
    };
    const row = await check({ LP_USERNAME: "edge1", LP_PASSWORD: "canary-canary" });
    expect(row).toMatchObject({ variable: "LP_PASSWORD", isGood: false });
    expect(row.detail).toContain('the LP refused: "Invalid password"');
    expect(row.detail).not.toContain("canary");
    expect(await check()).toMatchObject({ variable: "LP_SENDER", isGood: false });
  });

  test("checkFeed() blames the host where nobody listens", async () => {
    const { port } = acceptor;
    acceptor.stop();
    expect(await check({ LP_PORT: String(port) })).toMatchObject({ variable: "LP_HOST", isGood: false });
  });

  test("checkFeed() uses the session numbers that are kept, and leaves them as the LP has them", async () => {
    acceptor.onMessage = quoteAllBut([]);
    await check({ LP_RESET: "never" });
    const first = acceptor.newest.received.map((message) => Number(message.get(34)));
    expect(first[0]).toBe(1);
    expect(await check({ LP_RESET: "never" })).toMatchObject({ isGood: true });
    const second = acceptor.newest.received.map((message) => Number(message.get(34)));
    expect(second[0]).toBe(Math.max(...first) + 1);
  });

  test("checkFeed() tries nothing outside the trading hours, and says when they begin", async () => {
    const opensAt = new Date(Date.now() + 3_600_000).toISOString();
    const closesAt = new Date(Date.now() + 7_200_000).toISOString();
    const row = await check({
      LP_SESSION_DAYS: "Mon,Tue,Wed,Thu,Fri,Sat,Sun",
      LP_SESSION_TZ: "UTC",
      LP_SESSION_START: opensAt.slice(11, 19),
      LP_SESSION_END: closesAt.slice(11, 19),
    });
    expect(row).toMatchObject({ variable: "LP_SESSION_START", isGood: true });
    expect(row.detail).toContain(`not tried, as the session is closed until ${opensAt.slice(0, 16)}`);
    expect(acceptor.connections).toHaveLength(0);
  });
});
