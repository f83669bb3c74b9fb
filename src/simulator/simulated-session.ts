import type { Clock, Timer } from "../runtime/clock.ts";
import type { Market } from "./market.ts";
import type { PeerSocket } from "./peer-socket.ts";
import { QuoteRing } from "./quote-ring.ts";
import type { SimulatedVenue } from "./simulated-venue.ts";
import type { Conversation, Line, SymbolVerdict } from "./venue-dialect.ts";

/** A paced client that leaves this much unread gets no quotes until it has read: the venue conflates. */
const WITHHOLD_ABOVE_BYTES = 1024 * 1024;
/** Topics one session may hold; the dialects' own limits are lower. */
const MAX_TOPICS = 10_000;

/** What the simulator wants to know of its sessions. */
export interface SessionObserver {
  onRequest(session: SimulatedSession, text: string): void;
  onTopicsChanged(session: SimulatedSession): void;
  onDrain(session: SimulatedSession): void;
  onEnd(session: SimulatedSession): void;
}

/** One client connection: keeps its subscriptions and timers, and lets the dialect speak. */
export class SimulatedSession implements Line {
  readonly connectionId: string;
  readonly clock: Clock;
  readonly topics = new Set<string>();
  /** Instruments whose quotes are subscribed. */
  readonly markets: Market[] = [];
  readonly peer: PeerSocket;
  lastSentMs: number;
  lastReceivedMs: number;
  readonly #venue: SimulatedVenue;
  readonly #observer: SessionObserver;
  readonly #conversation: Conversation;
  readonly #timers = new Set<Timer>();
  /** False while a recording plays: then only its frames are quotes. */
  readonly #hasWalks: boolean;

  constructor(
    peer: PeerSocket,
    venue: SimulatedVenue,
    options: { connectionId: string; observer: SessionObserver; hasWalks: boolean },
  ) {
    this.peer = peer;
    this.#venue = venue;
    this.clock = venue.clock;
    this.connectionId = options.connectionId;
    this.#observer = options.observer;
    this.#hasWalks = options.hasWalks;
    this.lastSentMs = this.clock.monotonicMs();
    this.lastReceivedMs = this.lastSentMs;
    this.#conversation = venue.dialect.converse(this);
    peer.listen({
      onText: (text) => this.#onText(text),
      onPing: () => this.#onFrame(),
      onPong: () => {
        this.#onFrame();
        this.#conversation.onPong();
      },
      onDrain: () => this.#observer.onDrain(this),
      onClose: () => this.#end(),
    });
  }

  /** Begins the conversation. */
  open(path: string): void {
    this.#conversation.onOpen(path);
  }

  send(text: string): void {
    this.lastSentMs = this.clock.monotonicMs();
    this.peer.sendText(text);
  }

  ping(payload: string): void {
    this.peer.ping(payload);
  }

  close(code: number, reason: string): void {
    this.peer.close(code, reason);
  }

  repeat(everyMs: number, callback: () => void): void {
    const again = () => {
      this.after(everyMs, again);
      callback();
    };
    this.after(everyMs, again);
  }

  after(delayMs: number, callback: () => void): void {
    if (!this.peer.isOpen) return;
    const timer = this.clock.schedule(delayMs, () => {
      this.#timers.delete(timer);
      if (this.peer.isOpen) callback();
    });
    this.#timers.add(timer);
  }

  subscribe(topic: string): void {
    if (this.topics.has(topic) || this.topics.size >= MAX_TOPICS) return;
    this.topics.add(topic);
    const market = this.#quoteMarket(topic);
    if (market !== null) this.markets.push(market);
    this.#observer.onTopicsChanged(this);
  }

  unsubscribe(topic: string): void {
    if (!this.topics.delete(topic)) return;
    const at = this.markets.findIndex((market) => market.topic === topic);
    if (at >= 0) this.markets.splice(at, 1);
    this.#observer.onTopicsChanged(this);
  }

  verdict(symbol: string): SymbolVerdict {
    return this.#venue.verdict(symbol);
  }

  market(symbol: string): Market {
    const market = this.#venue.findMarket(symbol);
    if (market === null) throw new Error(`Cannot find market '${symbol}': the dialect did not ask for a verdict first`);
    return market;
  }

  sendCurrentQuote(topic: string): void {
    if (!this.#hasWalks || !this.topics.has(topic)) return;
    const market = this.#quoteMarket(topic);
    if (market === null) return;
    // Nobody has seen this quote before: it is new now, not when the venue was started.
    if (market.sent === 0) market.timeUs = Math.max(market.timeUs, this.clock.wallUs());
    this.sendQuote(market, this.clock.monotonicMs());
  }

  askReconnect(): void {
    this.#conversation.askReconnect();
  }

  /** Sends the market's present quote, unless the venue is silent. */
  sendQuote(market: Market, nowMs: number): void {
    if (this.isSilent) {
      this.#venue.withheld++;
      return;
    }
    this.peer.sendText(this.#conversation.quoteText(market));
    this.lastSentMs = nowMs;
    market.sent++;
    this.#venue.quotesSent++;
    this.#venue.onSent?.(market.symbol, this.#venue.dialect.expectedQuote(market));
  }

  /** A ring of this session's frames of a market, for the flood. */
  makeRing(market: Market): QuoteRing {
    return new QuoteRing(market, this.#conversation);
  }

  /** As `sendQuote`, with a frame that is rendered already. */
  sendFrame(market: Market, frame: Uint8Array): void {
    this.peer.sendBytes(frame);
    market.sent++;
    this.#venue.quotesSent++;
  }

  /** True when every quote must be told to a listener, which the flood's rings cannot do. */
  get isListed(): boolean {
    return this.#venue.onSent !== undefined;
  }

  /** True while no quote may be sent. */
  get isSilent(): boolean {
    return this.peer.isMuted || this.#venue.isQuiet || !this.peer.isOpen;
  }

  /** As `sendQuote`, but withholds the quote from a client that does not keep up. */
  offerQuote(market: Market, nowMs: number): void {
    if (this.peer.bufferedBytes > WITHHOLD_ABOVE_BYTES) this.#venue.withheld++;
    else this.sendQuote(market, nowMs);
  }

  #quoteMarket(topic: string): Market | null {
    const symbol = this.#venue.dialect.quoteSymbol(topic);
    return symbol === null ? null : this.#venue.findMarket(symbol);
  }

  #onText(text: string): void {
    this.#onFrame();
    this.#observer.onRequest(this, text);
    if (this.peer.isOpen && !this.peer.isMuted) this.#conversation.onText(text);
  }

  #onFrame(): void {
    this.lastReceivedMs = this.clock.monotonicMs();
    this.#conversation.onFrame();
  }

  #end(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#observer.onEnd(this);
  }
}
