import type { TradingCalendar } from "../../runtime/trading-calendar.ts";
import type { TurnQueue } from "../../runtime/turn-queue.ts";
import type { CompiledFixVenue, ResetPolicy } from "../../venues/compiled-fix-venue.ts";
import type { Adapter, Session, SessionContext } from "../adapter.ts";
import { newBookCounts } from "./book/book-sink.ts";
import type { FixEngine, FixIdentity } from "./engine/fix-engine.ts";
import { FixSession } from "./fix-session.ts";
import type { FixCredentials } from "./logon-fields.ts";
import { RequestIds } from "./request-ids.ts";
import type { SequenceStore } from "./sequence-store.ts";
import type { BooksWrapper } from "./session-books.ts";
import type { FixCounts } from "./session-market-data.ts";
import type { FixTlsOptions } from "./socket-options.ts";

/** How an LP is reached over FIX, and what is asked of it. */
export interface FixAdapterOptions {
  /** Of the feed. */
  readonly name: string;
  readonly venue: CompiledFixVenue;
  readonly identity: FixIdentity;
  readonly host: string;
  readonly port: number;
  /** Null: plain TCP. */
  readonly tls: FixTlsOptions | null;
  /** HeartBtInt (108), s. */
  readonly heartbeatS: number;
  readonly credentials: FixCredentials;
  readonly reset: ResetPolicy;
  /** MarketDepth (264): 1 = top of book, 0 = full. */
  readonly depth: number;
  readonly publish: "top_change" | "every_update";
  /** False: the LP quotes without being asked. */
  readonly isSubscribing: boolean;
  /** How long the LP may take to answer our Logon, ms. */
  readonly logonTimeoutMs: number;
  /** How long the first answer to a request may take, ms. */
  readonly subscribeTimeoutMs: number;
  /** Null: always open. */
  readonly calendar: TradingCalendar | null;
  /** The numbers of this session, kept over restarts. */
  readonly store: SequenceStore;
  /** Shared by all sockets of the process, so that a flood on many starves nobody. */
  readonly turns: TurnQueue;
  /** Loads the engine when the first session needs it: it costs time and memory. */
  readonly loadEngine: () => Promise<FixEngine>;
  /** Text of the LP's own dictionary (QuickFIX XML); null = none. */
  readonly dictionaryXml: string | null;
  /** A recorder in front of the books. */
  readonly wrapBooks?: BooksWrapper;
}

/** Runs sessions over FIX. What the LP speaks is all in its {@link CompiledFixVenue}. */
export class FixAdapter implements Adapter {
  readonly transport = "fix";
  /** Two logons of one comp id end each other. */
  readonly isExclusive = true;
  readonly target: string;
  readonly calendar?: TradingCalendar;
  readonly #options: FixAdapterOptions;
  readonly #counts: FixCounts = { ...newBookCounts(), distrusted: 0 };
  readonly #requestIds = new RequestIds();

  constructor(options: FixAdapterOptions) {
    const { host, port, tls, calendar } = options;
    const authority = host.includes(":") ? `[${host}]` : host;
    this.#options = options;
    this.target = `${tls === null ? "tcp" : "tls"}://${authority}:${port}`;
    if (calendar !== null) this.calendar = calendar;
  }

  /** Books of all sessions, and files of numbers that could not be used. */
  get counts(): Readonly<Record<string, number>> {
    return { ...this.#counts, numbersSetAside: this.#options.store.setAsideCount };
  }

  startSession(context: SessionContext): Session {
    const { host, port, tls } = this.#options;
    return new FixSession(context, {
      ...this.#options,
      counts: this.#counts,
      endpoint: { host, port, tls, target: this.target },
      nextId: () => this.#requestIds.next(context.clock),
    });
  }
}
