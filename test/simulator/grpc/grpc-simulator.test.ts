import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionEnd } from "../../../src/adapters/adapter.ts";
import { GrpcAdapter, type GrpcAdapterOptions } from "../../../src/adapters/grpc/grpc-adapter.ts";
import { loadProtoFiles } from "../../../src/adapters/grpc/load-proto-files.ts";
import type { IngestError } from "../../../src/domain/ingest-error.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import type { QuoteView } from "../../../src/domain/quote.ts";
import { findGrpcDialect, SIMULATED_GRPC_VENUES } from "../../../src/simulator/grpc/grpc-dialect-registry.ts";
import { GrpcSimulator, type GrpcSimulatorOptions } from "../../../src/simulator/grpc/grpc-simulator.ts";
import type { ExpectedQuote } from "../../../src/simulator/venue-dialect.ts";
import { compileGrpcVenue } from "../../../src/venues/grpc/compile-grpc-venue.ts";
import { EMBEDDED_PROTOS } from "../../../src/venues/grpc/embedded-protos.ts";
import { type GrpcProfile, grpcProfileSchema } from "../../../src/venues/grpc/grpc-profile-schema.ts";
import { CountingClock } from "../../harness/counting-clock.ts";
import { createKafkaCertificates } from "../../harness/kafka-certificates.ts";
import { ManualPressure, RecordingMonitor } from "../../harness/recorders.ts";
import { waitUntil } from "../../harness/wait-until.ts";

const LIMIT_MS = 5000;
const PROFILES = join(import.meta.dir, "../../../config/venues");

function profileOf(venue: string): GrpcProfile {
  return grpcProfileSchema.parse(JSON.parse(readFileSync(join(PROFILES, `${venue}.json`), "utf8")));
}

/** A simulated venue and one session of our adapter that reads it by the built-in profile. */
class Pair {
  readonly sent = new Map<string, ExpectedQuote[]>();
  readonly received = new Map<string, ExpectedQuote[]>();
  readonly simulator: GrpcSimulator;
  readonly monitor = new RecordingMonitor();
  readonly clock = new CountingClock();
  readonly controller = new AbortController();
  readonly #adapter: Partial<GrpcAdapterOptions>;
  readonly #symbols: readonly string[];
  end: SessionEnd | IngestError | null = null;

  constructor(
    venue: string,
    options: Partial<GrpcSimulatorOptions> & { wanted?: readonly string[]; adapter?: Partial<GrpcAdapterOptions> } = {},
  ) {
    const dialect = findGrpcDialect(venue);
    if (dialect === null) throw new Error(`no dialect of ${venue}`);
    this.simulator = new GrpcSimulator(dialect, {
      venue,
      seed: 7,
      ratePerSecond: 500,
      onSent: (symbol, quote) => keep(this.sent, symbol, quote),
      ...options,
    });
    this.#adapter = options.adapter ?? {};
    this.#symbols = options.wanted ?? this.simulator.symbols;
  }

  async start(): Promise<this> {
    const profile = profileOf(this.simulator.venue);
    const adapter = new GrpcAdapter({
      venue: compileGrpcVenue(profile),
      address: this.simulator.clientSettings["ADDRESS"],
      schema: await loadProtoFiles({
        paths: profile.proto as string[],
        includes: [],
        embedded: EMBEDDED_PROTOS,
        readText: () => null,
      }),
      tls: null,
      token: () => this.simulator.clientSettings["TOKEN"] ?? null,
      rereadToken: null,
      rawPayload: "on",
      ...this.#adapter,
    });
    const { ended } = adapter.startSession({
      signal: this.controller.signal,
      epoch: 1,
      instruments: this.#symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "x", symbol })),
      quotes: { accept: (quote) => this.#accept(quote) },
      monitor: this.monitor,
      backpressure: new ManualPressure(),
      clock: this.clock,
    });
    const set = (end: SessionEnd | IngestError) => {
      this.end = end;
    };
    ended.then(set, set);
    return this;
  }

  get count(): number {
    return [...this.received.values()].reduce((sum, quotes) => sum + quotes.length, 0);
  }

  async hasQuotes(count: number): Promise<void> {
    await waitUntil(() => this.count >= count, { limitMs: LIMIT_MS, what: `${count} quotes` });
  }

  async isOver(): Promise<SessionEnd | IngestError> {
    await waitUntil(() => this.end !== null, { limitMs: LIMIT_MS, what: "the end of the session" });
    return this.end as SessionEnd | IngestError;
  }

  async stop(): Promise<void> {
    this.controller.abort();
    await this.isOver();
    this.simulator.stop();
    expect(this.clock.armedTimers).toBe(0);
  }

  #accept(quote: QuoteView): void {
    if (quote.instrument === null) return;
    quote.instrument.ownerEpoch = quote.epoch;
    quote.instrument.sequence++;
    const text = (start: number, end: number) =>
      start < 0 ? null : Buffer.from(quote.fields.subarray(start, end)).toString("latin1");
    keep(this.received, quote.instrument.symbol, {
      symbol: quote.instrument.symbol,
      bidPrice: text(quote.bidPriceStart, quote.bidPriceEnd),
      bidSize: text(quote.bidSizeStart, quote.bidSizeEnd),
      askPrice: text(quote.askPriceStart, quote.askPriceEnd),
      askSize: text(quote.askSizeStart, quote.askSizeEnd),
      sequence: text(quote.sequenceStart, quote.sequenceEnd),
      venueTimeMs: quote.venueTimeMs < 0 ? null : quote.venueTimeMs,
    });
  }
}

