import type { Clock, Timer } from "../../runtime/clock.ts";
import { SystemClock } from "../../runtime/system-clock.ts";
import type { FaultKind } from "../fault-kind.ts";
import { Market } from "../market.ts";
import { QuotePacer } from "../quote-pacer.ts";
import { type LoggedRequest, RequestLog } from "../request-log.ts";
import { mixSeed } from "../seeded-random.ts";
import type { Simulator, SimulatorOptions, SimulatorStats } from "../simulator.ts";
import type { GrpcDialect, GrpcVerdict } from "./grpc-dialect.ts";
import { createGrpcFaults } from "./grpc-faults.ts";
import { GrpcRelay } from "./grpc-relay.ts";
import { type GrpcTlsFiles, GrpcVenueServer, type VenueCall } from "./grpc-venue-server.ts";
import { SimulatedCall } from "./simulated-call.ts";

/** What a call must show where the venue wants a token. */
const TOKEN = "demo";
/** A call that was sent nothing for so long gets a heartbeat, ms. */
const HEARTBEAT_AFTER_MS = 2000;
const HEARTBEAT_LOOK_MS = 500;
/** Quotes written to one call before other work of the process gets its turn. */
const FLOOD_BATCH = 256;
/** gRPC's status codes that are sent here. */
const UNAUTHENTICATED = 16;
const NOT_FOUND = 5;
const UNAVAILABLE = 14;
/** Start price, in ticks, of a symbol the dialect does not know, lowest and range. */
const UNKNOWN_START_TICKS = 10_000;
const UNKNOWN_START_RANGE = 900_000;
/** What `sendGarbage` sends, in turn: none is a message of a venue. */
const GARBAGE: readonly Buffer[] = [
  Buffer.from([0xff, 0xff, 0xff]),
  Buffer.from([0x0a, 0x7f, 0x01]),
  Buffer.from([0x07]),
  Buffer.from("<html>not found</html>", "latin1"),
];

/** What a venue is made of beside what every simulated venue has. */
export interface GrpcSimulatorOptions extends SimulatorOptions {
  /** PEM texts; absent: no encryption. */
  readonly tls?: GrpcTlsFiles;
}

/** A running loopback venue that speaks gRPC, and the commands that make it misbehave. They act on every open call. */
export class GrpcSimulator implements Simulator {
  readonly venue: string;
  readonly seed: number;
  readonly faults: readonly FaultKind[];
  /** Resolves once calls are served; clients that come before wait. */
  readonly ready: Promise<void>;
  readonly #dialect: GrpcDialect;
  readonly #options: GrpcSimulatorOptions;
  readonly #clock: Clock;
  readonly #relay: GrpcRelay;
  readonly #markets = new Map<string, Market>();
  readonly #calls = new Map<VenueCall, SimulatedCall>();
  readonly #refused = new Set<string>();
  readonly #pacer: QuotePacer | null;
  readonly #log = new RequestLog();
  #server: GrpcVenueServer | null = null;
  #heart: Timer | null = null;
  #quotesLeft: number;
  #quotesSent = 0;
  #withheld = 0;
  #isQuiet = false;
  #isMuted = false;
  #isStopped = false;
  /** New calls end with this status; null: they are taken. */
  #refusal: { readonly code: number; readonly details: string } | null = null;
  #callsOpened = 0;
  #garbageNext = 0;
  #nextMarket = 0;
  #heartbeats = 0;

