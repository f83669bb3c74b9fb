import { expect, test } from "bun:test";
import { runSimulatorProcess } from "../../src/simulator/simulate-command.ts";
import { FakeClock } from "../harness/fake-clock.ts";
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
