import { SystemClock } from "../runtime/system-clock.ts";
import type { LoopbackListener } from "./loopback-listener.ts";
import type { PeerSocket } from "./peer-socket.ts";
import { type QuoteAllowance, QuoteFlood } from "./quote-flood.ts";
import { QuotePacer } from "./quote-pacer.ts";
import { RecordingPlayer } from "./recording-player.ts";
import { type LoggedRequest, RequestLog } from "./request-log.ts";
import { type SessionObserver, SimulatedSession } from "./simulated-session.ts";
import { SimulatedVenue } from "./simulated-venue.ts";
import type { Simulator, SimulatorOptions, SimulatorStats } from "./simulator.ts";
import type { VenueDialect } from "./venue-dialect.ts";
import { createWebSocketFaults } from "./websocket-faults.ts";
import { listenForWebSockets, type UpgradeAnswer } from "./websocket-listener.ts";

/** What `sendGarbage` sends, in turn: no venue may bring the program down with any of them. */
const GARBAGE: readonly string[] = [
  "",
  "{",
  "not json",
  "[]",
  "null",
  '{"stream":5,"data":"x"}',
  '"\\ud800"',
  "{}\u0000",
];

/** A running loopback venue that speaks WebSocket. */
export class WebSocketSimulator implements Simulator {
  readonly venue: string;
  readonly seed: number;
  readonly symbols: readonly string[];
  readonly faults = createWebSocketFaults(this);
  readonly #venue: SimulatedVenue;
  readonly #listener: LoopbackListener;
  readonly #sessions = new Set<SimulatedSession>();
  readonly #floods = new Map<SimulatedSession, QuoteFlood>();
  readonly #pacer: QuotePacer | null;
  readonly #player: RecordingPlayer | null;
  readonly #allowance: QuoteAllowance;
  readonly #log = new RequestLog();
  #handshake: UpgradeAnswer = { kind: "accept" };
  #isMuted = false;
  #sessionsOpened = 0;
  #bytesOfEnded = 0;
  #garbageNext = 0;
  #nextMarket = 0;
  /** Symbols that anyone has subscribed to; null when that must be found out anew. */
  #active: readonly string[] | null = null;

