// What the compiled binary writes is what the published JSON Schema says: quotes of all four transports and events, in both
// formats.
import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { CloudEvent } from "cloudevents";
import {
  type Simulator,
  startFixSimulator,
  startGrpcSimulator,
  startRestSimulator,
  startSimulator,
} from "../../src/simulator/simulator.ts";
import { recordKindOf } from "../harness/record-schema.ts";
import { waitUntil } from "../harness/wait-until.ts";
import { emptyFolder } from "./binary.ts";
import { environment, feedEnv, start, untilQuoted, WAIT_LIMIT_MS } from "./program.ts";

const SEED = Number(process.env["VENUE_SEED"] ?? 20_260_103);
const TEST_LIMIT_MS = 40_000;
const venues: Simulator[] = [];

afterAll(() => {
  for (const venue of venues) venue.stop();
});

/** One feed of each transport. */
function allTransports() {
  const rate = { seed: SEED, ratePerSecond: 300 };
  const simulators = {
    socket: startSimulator({ venue: "coinbase", ...rate }),
    polled: startRestSimulator({ venue: "binance-rest", ...rate }),
    streamed: startGrpcSimulator({ venue: "quotes-units", ...rate }),
    lp: startFixSimulator({ venue: "fix-generic", ...rate }),
  };
  venues.push(...Object.values(simulators));
  const { socket, polled, streamed, lp } = simulators;
  const feeds = {
    socket: feedEnv("socket", socket, { URL: socket.url, STALE_AFTER_MS: "1000" }),
    polled: feedEnv("polled", polled, { POLL_INTERVAL_MS: "50" }),
    streamed: feedEnv("streamed", streamed),
    lp: feedEnv("lp", lp),
  };
  return { socket, lp, feeds };
}

/** Makes the venues do what each kind of event tells of, and waits until a record of it is there. */
async function bringAboutEvents(file: Database, { socket, lp }: { socket: Simulator; lp: Simulator }): Promise<void> {
  const untilWritten = async (eventType: string) => {
    const query = file.query("SELECT 1 FROM records WHERE headers LIKE ? LIMIT 1");
    const isSo = async () => query.get(`%${eventType}%`) !== null;
    await waitUntil(isSo, { limitMs: WAIT_LIMIT_MS, what: eventType });
  };
  lp.skipSequence(lp.symbols[0], 3);
  await untilWritten("market-data.sequence-gap");
  socket.sendRaw('{"type":"ticker","product_id":7}');
  await untilWritten("market-data.rejected");
  socket.goSilent("all");
  await untilWritten("market-data.feed-stale");
  socket.resume();
}

describe.each([
  ["json", ""],
  ["cloudevents", "CloudEvent"],
])("KAFKA_VALUE_FORMAT=%s", (format, suffix) => {
  test(
    "SINK=stdout: each line is a quote of the schema, whatever the transport",
    async () => {
      const { feeds } = allTransports();
      const program = await start({ ...environment(feeds), SINK: "stdout", KAFKA_VALUE_FORMAT: format });
      await untilQuoted(program, Object.keys(feeds));
      program.run.signal("SIGTERM");
      const { code, stdout } = await program.run.ended;
      expect(code).toBe(0);
      const values = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      for (const value of values) expect(recordKindOf(value)).toBe(`quote${suffix}`);
      const sources = values.map(({ payload, data }) => (payload ?? data.payload).source);
      expect(new Set(sources)).toEqual(new Set(Object.keys(feeds)));
    },
    TEST_LIMIT_MS,
  );

  test(
    "SINK=sqlite: quotes, events and rejected messages are records of the schema",
    async () => {
      const { feeds, ...simulators } = allTransports();
      const folder = emptyFolder();
      const SQLITE_FILE = join(folder, "records.sqlite");
      const env = { ...environment(feeds), SINK: "sqlite", SQLITE_FILE, KAFKA_VALUE_FORMAT: format };
      const program = await start(env);
      await untilQuoted(program, Object.keys(feeds));
      const file = new Database(SQLITE_FILE, { readonly: true });
      await bringAboutEvents(file, simulators);
      program.run.signal("SIGTERM");
      expect((await program.run.ended).code).toBe(0);
      const values = (file.query("SELECT value FROM records").values() as string[][]).map(([text]) => JSON.parse(text));
      file.close();
      rmSync(folder, { recursive: true });
      const kinds = new Set(values.map(recordKindOf));
      const wanted = ["quote", "feedStatus", "sequenceGap", "feedStale", "rejected"].map((kind) => kind + suffix);
      expect(kinds).toEqual(new Set(wanted));
      if (format === "json") return;
      for (const value of values) expect(new CloudEvent(value).validate()).toBe(true);
      expect(new Set(values.map(({ id }) => id)).size).toBe(values.length);
    },
    TEST_LIMIT_MS,
  );
});
