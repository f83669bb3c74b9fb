// What was recorded and what the compiled binary makes of it when it is replayed: the same quotes.
import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import recordSchema from "../../config/record.schema.json" with { type: "json" };
import { type EnabledFeed, enabledFeeds, prepareFeeds } from "../../src/assembly/prepare-feeds.ts";
import { recordingHeader } from "../../src/assembly/recording/record-header.ts";
import type { RecordedStep } from "../../src/assembly/recording/recording-format.ts";
import { RecordingWriter } from "../../src/assembly/recording/recording-writer.ts";
import { tapFeed } from "../../src/assembly/recording/tap-feed.ts";
import { createSoloFeed } from "../../src/assembly/solo-feed.ts";
import { readConfigFile } from "../../src/config/config-file.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import type { QuoteView } from "../../src/domain/quote.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";
import {
  type Simulator,
  startFixSimulator,
  startGrpcSimulator,
  startRestSimulator,
  startSimulator,
} from "../../src/simulator/simulator.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { venueTransports } from "../../src/venues/built-in-venues.ts";
import { waitUntil } from "../harness/wait-until.ts";
import { emptyFolder, runBinary } from "./binary.ts";
import { feedEnv, type ReadableVenue, WAIT_LIMIT_MS } from "./program.ts";

const SEED = Number(process.env["VENUE_SEED"] ?? 20_260_103);
const TEST_LIMIT_MS = 60_000;
const QUOTES = 40;
const clock = new SystemClock();
const venues: Simulator[] = [];

afterAll(() => {
  for (const venue of venues) venue.stop();
});

/** One quote as text, to compare. */
type QuoteText = Readonly<Record<string, unknown>>;

function quoteText(quote: QuoteView): QuoteText {
  const slice = (start: number, end: number) =>
    start < 0 ? null : Buffer.from(quote.fields.subarray(start, end)).toString("latin1");
  return {
    symbol: quote.instrument?.symbol,
    bidPrice: slice(quote.bidPriceStart, quote.bidPriceEnd),
    bidSize: slice(quote.bidSizeStart, quote.bidSizeEnd),
    askPrice: slice(quote.askPriceStart, quote.askPriceEnd),
    askSize: slice(quote.askSizeStart, quote.askSizeEnd),
    receivedUs: quote.receivedTimeUs,
    venueSequence: slice(quote.sequenceStart, quote.sequenceEnd) ?? undefined,
  };
}

function recordText({ payload }: { payload: Record<string, unknown> }): QuoteText {
  return {
    symbol: payload["sourceSymbol"],
    bidPrice: payload["bidPrice"],
    bidSize: payload["bidSize"],
    askPrice: payload["askPrice"],
    askSize: payload["askSize"],
    receivedUs: payload["receivedTimestampUs"],
    venueSequence: payload["venueSequence"],
  };
}

/** Records a feed until it has quoted enough, with a reconnect half way; gives the quotes it saw. */
async function record(
  path: string,
  env: Readonly<Record<string, string>>,
  disturb: () => void = () => {},
): Promise<QuoteText[]> {
  const options = {
    readFile: readConfigFile,
    venues: venueTransports(),
    hostName: "here",
    checkDictionary: async () => null,
  };
  const loaded = loadConfig({ FEEDS: "feed", STATE_DIR: emptyFolder(), ...env }, options);
  if (loaded.config === null) throw new Error(`Cannot load: ${JSON.stringify(loaded.problems)}`);
  const { feeds } = await prepareFeeds(loaded.config, options);
  const feed = enabledFeeds(feeds).find(({ config }) => config.name === "feed");
  if (feed === undefined) throw new Error("the feed was not prepared");
  const write = (step: RecordedStep) => writer.write(step);
  const tapped = tapFeed(feed, write);
  if (tapped === null) throw new Error("the feed cannot be recorded");
  const header = recordingHeader({ feed, settings: loaded.settings, env, files: new Map(), nowMs: Date.now() });
  const writer = new RecordingWriter({ path, header, clock, bytesMax: 1e9, onEnd: () => {} });
  const seen: QuoteText[] = [];
  const solo = createSoloFeed({
    feed: tapped,
    config: loaded.config,
    clock,
    random: () => 0.5,
    readSecret: async () => null,
    log: createLog({ level: "silent", redact: (text) => text, clock }),
    onQuote: (quote) => void seen.push(quoteText(quote)),
    onEvent: () => {},
    interruptions: {
      interrupt: (instruments, reason, timeUs) =>
        write({ kind: "interrupt", timeUs, reason, symbols: instruments.map(({ symbol }) => symbol) }),
      reportGap: () => {},
    },
  });
  const untilSeen = (count: number) =>
    waitUntil(async () => seen.length >= count, { limitMs: WAIT_LIMIT_MS, what: `${count} quotes` });
  solo.start();
  await untilSeen(QUOTES / 2);
  disturb();
  await untilSeen(seen.length + QUOTES);
  await solo.stop();
  const before = seen.length;
  solo.start();
  await untilSeen(before + QUOTES / 2);
  await solo.stop();
  writer.close(clock.wallUs());
  return seen;
}

