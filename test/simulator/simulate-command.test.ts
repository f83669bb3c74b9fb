import { expect, test } from "bun:test";
import { runSimulatorProcess } from "../../src/simulator/simulate-command.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { FixClient } from "./fix/fix-client.ts";
import { VenueClient } from "./venue-client.ts";

function start(...argv: string[]): { lines: string[]; stop: () => void; ended: Promise<void> } {
  const lines: string[] = [];
  const abort = new AbortController();
  const io = {
    clock: new FakeClock(),
    random: () => 0.25,
    writeLine: (line: string) => lines.push(line),
    signal: abort.signal,
  };
  return { lines, stop: () => abort.abort(), ended: runSimulatorProcess(argv, io) };
}

test("runSimulatorProcess() prints where it listens, serves, and prints its counters at the end", async () => {
  const { lines, stop, ended } = start(
    "--venue",
    "binance",
    "--rate",
    "full",
    "--symbols",
    "AUSDT,BUSDT",
    "--limit",
    "100",
  );
  const first = JSON.parse(lines[0]) as { url: string; port: number };
  expect(first).toMatchObject({ venue: "binance", symbols: ["AUSDT", "BUSDT"], seed: 536_870_911 });
  expect(first.url).toBe(`ws://127.0.0.1:${first.port}/stream`);
  const client = new VenueClient(first.url);
  await client.opened();
  client.send({ method: "LIST_SUBSCRIPTIONS", id: 1 });
  expect(await client.next()).toEqual({ result: [], id: 1 });
  client.vanish();
  stop();
  await ended;
  expect(JSON.parse(lines[1])).toMatchObject({ sessionsOpened: 1, requests: 1, quotesSent: 0 });
});

test("runSimulatorProcess() rejects bad arguments before it listens", async () => {
  await expect(start().ended).rejects.toThrow("Cannot run simulate: --venue is needed");
  await expect(start("--venue", "okx", "--port", "99999", "--limit", "1.5").ended).rejects.toThrow(
    "--port must be a whole number above -1 and at most 65535: it is '99999'; --limit must be a whole number",
  );
  await expect(start("--replay", "/nonexistent").ended).rejects.toThrow("Cannot replay '/nonexistent'");
});

test("runSimulatorProcess() of an LP says what a client must set, and sends as deep a book as asked for", async () => {
  const { lines, stop, ended } = start("--venue", "ctrader", "--levels", "7", "--symbols", "1,42");
  const first = JSON.parse(lines[0]) as { port: number; settings: Record<string, string> };
  expect(first).toMatchObject({ venue: "ctrader", host: "127.0.0.1", url: `tcp://127.0.0.1:${first.port}` });
  expect(first.settings).toEqual({
    ENABLED: "true",
    HOST: "127.0.0.1",
    PORT: String(first.port),
    SENDER: "EDGE",
    TARGET: "CSERVER",
    SESSION_DAYS: "all",
    USERNAME: "demo",
    PASSWORD: "demo",
  });
  const client = new FixClient(first.port, { target: "CSERVER" });
  await client.loggedOn([
    [141, "Y"],
    [553, "demo"],
    [554, "demo"],
  ]);
  client.subscribe("r1", ["42"], { depth: 0 });
  expect((await client.expect("W")).text).toContain("|268=14|");
  client.vanish();
  stop();
  await ended;
  expect(JSON.parse(lines[1])).toMatchObject({ quotesSent: 1, sentBySymbol: { "1": 0, "42": 1 } });
  await expect(start("--venue", "ctrader", "--cert", "/nonexistent").ended).rejects.toThrow(
    /--cert cannot be read: .*ENOENT/,
  );
});
