import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { SessionEnd } from "../../../src/adapters/adapter.ts";
import { GrpcAdapter, type GrpcAdapterOptions } from "../../../src/adapters/grpc/grpc-adapter.ts";
import type { IngestError } from "../../../src/domain/ingest-error.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import type { CompiledGrpcVenue } from "../../../src/venues/compiled-grpc-venue.ts";
import { CountingClock } from "../../harness/counting-clock.ts";
import { FrontDoor } from "../../harness/front-door.ts";
import {
  createPlainVenue,
  loadPlainSchema,
  type PlainCall,
  PlainGrpcServer,
  type PlainRequest,
  plainEvent,
} from "../../harness/grpc-plain-venue.ts";
import { ManualPressure, RecordingMonitor, RecordingQuotes } from "../../harness/recorders.ts";
import { waitUntil } from "../../harness/wait-until.ts";

const LIMIT_MS = 3000;
const server = await PlainGrpcServer.start();
const schema = await loadPlainSchema();
const requests: string[] = [];
let newest: PlainCall | null = null;
let session: RunningSession | null = null;

class RunningSession {
  readonly monitor = new RecordingMonitor();
  readonly quotes = new RecordingQuotes();
  readonly clock = new CountingClock();
  readonly pressure = new ManualPressure();
  readonly controller = new AbortController();
  readonly instruments = ["A", "B"].map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "feed", symbol }));
  readonly session;
  end: SessionEnd | IngestError | null = null;

  constructor(venue: CompiledGrpcVenue, options: Partial<GrpcAdapterOptions> = {}) {
    const adapter = new GrpcAdapter({
      venue,
      address: `127.0.0.1:${server.port}`,
      schema,
      tls: null,
      token: null,
      rereadToken: null,
      rawPayload: "off",
      ...options,
    });
    this.session = adapter.startSession({
      signal: this.controller.signal,
      epoch: 1,
      instruments: this.instruments,
      quotes: this.quotes,
      monitor: this.monitor,
      backpressure: this.pressure,
      clock: this.clock,
    });
    const keep = (end: SessionEnd | IngestError) => {
      this.end = end;
    };
    this.session.ended.then(keep, keep);
  }

  async has(note: string): Promise<void> {
    await waitUntil(() => this.monitor.notes.includes(note), { limitMs: LIMIT_MS, what: note });
  }

  async isOver(): Promise<SessionEnd | IngestError> {
    await waitUntil(() => this.end !== null, { limitMs: LIMIT_MS, what: "the end" });
    expect(this.clock.armedTimers).toBe(0);
    return this.end as SessionEnd | IngestError;
  }
}

function start(venue: CompiledGrpcVenue, options: Partial<GrpcAdapterOptions> = {}): RunningSession {
  session = new RunningSession(venue, options);
  return session;
}

/** Takes every request and answers as `reply` says. */
function answerWith(reply: (call: PlainCall, request: PlainRequest) => void): void {
  server.onRequest = (call, request) => {
    newest = call;
    requests.push(request.leave.length > 0 ? `leave ${request.leave}` : `ask ${request.symbols}`);
    reply(call, request);
  };
}

function ackAll(call: PlainCall, { symbols }: PlainRequest): void {
  for (const symbol of symbols) call.write(plainEvent({ answer: { symbol, refusal: "" } }));
}

beforeEach(() => {
  requests.length = 0;
});

afterEach(async () => {
  session?.controller.abort();
  await session?.isOver();
  session = null;
});

afterAll(() => server.stop());

describe("a bidirectional session", () => {
  test("asks once more for what was not answered, then counts it as refused", async () => {
    answerWith((call, request) => {
      if (request.symbols.includes("A")) ackAll(call, { symbols: ["A"], leave: [] });
    });
    const running = start(createPlainVenue("bidirectional", { ackTimeoutMs: 60 }));
    await running.has("B rejected: no answer within 60 ms, twice");
    expect(requests).toEqual(["ask A,B", "leave B", "ask B"]);
    expect(running.end).toBeNull();
  });

  test("with no answer at all it fails", async () => {
    answerWith(() => {});
    const running = start(createPlainVenue("bidirectional", { ackTimeoutMs: 40 }));
    expect(await running.isOver()).toMatchObject({ code: "subscribe_timeout" });
  });

  test("resubscribes by leaving and asking, at most every five seconds", async () => {
    answerWith(ackAll);
    const running = start(createPlainVenue("bidirectional"));
    await running.has("B acked");
    running.session.resubscribe(running.instruments[0], "gap");
    await waitUntil(() => requests.length === 3, { limitMs: LIMIT_MS, what: "the second request" });
    expect(requests).toEqual(["ask A,B", "leave A", "ask A"]);
    await waitUntil(() => running.monitor.notes.at(-1) === "A acked", { limitMs: LIMIT_MS, what: "the second ack" });
    running.session.resubscribe(running.instruments[0], "gap");
    await Bun.sleep(50);
    expect(requests.length).toBe(3);
    expect(running.clock.armedTimers).toBeGreaterThan(0);
  });

  test("a notice asks for a reconnect; a failure once all is quoted ends the session", async () => {
    answerWith(ackAll);
    const running = start(createPlainVenue("bidirectional"));
    await running.has("B acked");
    newest?.write(plainEvent({ leave: "maintenance" }));
    await running.has("reconnect asked: maintenance");
    for (const symbol of ["A", "B"]) newest?.write(plainEvent({ quote: { symbol, bid: "1", ask: "2" } }));
    newest?.write(plainEvent({ failure: "overloaded" }));
    expect(await running.isOver()).toMatchObject({ code: "venue_error" });
    expect(String(running.end)).toContain('"overloaded"');
  });

  test("with a token that was renewed the call is made anew, and nothing is taken back", async () => {
    answerWith((call, request) => {
      const isGood = call.metadata.get("authorization")[0] === "new";
      if (isGood) ackAll(call, request);
      else call.emit("error", { code: 16, details: "expired" });
    });
    const rereadToken = async () => "new";
    const venue = createPlainVenue("bidirectional", { metadata: { authorization: "{token}" } });
    const running = start(venue, { token: () => "old", rereadToken });
    await running.has("B acked");
    expect(requests).toEqual(["ask A,B", "ask A,B"]);
  });

  test("an end in good order is one by plan", async () => {
    answerWith(ackAll);
    const running = start(createPlainVenue("bidirectional"));
    await running.has("B acked");
    newest?.end();
    expect(await running.isOver()).toMatchObject({ reason: "planned" });
  });
});