function env(venue: Simulator & ReadableVenue, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  venues.push(venue);
  return feedEnv("feed", venue, more);
}

const rate = { seed: SEED, ratePerSecond: 300 };
/** Messages are lost on the way: books are given up and asked for anew. */
function loseSome(): void {
  const venue = venues.at(-1);
  const symbol = venue?.symbols[0] ?? "";
  venue?.skipSequence(symbol, 3);
}

const CASES: readonly [string, () => Record<string, string>][] = [
  [
    "websocket",
    () => {
      const venue = startSimulator({ venue: "kraken", ...rate });
      venues.push(venue);
      return {
        FEED_VENUE: "kraken",
        FEED_URL: venue.url,
        FEED_SYMBOLS: "BTC/USD,ETH/USD",
        FEED_INITIAL_DELAY_MS: "50",
      };
    },
  ],
  ["rest", () => env(startRestSimulator({ venue: "binance-rest", ...rate }), { POLL_INTERVAL_MS: "50" })],
  ["fix", () => env(startFixSimulator({ venue: "fix-generic", ...rate }))],
  ["fix by quote stream", () => env(startFixSimulator({ venue: "fxspotstream", ...rate }))],
  ["signed fix", () => env(startFixSimulator({ venue: "binance-fix", ...rate }))],
  ["grpc", () => env(startGrpcSimulator({ venue: "quotes-units", ...rate }))],
];

describe("record and replay", () => {
  for (const [transport, settings] of CASES) {
    test(
      `a recorded ${transport} feed gives the same quotes when it is replayed, and a gap where it reconnected`,
      async () => {
        const path = join(emptyFolder(), "feed.rec");
        const seen = await record(path, settings(), loseSome);
        const { code, stdout, stderr } = await runBinary(["replay", path, "--speed", "max"]);
        expect([code, stderr]).toEqual([0, expect.stringContaining("messages played")]);
        const records = stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line));
        expect(records.map(recordText)).toEqual(seen);
        const gaps = records.filter(({ metadata }) => metadata.gap !== undefined);
        expect(gaps.map(({ metadata }) => metadata.gap.reasons)).toContainEqual(["disconnect"]);
        const schema = z.fromJSONSchema(recordSchema as Parameters<typeof z.fromJSONSchema>[0]);
        for (const one of records) schema.parse(one);
        expect(() => schema.parse({ ...records[0], more: 1 })).toThrow();
      },
      TEST_LIMIT_MS,
    );
  }

  test(
    "the binary records by itself, keeps no secret, touches no file that is there, and replays another machine's file",
    async () => {
      const venue = startRestSimulator({ venue: "oanda", ...rate });
      const settings = env(venue, { POLL_INTERVAL_MS: "50" });
      const secrets = Object.entries(settings).filter(([name]) => /TOKEN|ACCOUNT/.test(name));
      expect(secrets.length).toBeGreaterThan(0);
      const path = join(emptyFolder(), "oanda.rec");
      const recorded = await runBinary(["record", "feed", "--out", path, "--count", "20"], settings);
      expect([recorded.code, recorded.stderr]).toEqual([0, expect.stringContaining("quotes")]);
      const text = Buffer.from(Bun.zstdDecompressSync(readFileSync(path))).toString("utf8");
      for (const [name, value] of secrets) if (name.endsWith("TOKEN")) expect(text).not.toContain(value);
      const again = await runBinary(["record", "feed", "--out", path, "--count", "1"], settings);
      expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("it is there already")]);
      const replayed = await runBinary(["replay", path, "--speed", "max"]);
      expect(replayed.stdout.trim().split("\n").length).toBeGreaterThanOrEqual(20);
      expect(replayed.code).toBe(0);
    },
    TEST_LIMIT_MS,
  );

  test(
    "a cut recording is played as far as it goes and told, another file is refused",
    async () => {
      const folder = emptyFolder();
      const path = join(folder, "feed.rec");
      await record(path, CASES[0][1]());
      truncateSync(path, readFileSync(path).length - 40);
      const cut = await runBinary(["replay", path, "--speed", "max"]);
      expect(cut.code).toBe(1);
      expect(cut.stderr).toMatch(/cut off|Cannot read the recording/);
      const other = join(folder, "other");
      writeFileSync(other, Bun.zstdCompressSync('{"kind":"header"}\n'));
      for (const file of [other, join(folder, "nowhere"), import.meta.path]) {
        const refused = await runBinary(["replay", file]);
        expect([file, refused.code]).toEqual([file, 2]);
        expect(refused.stderr).toContain("Cannot read the recording");
      }
    },
    TEST_LIMIT_MS,
  );

  test(
    "wrong words are told, and what cannot be recorded is not tapped",
    async () => {
      for (const args of [["record"], ["record", "binance"], ["replay"], ["replay", "x", "--speed", "0"], ["probe"]]) {
        expect([args, (await runBinary(args)).code]).toEqual([args, 2]);
      }
      const byReflection = { transport: "grpc", schema: null } as unknown as EnabledFeed;
      expect(tapFeed(byReflection, () => {})).toBeNull();
    },
    TEST_LIMIT_MS,
  );
});