  /** @throws IngestError `config_invalid` for a port that is taken */
  constructor(dialect: VenueDialect, options: SimulatorOptions) {
    const { ratePerSecond, replay } = options;
    this.venue = dialect.venue;
    this.seed = options.seed;
    const clock = options.clock ?? new SystemClock();
    const symbols = options.symbols ?? replay?.recording.symbols;
    this.#venue = new SimulatedVenue({ dialect, clock, seed: options.seed, symbols, onSent: options.onSent });
    this.symbols = this.#venue.symbols;
    this.#allowance = { left: options.quoteLimit ?? Number.POSITIVE_INFINITY };
    this.#player =
      replay === undefined
        ? null
        : new RecordingPlayer(replay.recording, { speed: replay.speed, sessions: () => this.#sessions, clock });
    this.#pacer =
      this.#player !== null || ratePerSecond === "full"
        ? null
        : new QuotePacer(clock, ratePerSecond, { emit: (count) => this.#emit(count) });
    this.#listener = listenForWebSockets(options.port ?? 0, {
      decide: () => this.#handshake,
      onOpen: (peer, request) => this.#open(peer, request.path),
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}${this.#venue.dialect.path}`;
  }

  get clientSettings(): Readonly<Record<string, string>> {
    return { URL: this.url };
  }

  get sessions(): readonly { readonly connection: string; readonly topics: readonly string[] }[] {
    return [...this.#sessions].map((session) => ({ connection: session.connectionId, topics: [...session.topics] }));
  }

  get requests(): readonly LoggedRequest[] {
    return this.#log.requests;
  }

  get replayFinished(): Promise<void> {
    return this.#player?.finished ?? new Promise(() => {});
  }

  stats(): SimulatorStats {
    let bytesSent = this.#bytesOfEnded;
    for (const session of this.#sessions) bytesSent += session.peer.bytesSent;
    const player = this.#player;
    return {
      sessionsOpen: this.#sessions.size,
      sessionsOpened: this.#sessionsOpened,
      requests: this.#log.count,
      quotesSent: player === null ? this.#venue.quotesSent : player.framesSent,
      sentBySymbol: player === null ? this.#venue.sentBySymbol() : player.sentBySymbol(),
      bytesSent,
      withheld: this.#venue.withheld,
      replay: player && { frames: player.frameCount, sent: player.framesSent, isFinished: player.isFinished },
    };
  }

  /** Closes every session with a close frame. */
  disconnect(code = 1001, reason = "Going away"): void {
    for (const session of this.#sessions) session.close(code, reason);
  }

  disconnectHard(): void {
    for (const session of this.#sessions) session.peer.reset();
  }

  drop(): void {
    for (const session of this.#sessions) session.peer.drop();
  }

  /**
   * `all`: not a byte more, not even a pong, as a half-open link; sessions that open meanwhile are silent too. `quotes`: acks, pongs
   * and heartbeats go on, quotes do not.
   */
  goSilent(what: "all" | "quotes" = "all"): void {
    if (what === "quotes") {
      this.#venue.isQuiet = true;
      return;
    }
    this.#isMuted = true;
    for (const session of this.#sessions) session.peer.isMuted = true;
  }

  resume(): void {
    this.#venue.isQuiet = false;
    this.#isMuted = false;
    for (const session of this.#sessions) session.peer.isMuted = false;
    for (const flood of this.#floods.values()) flood.wake();
  }

  refuse(symbol: string): void {
    this.#venue.refused.add(symbol);
  }

  allow(symbol: string): void {
    this.#venue.refused.delete(symbol);
  }

  /** Jumps the venue's numbers of a symbol by `count` (negative: back), as if so many messages had been lost. */
  skipSequence(symbol: string, count: number): void {
    const market = this.#venue.findMarket(symbol);
    if (market === null) return;
    market.sequence += count;
    market.updates += count;
  }

  /** One text frame, verbatim. */
  sendRaw(text: string): void {
    for (const session of this.#sessions) session.peer.sendText(text);
  }

  /** Bytes on the wire, outside any frame rule. */
  sendBytes(bytes: Uint8Array): void {
    for (const session of this.#sessions) session.peer.sendBytes(bytes);
  }

  /** A text frame that is no message of the venue; another kind at each call. */
  sendGarbage(): void {
    this.sendRaw(GARBAGE[this.#garbageNext++ % GARBAGE.length]);
  }

  /** The venue's notice before maintenance; a close in good order where it has none. */
  requestReconnect(): void {
    for (const session of this.#sessions) session.askReconnect();
  }

  /** Answers new connections with this HTTP status instead of an upgrade. */
  rejectHandshakes(status: number, headers: Readonly<Record<string, string>> = {}): void {
    this.#handshake = { kind: "refuse", status, headers };
  }

  holdHandshakes(): void {
    this.#handshake = { kind: "hold" };
  }

  acceptHandshakes(): void {
    this.#handshake = { kind: "accept" };
  }

  stop(): void {
    this.#pacer?.stop();
    this.#player?.stop();
    this.#listener.stop();
    for (const session of [...this.#sessions]) session.peer.closed();
  }

  #open(peer: PeerSocket, path: string): void {
    peer.isMuted = this.#isMuted;
    this.#sessionsOpened++;
    const connectionId = (0xa4d3_0000 + this.#sessionsOpened).toString(16);
    const observer: SessionObserver = {
      onRequest: (session, text) => this.#log.add(session.connectionId, text),
      onTopicsChanged: (session) => this.#onTopicsChanged(session),
      onDrain: (session) => this.#floods.get(session)?.wake(),
      onEnd: (session) => this.#onEnd(session),
    };
    const hasWalks = this.#player === null;
    const session = new SimulatedSession(peer, this.#venue, { connectionId, observer, hasWalks });
    this.#sessions.add(session);
    if (hasWalks && this.#pacer === null) this.#floods.set(session, new QuoteFlood(session, this.#allowance));
    session.open(path);
  }

  #onTopicsChanged(session: SimulatedSession): void {
    this.#active = null;
    this.#floods.get(session)?.wake();
    this.#pacer?.start();
    this.#player?.onSubscribed();
  }

  #onEnd(session: SimulatedSession): void {
    this.#active = null;
    this.#floods.get(session)?.stop();
    this.#floods.delete(session);
    if (this.#sessions.delete(session)) this.#bytesOfEnded += session.peer.bytesSent;
    if (this.#sessions.size === 0) this.#pacer?.stop();
  }

  /** Quotes of the subscribed instruments in turn, each to everyone who has it. */
  #emit(count: number): void {
    const { clock } = this.#venue;
    const wallUs = clock.wallUs();
    const nowMs = clock.monotonicMs();
    // With a thousand sessions it would cost more than the quotes to look at all of them at each tick.
    this.#active ??= this.#venue.symbols.filter((symbol) => this.#isSubscribed(symbol));
    const active = this.#active;
    for (let i = 0; i < count && active.length > 0 && this.#allowance.left > 0; i++) {
      const market = this.#venue.findMarket(active[this.#nextMarket++ % active.length]);
      if (market === null) continue;
      market.step(wallUs, nowMs);
      this.#allowance.left--;
      for (const session of this.#sessions) if (session.topics.has(market.topic)) session.offerQuote(market, nowMs);
    }
  }

  #isSubscribed(symbol: string): boolean {
    const topic = this.#venue.dialect.quoteTopic(symbol);
    for (const session of this.#sessions) if (session.topics.has(topic)) return true;
    return false;
  }
}
