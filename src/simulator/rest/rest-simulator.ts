import type { Clock } from "../../runtime/clock.ts";
import { SystemClock } from "../../runtime/system-clock.ts";
import type { FaultKind } from "../fault-kind.ts";
import { type ListenerTls, listenForLinks } from "../link-listener.ts";
import type { LoopbackListener } from "../loopback-listener.ts";
import { QuotePacer } from "../quote-pacer.ts";
import { type LoggedRequest, RequestLog } from "../request-log.ts";
import type { Simulator, SimulatorOptions, SimulatorStats } from "../simulator.ts";
import { BAD_ANSWERS, type BadAnswer, spoilReply } from "./bad-answers.ts";
import { compressReply, type HttpReply } from "./http-reply.ts";
import type { HttpRequest } from "./http-request.ts";
import { type MeterRules, RequestMeter } from "./request-meter.ts";
import { type Delivery, RestConnection, type RestConnectionHost } from "./rest-connection.ts";
import type { RestDialect } from "./rest-dialect.ts";
import { createRestFaults } from "./rest-faults.ts";
import { RestVenue } from "./rest-venue.ts";

/** What a REST venue is made of beside what every simulated venue has; recordings are not played. */
export interface RestSimulatorOptions extends SimulatorOptions {
  /** PEM texts; absent: plain HTTP. */
  readonly tls?: ListenerTls;
  /** Other limits than the venue's. */
  readonly meter?: MeterRules;
}

/** How requests are treated. */
type Conduct =
  | { readonly kind: "well" }
  | { readonly kind: "hold" }
  | { readonly kind: "reset" }
  | { readonly kind: "bad"; readonly answer: BadAnswer }
  | { readonly kind: "reply"; readonly reply: HttpReply };

/** A running REST venue, with limits that are kept, and the commands that make it misbehave. */
export class RestSimulator implements Simulator {
  readonly venue: string;
  readonly seed: number;
  readonly symbols: readonly string[];
  readonly faults: readonly FaultKind[];
  readonly meter: RequestMeter;
  /** Every answer waits so long, ms. */
  latencyMs = 0;
  /** Answers go out one byte in so many ms; 0: at once. */
  byteEveryMs = 0;
  readonly #venue: RestVenue;
  readonly #clock: Clock;
  readonly #listener: LoopbackListener;
  readonly #hasTls: boolean;
  readonly #connections = new Set<RestConnection>();
  readonly #log = new RequestLog();
  readonly #pacer: QuotePacer | null;
  /** What the next answers are replaced by, one each. */
  readonly #onceInstead: (Uint8Array | HttpReply)[] = [];
  #conduct: Conduct = { kind: "well" };
  #isMuted = false;
  #sessionsOpened = 0;
  #bytesOfEnded = 0;
  #quotesLeft: number;
  #garbageNext = 0;

