import type { Clock } from "../runtime/clock.ts";
import type { Market, MarketSpec } from "./market.ts";

/** How the venue takes a symbol: `refused` is by command, `unknown` is one it does not list. */
export type SymbolVerdict = "known" | "unknown" | "refused";

/** What a simulated session offers to the dialect that speaks on it. */
export interface Line {
  readonly clock: Clock;
  /** Stable id of the connection, as venues put it into acks. */
  readonly connectionId: string;
  /** Topics the client has subscribed, in order. */
  readonly topics: ReadonlySet<string>;
  /** Monotonic time of the last text sent or received on this line, ms. */
  readonly lastSentMs: number;
  readonly lastReceivedMs: number;
  send(text: string): void;
  ping(payload: string): void;
  close(code: number, reason: string): void;
  /** Calls back every `everyMs` until the line ends. */
  repeat(everyMs: number, callback: () => void): void;
  /** Calls back once unless the line ends first. */
  after(delayMs: number, callback: () => void): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  verdict(symbol: string): SymbolVerdict;
  /** The instrument of a known symbol. */
  market(symbol: string): Market;
  /**
   * Sends the present quote of a subscribed quote topic, as venues do right after a subscription or when nothing has
   * changed for long. Does nothing for other topics, and while a recording plays.
   */
  sendCurrentQuote(topic: string): void;
}

/** One dialect's side of one connection. */
export interface Conversation {
  /** @param path of the handshake, with query */
  onOpen(path: string): void;
  onText(text: string): void;
  /** Any frame at all, before it is handled. */
  onFrame(): void;
  onPong(): void;
  /** The venue wants the client to come back on another connection: its own notice, or a close where it has none. */
  askReconnect(): void;
  /** One quote as the venue writes it. Called for every quote: no parsing, no clock. */
  quoteText(market: Market): string;
}

/** What one quote means, in exact text: what a right decoder must make of it. */
export interface ExpectedQuote {
  readonly symbol: string;
  /** Null: the side is empty. */
  readonly bidPrice: string | null;
  readonly bidSize: string | null;
  readonly askPrice: string | null;
  readonly askSize: string | null;
  /** The venue's number, decimal digits; null where it sends none. */
  readonly sequence: string | null;
  /** Whole ms since the epoch; null where the venue sends no time. */
  readonly venueTimeMs: number | null;
}

/** How one venue speaks. Written by hand, apart from the profiles of `config/venues`, so that the two check each other. */
export interface VenueDialect {
  /** The venue's name, as the built-in profile's. */
  readonly venue: string;
  /** Path of the WebSocket URL. */
  readonly path: string;
  /** Hosts (or their endings) of the real venue, to tell whose a recording is. */
  readonly hosts: readonly string[];
  /** Instruments it lists unless told others. */
  readonly markets: readonly MarketSpec[];
  /** The topic that gives a symbol's quotes. */
  quoteTopic(symbol: string): string;
  /** The symbol whose quotes this topic gives; null when it gives something else. */
  quoteSymbol(topic: string): string | null;
  /** The symbol any topic is about; null when none. */
  topicSymbol(topic: string): string | null;
  /** The topic a recorded message belongs to; null for acks, heartbeats and the like. */
  topicOfMessage(message: unknown): string | null;
  /**
   * Makes a function that says a recorded quote of another channel in the form of ours; null for messages that hold none.
   * Used for recordings that hold no message of our channel.
   */
  createTranslator?(): (message: unknown) => { readonly topic: string; readonly text: string } | null;
  expectedQuote(market: Market): ExpectedQuote;
  converse(line: Line): Conversation;
}