describe("a server-streaming session", () => {
  test("a symbol that is asked for anew is taken from its new call alone", async () => {
    const calls: PlainCall[] = [];
    answerWith((call, request) => {
      calls.push(call);
      ackAll(call, request);
    });
    const running = start(createPlainVenue("server"));
    await running.has("B acked");
    running.session.resubscribe(running.instruments[0], "gap");
    await waitUntil(() => calls.length === 2, { limitMs: LIMIT_MS, what: "the second call" });
    calls[0].write(plainEvent({ quote: { symbol: "A", bid: "1", ask: "2" } }));
    calls[0].write(plainEvent({ quote: { symbol: "B", bid: "3", ask: "4" } }));
    calls[1].write(plainEvent({ quote: { symbol: "A", bid: "5", ask: "6" } }));
    await waitUntil(() => running.quotes.count === 2, { limitMs: LIMIT_MS, what: "two quotes" });
    expect([...running.quotes.quotes].sort()).toEqual(["A 5/6", "B 3/4"]);
    // The old call carries nothing once its last symbol is asked for anew, and is ended.
    running.session.resubscribe(running.instruments[1], "gap");
    await waitUntil(() => calls.length === 3 && server.calls.size === 2, {
      limitMs: LIMIT_MS,
      what: "the end of the old call",
    });
    expect(requests).toEqual(["ask A,B", "ask A", "ask B"]);
  });

  test("a failure in the stream refuses the call, and each symbol is asked for alone", async () => {
    answerWith((call, { symbols }) => {
      if (symbols.includes("B")) call.write(plainEvent({ failure: "no B" }));
      else ackAll(call, { symbols, leave: [] });
    });
    const running = start(createPlainVenue("server"));
    await running.has("B rejected: no B");
    await running.has("A acked");
    expect(requests).toEqual(["ask A,B", "ask A", "ask B"]);
    expect(running.end).toBeNull();
  });

  test("calls name as many symbols as the venue allows", async () => {
    answerWith(ackAll);
    const running = start(createPlainVenue("server", { limits: { symbolsPerRequest: 1 } }));
    await running.has("A acked");
    await running.has("B acked");
    expect([...requests].sort()).toEqual(["ask A", "ask B"]);
  });
});

describe("trouble before the first call", () => {
  test("a symbol the venue cannot have is told before anything is connected", async () => {
    const running = start(createPlainVenue("server", { symbols: { default: ["X"], pattern: "^X$" } }));
    expect(await running.isOver()).toMatchObject({ code: "config_invalid", retry: "never" });
    expect(running.monitor.notes).toEqual([]);
  });

  test("a handshake that is not answered is given up", async () => {
    const door = new FrontDoor(server.port);
    door.hold();
    const running = start(createPlainVenue("server"), { address: `127.0.0.1:${door.port}`, openLimitMs: 100 });
    expect(await running.isOver()).toMatchObject({ code: "handshake_timeout", retry: "backoff" });
    await waitUntil(() => door.openConnections === 0, { limitMs: LIMIT_MS, what: "the end of the connection" });
    door.stop();
  });

  test("a host that is not there", async () => {
    const running = start(createPlainVenue("server"), { address: "no-such-host.invalid:1" });
    expect(await running.isOver()).toMatchObject({ code: "dns_failed", retry: "backoff" });
  });

  test("a server that speaks no HTTP/2", async () => {
    const plain = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("<html></html>") });
    const running = start(createPlainVenue("server"), { address: `127.0.0.1:${plain.port}`, openLimitMs: 1000 });
    expect(await running.isOver()).toMatchObject({ retry: "backoff" });
    await plain.stop(true);
  });
});