  /** @throws IngestError `config_invalid` for a port that is taken */
  constructor(dialect: RestDialect, options: RestSimulatorOptions) {
    const { ratePerSecond } = options;
    this.venue = dialect.venue;
    this.seed = options.seed;
    this.#clock = options.clock ?? new SystemClock();
    this.#quotesLeft = options.quoteLimit ?? Number.POSITIVE_INFINITY;
    this.#venue = new RestVenue({
      dialect,
      clock: this.#clock,
      seed: options.seed,
      symbols: options.symbols,
      onSent: options.onSent,
    });
    this.symbols = this.#venue.symbols;
    this.meter = new RequestMeter(options.meter ?? dialect.meter);
    this.#pacer =
      ratePerSecond === "full"
        ? null
        : new QuotePacer(this.#clock, ratePerSecond, { emit: (count) => this.#move(count) });
    this.faults = createRestFaults(this);
    this.#hasTls = options.tls !== undefined;
    const host: RestConnectionHost = {
      clock: this.#clock,
      answer: (connection, request) => this.#answer(connection, request),
      onEnd: (connection) => this.#onEnd(connection),
    };
    this.#listener = listenForLinks(options.port ?? 0, options.tls, (link) => {
      link.isMuted = this.#isMuted;
      this.#connections.add(new RestConnection(link, `http-${++this.#sessionsOpened}`, host));
      this.#pacer?.start();
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  get url(): string {
    return `${this.#hasTls ? "https" : "http"}://127.0.0.1:${this.port}`;
  }

  get clientSettings(): Readonly<Record<string, string>> {
    return { URL: this.url, ...this.#venue.dialect.clientSettings };
  }

  /** What each connection asked for last. */
  get sessions(): readonly { readonly connection: string; readonly topics: readonly string[] }[] {
    return [...this.#connections].map(({ id, lastTarget }) => ({ connection: id, topics: [lastTarget] }));
  }

  get requests(): readonly LoggedRequest[] {
    return this.#log.requests;
  }

  /** Recordings are of other transports. */
  get replayFinished(): Promise<void> {
    return new Promise(() => {});
  }

  stats(): SimulatorStats {
    let bytesSent = this.#bytesOfEnded;
    for (const { link } of this.#connections) bytesSent += link.bytesSent;
    return {
      sessionsOpen: this.#connections.size,
      sessionsOpened: this.#sessionsOpened,
      requests: this.#log.count,
      quotesSent: this.#venue.quotesSent,
      sentBySymbol: this.#venue.sentBySymbol(),
      bytesSent,
      withheld: 0,
      replay: null,
    };
  }

  /** From now on every answer is spoilt so. */
  answerBadly(answer: BadAnswer): void {
    this.#conduct = { kind: "bad", answer };
  }

  /** From now on every answer is this. */
  answerWith(reply: HttpReply): void {
    this.#conduct = { kind: "reply", reply };
  }

  /** From now on every request ends its connection by a reset. */
  resetRequests(): void {
    this.#conduct = { kind: "reset" };
  }

  /** Nobody gets an answer of use for so long: the venue's own ban. */
  ban(forMs: number): void {
    this.meter.ban(forMs, this.#clock.monotonicMs());
  }

  disconnect(): void {
    for (const { link } of this.#connections) link.finish();
  }

  disconnectHard(): void {
    for (const { link } of this.#connections) link.reset();
  }

  drop(): void {
    for (const { link } of this.#connections) link.drop();
  }

  /** `quotes`: requests are answered, and prices stand still. */
  goSilent(what: "all" | "quotes" = "all"): void {
    if (what === "quotes") {
      this.#venue.isQuiet = true;
      return;
    }
    this.#isMuted = true;
    for (const { link } of this.#connections) link.isMuted = true;
  }

  resume(): void {
    this.#venue.isQuiet = false;
    this.#isMuted = false;
    for (const { link } of this.#connections) link.isMuted = false;
  }

  refuse(symbol: string): void {
    this.#venue.refused.add(symbol);
  }

  allow(symbol: string): void {
    this.#venue.refused.delete(symbol);
  }

  skipSequence(symbol: string, count: number): void {
    this.#venue.skipSequence(symbol, count);
  }

  /** The body of the next answer. */
  sendRaw(text: string): void {
    this.#onceInstead.push({ status: 200, headers: { "Content-Type": "application/json" }, body: text });
  }

  /** The next answer, head and all. */
  sendBytes(bytes: Uint8Array): void {
    this.#onceInstead.push(bytes);
  }

  sendGarbage(): void {
    const kind = BAD_ANSWERS[this.#garbageNext++ % BAD_ANSWERS.length];
    this.#onceInstead.push(spoilReply({ status: 200, headers: {}, body: '{"garbage":[' }, kind));
  }

  /** There is no notice: the connections end in good order. */
  requestReconnect(): void {
    this.disconnect();
  }

  /** Leaves requests without any answer. */
  holdHandshakes(): void {
    this.#conduct = { kind: "hold" };
  }

  /** Answers requests as the venue does. */
  acceptHandshakes(): void {
    this.#conduct = { kind: "well" };
  }

  stop(): void {
    this.#pacer?.stop();
    this.#listener.stop();
    for (const { link } of [...this.#connections]) link.closed();
  }

  #answer(connection: RestConnection, request: HttpRequest): Delivery {
    this.#log.add(connection.id, `${request.method} ${request.target}`);
    return { reply: this.#replyTo(request), delayMs: this.latencyMs, byteEveryMs: this.byteEveryMs };
  }

  #replyTo(request: HttpRequest): Delivery["reply"] {
    const conduct = this.#conduct;
    if (conduct.kind === "hold" || conduct.kind === "reset") return conduct.kind;
    if (conduct.kind === "reply") return conduct.reply;
    const { dialect } = this.#venue;
    const reading = this.meter.count(dialect.costOf(request), this.#clock.monotonicMs());
    const usage = dialect.usageHeaders(reading, this.#clock.wallUs() / 1000);
    if (reading.verdict !== "ok") return withHeaders(dialect.refuse(reading), usage);
    const instead = this.#onceInstead.shift();
    if (instead !== undefined) return instead;
    if (this.#pacer === null) this.#move(this.symbols.length);
    const reply = dialect.answer(request, this.#venue);
    if (conduct.kind === "bad") return spoilReply(reply, conduct.answer);
    return compressReply(withHeaders(reply, usage), request.headers.get("accept-encoding") ?? "");
  }

  #move(count: number): void {
    const moves = Math.min(count, this.#quotesLeft);
    this.#quotesLeft -= moves;
    this.#venue.move(moves);
  }

  #onEnd(connection: RestConnection): void {
    if (this.#connections.delete(connection)) this.#bytesOfEnded += connection.link.bytesSent;
    if (this.#connections.size === 0) this.#pacer?.stop();
  }
}

function withHeaders(reply: HttpReply, headers: Readonly<Record<string, string>>): HttpReply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}