  /** @throws IngestError `config_invalid` for a port that is taken */
  constructor(dialect: GrpcDialect, options: GrpcSimulatorOptions) {
    this.venue = dialect.venue;
    this.seed = options.seed;
    this.#dialect = dialect;
    this.#options = options;
    this.#clock = options.clock ?? new SystemClock();
    this.#quotesLeft = options.quoteLimit ?? Number.POSITIVE_INFINITY;
    for (const symbol of options.symbols ?? dialect.markets.map((spec) => spec.symbol)) this.#list(symbol);
    const { ratePerSecond } = options;
    this.#pacer =
      ratePerSecond === "full"
        ? null
        : new QuotePacer(this.#clock, ratePerSecond, { emit: (count) => this.#emit(count) });
    this.faults = createGrpcFaults(this);
    this.#relay = new GrpcRelay(options.port ?? 0, () => this.#onLinkEnd());
    this.ready = this.#startServer();
  }

  get symbols(): readonly string[] {
    return [...this.#markets.keys()];
  }

  get port(): number {
    return this.#relay.port;
  }

  get url(): string {
    return `${this.#options.tls === undefined ? "grpc" : "grpcs"}://127.0.0.1:${this.port}`;
  }

  get clientSettings(): Readonly<Record<string, string>> {
    return {
      ADDRESS: `127.0.0.1:${this.port}`,
      TLS: this.#options.tls === undefined ? "off" : "on",
      ...(this.#dialect.needsToken ? { TOKEN } : {}),
    };
  }

  get sessions(): readonly { readonly connection: string; readonly topics: readonly string[] }[] {
    return [...this.#calls.values()].map(({ id, markets }) => ({ connection: id, topics: [...markets.keys()] }));
  }

  get requests(): readonly LoggedRequest[] {
    return this.#log.requests;
  }

  /** gRPC streams are not replayed. */
  get replayFinished(): Promise<void> {
    return new Promise(() => {});
  }

  stats(): SimulatorStats {
    return {
      sessionsOpen: this.#relay.open,
      sessionsOpened: this.#relay.opened,
      requests: this.#log.count,
      quotesSent: this.#quotesSent,
      sentBySymbol: Object.fromEntries([...this.#markets.values()].map(({ symbol, sent }) => [symbol, sent])),
      bytesSent: this.#relay.bytesSent,
      withheld: this.#withheld,
      replay: null,
    };
  }

  /** Ends every call in good order. */
  disconnect(): void {
    for (const call of this.#calls.values()) call.end();
  }

  disconnectHard(): void {
    this.#relay.reset();
  }

  drop(): void {
    this.#relay.drop();
  }

  goSilent(what: "all" | "quotes" = "all"): void {
    this.#isQuiet = true;
    if (what === "quotes") return;
    this.#isMuted = true;
    this.#relay.mute(true);
  }

  resume(): void {
    this.#isQuiet = false;
    if (this.#isMuted) this.#relay.mute(false);
    this.#isMuted = false;
    for (const call of this.#calls.values()) this.#flood(call);
  }

  refuse(symbol: string): void {
    this.#refused.add(symbol);
  }

  allow(symbol: string): void {
    this.#refused.delete(symbol);
  }

  skipSequence(symbol: string, count: number): void {
    const market = this.#markets.get(symbol);
    if (market !== undefined) market.updates += count;
  }

  /** One message with these characters as bytes. */
  sendRaw(text: string): void {
    this.#sendAll(Buffer.from(text, "latin1"));
  }

  /** Bytes on the wire are the library's: what is sent is one message with these bytes. */
  sendBytes(bytes: Uint8Array): void {
    this.#sendAll(Buffer.from(bytes));
  }

  sendGarbage(): void {
    this.#sendAll(GARBAGE[this.#garbageNext++ % GARBAGE.length]);
  }

  /** An error within every stream; the end with a status where the venue has none. */
  sendError(text: string): void {
    const message = this.#dialect.error(text);
    if (message !== null) this.#sendAll(message);
    else this.failCalls(UNAVAILABLE, text);
  }

  /** Ends every call with a status. */
  failCalls(code: number, details: string): void {
    for (const call of [...this.#calls.values()]) call.fail(code, details);
  }

  /** New calls end with this status, until {@link acceptHandshakes}. */
  refuseCalls(code: number, details: string): void {
    this.#refusal = { code, details };
  }

  /** A stream ends in good order where a venue of this kind wants its clients to come again. */
  requestReconnect(): void {
    this.disconnect();
  }

  holdHandshakes(): void {
    this.#relay.hold(true);
  }

  acceptHandshakes(): void {
    this.#refusal = null;
    this.#relay.hold(false);
  }

  stop(): void {
    this.#isStopped = true;
    this.#pacer?.stop();
    this.#heart?.cancel();
    this.#heart = null;
    this.#relay.stop();
    this.#server?.stop();
    for (const call of this.#calls.values()) call.isOver = true;
    this.#calls.clear();
  }

  #list(symbol: string): void {
    const known = this.#dialect.markets;
    const start = { startTicks: UNKNOWN_START_TICKS + (mixSeed(0, symbol) % UNKNOWN_START_RANGE) };
    const spec = known.find((each) => each.symbol === symbol) ?? { ...known[0], symbol, ...start };
    const market = new Market(spec, symbol, this.seed);
    market.timeUs = this.#clock.wallUs();
    this.#markets.set(symbol, market);
  }

  async #startServer(): Promise<void> {
    const server = await GrpcVenueServer.start(this.#dialect, this.#options.tls, {
      onCall: (call) => this.#onCall(call),
      onMessage: (call, message) => this.#onMessage(call, message),
      onEnd: (call) => this.#onEnd(call),
    });
    if (this.#isStopped) {
      server.stop();
      return;
    }
    this.#server = server;
    this.#relay.serverIsReady(server.port);
  }

  #onCall(call: VenueCall): void {
    const id = `call-${++this.#callsOpened}`;
    const simulated = new SimulatedCall(id, call, { dialect: this.#dialect, nowMs: this.#clock.monotonicMs() });
    this.#calls.set(call, simulated);
    const hasToken = !this.#dialect.needsToken || call.metadata.get("authorization").includes(TOKEN);
    if (this.#refusal !== null) simulated.fail(this.#refusal.code, this.#refusal.details);
    else if (!hasToken) simulated.fail(UNAUTHENTICATED, "Token is not valid");
    else if (this.#heart === null) this.#beat();
  }

  #onMessage(venueCall: VenueCall, message: Buffer): void {
    const call = this.#calls.get(venueCall);
    if (call === undefined || call.isOver) return;
    const ask = this.#dialect.readRequest(message);
    this.#log.add(call.id, ask === null ? `${message.length} bytes` : JSON.stringify(ask));
    if (ask === null) return;
    const verdicts: GrpcVerdict[] = [];
    for (const symbol of ask.unsubscribe) {
      call.markets.delete(symbol);
      verdicts.push({ symbol, verdict: "unsubscribed" });
    }
    for (const symbol of ask.subscribe) {
      const isKnown = this.#markets.has(symbol) && !this.#refused.has(symbol);
      verdicts.push({ symbol, verdict: isKnown ? "subscribed" : "refused" });
    }
    const refused = verdicts.filter(({ verdict }) => verdict === "refused").map(({ symbol }) => symbol);
    if (refused.length > 0 && this.#dialect.streaming === "server") this.#refuseCall(call, refused);
    else this.#take(call, verdicts);
  }

  /** A call with one request is refused as a whole. */
  #refuseCall(call: SimulatedCall, symbols: readonly string[]): void {
    const text = `Unknown symbol ${symbols.join(", ")}`;
    const error = this.#dialect.error(text);
    if (error === null) call.fail(NOT_FOUND, text);
    else call.send(error, this.#clock.monotonicMs());
  }

  #take(call: SimulatedCall, verdicts: readonly GrpcVerdict[]): void {
    const nowMs = this.#clock.monotonicMs();
    const answer = this.#dialect.answer(verdicts);
    if (answer !== null) call.send(answer, nowMs);
    for (const { symbol, verdict } of verdicts) {
      const market = this.#markets.get(symbol);
      if (verdict !== "subscribed" || market === undefined) continue;
      call.subscribe(market);
      market.step(this.#clock.wallUs(), nowMs);
      if (!this.#isQuiet) this.#sendQuote(call, market, nowMs);
    }
    this.#pacer?.start();
    this.#flood(call);
  }

  #onEnd(venueCall: VenueCall): void {
    const call = this.#calls.get(venueCall);
    if (call !== undefined) call.isOver = true;
    this.#calls.delete(venueCall);
    if (this.#calls.size === 0) this.#pacer?.stop();
  }

  #onLinkEnd(): void {
    if (this.#relay.open > 0) return;
    this.#heart?.cancel();
    this.#heart = null;
  }

  /** Quotes of the subscribed instruments in turn, each to everyone who has it. */
  #emit(count: number): void {
    const calls = [...this.#calls.values()];
    const active = this.symbols.filter((symbol) => calls.some(({ markets }) => markets.has(symbol)));
    const nowMs = this.#clock.monotonicMs();
    for (let i = 0; i < count && active.length > 0 && this.#quotesLeft > 0; i++) {
      const market = this.#markets.get(active[this.#nextMarket++ % active.length]);
      if (market === undefined) continue;
      market.step(this.#clock.wallUs(), nowMs);
      this.#quotesLeft--;
      for (const call of calls) {
        if (!call.markets.has(market.symbol)) continue;
        if (this.#isQuiet || call.isBehind) this.#withheld++;
        else this.#sendQuote(call, market, nowMs);
      }
    }
  }

  /** As fast as the client reads, where that is the rate. */
  #flood(call: SimulatedCall): void {
    if (this.#pacer !== null || call.isOver || this.#isQuiet || call.markets.size === 0) return;
    const markets = [...call.markets.values()];
    const nowMs = this.#clock.monotonicMs();
    let wants = true;
    for (let i = 0; i < FLOOD_BATCH && wants && this.#quotesLeft > 0; i++) {
      const market = markets[this.#nextMarket++ % markets.length];
      market.step(this.#clock.wallUs(), nowMs);
      this.#quotesLeft--;
      wants = this.#sendQuote(call, market, nowMs);
    }
    if (this.#quotesLeft <= 0) return;
    if (wants) this.#clock.scheduleSoon(() => this.#flood(call));
    else call.call.once("drain", () => this.#flood(call));
  }

  #sendQuote(call: SimulatedCall, market: Market, nowMs: number): boolean {
    market.sent++;
    this.#quotesSent++;
    const wants = call.sendQuote(market, nowMs);
    this.#options.onSent?.(market.symbol, this.#dialect.expectedQuote(market));
    return wants;
  }

  #sendAll(message: Buffer): void {
    const nowMs = this.#clock.monotonicMs();
    for (const call of this.#calls.values()) call.send(message, nowMs);
  }

  #beat(): void {
    this.#heart = this.#clock.schedule(HEARTBEAT_LOOK_MS, () => {
      this.#beat();
      const nowMs = this.#clock.monotonicMs();
      for (const call of this.#calls.values()) {
        if (nowMs - call.lastSentMs < HEARTBEAT_AFTER_MS) continue;
        const heartbeat = this.#dialect.heartbeat(++this.#heartbeats);
        if (heartbeat !== null) call.send(heartbeat, nowMs);
      }
    });
  }
}