function keep(quotes: Map<string, ExpectedQuote[]>, symbol: string, quote: ExpectedQuote): void {
  const list = quotes.get(symbol) ?? [];
  quotes.set(symbol, list);
  list.push(quote);
}

const pairs: Pair[] = [];

async function startPair(...parameters: ConstructorParameters<typeof Pair>): Promise<Pair> {
  const pair = new Pair(...parameters);
  pairs.push(pair);
  return pair.start();
}

afterEach(async () => {
  for (const pair of pairs.splice(0)) await pair.stop();
});

describe.each([...SIMULATED_GRPC_VENUES])("the simulated %s, read by its profile", (venue) => {
  test("every quote arrives, digit by digit", async () => {
    const pair = await startPair(venue, { quoteLimit: 300 });
    const total = () => [...pair.sent.values()].reduce((sum, quotes) => sum + quotes.length, 0);
    await pair.hasQuotes(300);
    await waitUntil(() => pair.count === total(), { limitMs: LIMIT_MS, what: "the last quote" });
    expect(pair.received).toEqual(pair.sent);
    expect(pair.monitor.rejects).toEqual([]);
  });

  test("a flood comes as fast as it is read", async () => {
    const pair = await startPair(venue, { ratePerSecond: "full", quoteLimit: 20_000, onSent: () => {} });
    await pair.hasQuotes(20_000);
    expect(pair.simulator.stats().quotesSent).toBeGreaterThanOrEqual(20_000);
  });

  test("a refused symbol is told, and the others go on", async () => {
    const dialect = findGrpcDialect(venue);
    const symbols = dialect?.markets.map(({ symbol }) => symbol) ?? [];
    const pair = await startPair(venue);
    pair.simulator.refuse(symbols[1]);
    await waitUntil(() => pair.monitor.notes.some((note) => note.startsWith(`${symbols[1]} rejected: `)), {
      limitMs: LIMIT_MS,
      what: "the refusal",
    });
    await pair.hasQuotes(20);
    expect(pair.received.has(symbols[1])).toBe(false);
    expect(pair.end).toBeNull();
  });

  test("faults: garbage costs the message, a status and a cut the session", async () => {
    const pair = await startPair(venue);
    await pair.hasQuotes(5);
    for (let i = 0; i < 4; i++) pair.simulator.sendGarbage();
    await waitUntil(() => pair.monitor.rejects.length === 4, { limitMs: LIMIT_MS, what: "four rejects" });
    await pair.hasQuotes(pair.count + 5);
    pair.simulator.failCalls(14, "restarting");
    expect(await pair.isOver()).toMatchObject({ code: "venue_error", retry: "backoff" });
    await pair.start();
    pair.end = null;
    await pair.hasQuotes(pair.count + 5);
    pair.simulator.disconnectHard();
    expect(await pair.isOver()).toMatchObject({ code: "closed_unclean" });
  });

  test("silence stops everything, and what comes afterwards is whole", async () => {
    const pair = await startPair(venue);
    await pair.hasQuotes(5);
    pair.simulator.goSilent("all");
    await Bun.sleep(50);
    const frames = pair.monitor.frames;
    await Bun.sleep(100);
    expect(pair.monitor.frames).toBe(frames);
    pair.simulator.resume();
    await pair.hasQuotes(pair.count + 20);
    expect(pair.monitor.rejects).toEqual([]);
  });

  test("calls that are refused, and an end in good order", async () => {
    const pair = await startPair(venue);
    await pair.hasQuotes(1);
    pair.simulator.disconnect();
    expect(await pair.isOver()).toMatchObject({ reason: "planned" });
    pair.simulator.refuseCalls(8, "Too many streams");
    pair.end = null;
    await pair.start();
    expect(await pair.isOver()).toMatchObject({ code: "rate_limited" });
  });
});

test("quotes-units: pings are answered", async () => {
  const pair = await startPair("quotes-units", { quoteLimit: 1 });
  const isAnswered = () => pair.simulator.requests.some(({ text }) => text.endsWith(" bytes"));
  await waitUntil(isAnswered, { limitMs: LIMIT_MS, what: "an answer to a ping" });
  expect(pair.end).toBeNull();
});

test("finam: a wrong token is a fault of the configuration", async () => {
  const pair = await startPair("finam", { adapter: { token: () => "wrong" } });
  expect(await pair.isOver()).toMatchObject({ code: "logon_refused", retry: "never" });
});

test("quotes-book: an error within the stream ends the session by a status", async () => {
  const pair = await startPair("quotes-book");
  await pair.hasQuotes(3);
  pair.simulator.sendError("overloaded");
  expect(await pair.isOver()).toMatchObject({ code: "venue_error" });
});

test("TLS with certificates on both sides", async () => {
  const folder = mkdtempSync(join(tmpdir(), "grpc-sim-"));
  try {
    const { caFile, clientCertFile, clientKeyFile } = await createKafkaCertificates(folder);
    const read = (name: string) => readFileSync(name, "utf8");
    const pair = await startPair("quotes-book", {
      tls: {
        key: read(join(folder, "broker.key")),
        cert: read(join(folder, "broker.pem")),
        clientCa: read(caFile),
      },
      adapter: {
        tls: {
          caPem: read(caFile),
          certPem: read(clientCertFile),
          keyPem: read(clientKeyFile),
          serverName: "localhost",
        },
      },
    });
    await pair.hasQuotes(10);
    expect(pair.simulator.url).toStartWith("grpcs://");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
