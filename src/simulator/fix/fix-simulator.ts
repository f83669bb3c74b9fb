import { MsgType } from "../../fix/tags.ts";
import type { Clock } from "../../runtime/clock.ts";
import { SystemClock } from "../../runtime/system-clock.ts";
import type { FaultKind } from "../fault-kind.ts";
import { type ListenerTls, listenForLinks } from "../link-listener.ts";
import type { LoopbackListener } from "../loopback-listener.ts";
import type { QuoteAllowance } from "../quote-flood.ts";
import { QuotePacer } from "../quote-pacer.ts";
import { type LoggedRequest, RequestLog } from "../request-log.ts";
import type { Simulator, SimulatorOptions, SimulatorStats } from "../simulator.ts";
import type { TcpLink } from "../tcp-link.ts";
import { Counterparties } from "./counterparties.ts";
import type { FixDialect, FixShape } from "./fix-dialect.ts";
import { createFixFaults } from "./fix-faults.ts";
import { FixFlood } from "./fix-flood.ts";
import { LogonDesk, type LogonRules } from "./logon-desk.ts";
import { createLogonKey, type LogonKey } from "./logon-key.ts";
import type { LpBook } from "./lp-book.ts";
import { LpCommands } from "./lp-commands.ts";
import { type LpHost, LpSession } from "./lp-session.ts";
import { LpSessions } from "./lp-sessions.ts";
import { LpVenue } from "./lp-venue.ts";
import type { ResendPolicy } from "./resend-answer.ts";

/** Entries a side, unless told otherwise. */
const DEFAULT_LEVELS = 5;
/** Entries a side at most: a whole book must stay below 64 KiB. */
export const MAX_LEVELS = 200;
/** What a client that must log in shows. */
const LOGIN = "demo";
/** Who the client says it is where nothing else is asked for. */
const CLIENT_COMP_ID = "EDGE";
/** Headline (148) of a News. */
const HEADLINE = 148;
/** What `sendGarbage` puts between two messages, in turn: it costs a client these bytes and nothing more. */
const GARBAGE: readonly string[] = [
  "garbage",
  "8=FIX.4.4\u00019=5\u0001",
  "8=FIX.4.4\u00019=99999999\u000135=W\u000134=1\u000110=000\u0001",
  "\u0000\u0001\u0002=\u0001=\u0001",
  "8=FIX.4.4\u00019=12\u000135=0\u0001x=y\u000134=1\u000110=000\u0001",
  "10=123\u0001",
  "8=",
];

/** What an LP is made of beside what every simulated venue has. */
export interface FixSimulatorOptions extends SimulatorOptions {
  /** PEM texts; absent: plain TCP. */
  readonly tls?: ListenerTls;
  /** What a Logon must show; absent: what the dialect wants, or anything. */
  readonly logon?: LogonRules;
  /** Entries a side, 1 to 200; 5 when absent. */
  readonly levels?: number;
  /** How a ResendRequest is answered; `replay` when absent. */
  readonly resend?: ResendPolicy;
  /** Departures from the dialect. */
  readonly shape?: Partial<FixShape>;
  /** MassQuotes ask for an acknowledgement. */
  readonly wantsQuoteAcks?: boolean;
  /** Clients it knows already, and their numbers: those of an LP that was stopped and starts again. */
  readonly counterparties?: Counterparties;
  /** `every_update`: `onSent` is told of every message, not only of those that change the best; `top_change` when absent. */
  readonly lists?: "top_change" | "every_update";
}

/** A running LP: FIX 4.4 acceptor, books, and the commands that make it misbehave. They act on every open session. */
export class FixSimulator implements Simulator {
  readonly venue: string;
  readonly seed: number;
  readonly symbols: readonly string[];
  /** The faults of FIX. */
  readonly commands: LpCommands;
  readonly faults: readonly FaultKind[];
  readonly #venue: LpVenue;
  readonly #clock: Clock;
  readonly #listener: LoopbackListener;
  readonly #host: LpHost & { resendPolicy: ResendPolicy };
  readonly #sessions: LpSessions;
  readonly #floods = new Map<LpSession, FixFlood>();
  readonly #pacer: QuotePacer | null;
  readonly #allowance: QuoteAllowance;
  readonly #log = new RequestLog();
  readonly #logonKey: LogonKey | null;
  readonly #hasTls: boolean;
  #isMuted = false;
  #sessionsOpened = 0;
  #bytesOfEnded = 0;
  #garbageNext = 0;
  #nextBook = 0;

  /** @throws IngestError `config_invalid` for a port that is taken */
  constructor(dialect: FixDialect, options: FixSimulatorOptions) {
    const { ratePerSecond, levels = DEFAULT_LEVELS } = options;
    this.venue = dialect.venue;
    this.seed = options.seed;
    this.#clock = options.clock ?? new SystemClock();
    this.#venue = new LpVenue({
      dialect: { ...dialect, shape: { ...dialect.shape, ...options.shape } },
      clock: this.#clock,
      seed: options.seed,
      symbols: options.symbols,
      levels: Math.min(MAX_LEVELS, levels),
      onSent: options.onSent,
      listsEveryUpdate: options.lists === "every_update",
    });
    this.symbols = this.#venue.symbols;
    this.#logonKey = dialect.needsSignature ? createLogonKey(options.seed) : null;
    this.#hasTls = options.tls !== undefined;
    this.#allowance = { left: options.quoteLimit ?? Number.POSITIVE_INFINITY };
    this.#pacer =
      ratePerSecond === "full"
        ? null
        : new QuotePacer(this.#clock, ratePerSecond, { emit: (count) => this.#emit(count) });
    this.#host = {
      venue: this.#venue,
      logons: new LogonDesk(options.logon ?? this.#dialectRules(dialect)),
      counterparties: options.counterparties ?? new Counterparties(),
      wantsQuoteAcks: options.wantsQuoteAcks === true,
      resendPolicy: options.resend ?? "replay",
      onRequest: (session, text) => this.#log.add(session.connectionId, text),
      onSubscriptionsChanged: (session) => this.#onSubscriptionsChanged(session),
      onDrain: (session) => this.#floods.get(session)?.wake(),
      onEnd: (session) => this.#onEnd(session),
    };
    this.#sessions = new LpSessions(() => {
      for (const flood of this.#floods.values()) flood.settle();
    });
    const { logons, counterparties } = this.#host;
    this.commands = new LpCommands({ venue: this.#venue, sessions: this.#sessions, logons, counterparties });
    this.faults = createFixFaults(this);
    this.#listener = listenForLinks(options.port ?? 0, options.tls, (link) => this.#open(link));
  }

  get port(): number {
    return this.#listener.port;
  }

  get url(): string {
    return `${this.#hasTls ? "tls" : "tcp"}://127.0.0.1:${this.port}`;
  }

  get clientSettings(): Readonly<Record<string, string>> {
    const { dialect } = this.#venue;
    const hasLogin = dialect.needsLogin || this.#logonKey !== null;
    return {
      ENABLED: "true",
      HOST: "127.0.0.1",
      PORT: String(this.port),
      SENDER: CLIENT_COMP_ID,
      TARGET: dialect.compId,
      SESSION_DAYS: "all",
      ...(this.#hasTls ? { TLS: "on" } : {}),
      ...(hasLogin ? { USERNAME: LOGIN, PASSWORD: this.#logonKey?.privatePem ?? LOGIN } : {}),
    };
  }

  get sessions(): readonly { readonly connection: string; readonly topics: readonly string[] }[] {
    return this.#sessions.all.map(({ connectionId, desk }) => ({
      connection: connectionId,
      topics: desk.subscriptions.map(({ book }) => book.symbol),
    }));
  }

  get requests(): readonly LoggedRequest[] {
    return this.#log.requests;
  }

  /** FIX sessions are not replayed. */
  get replayFinished(): Promise<void> {
    return new Promise(() => {});
  }

  stats(): SimulatorStats {
    let bytesSent = this.#bytesOfEnded;
    for (const session of this.#sessions.all) bytesSent += session.link.bytesSent;
    return {
      sessionsOpen: this.#sessions.size,
      sessionsOpened: this.#sessionsOpened,
      requests: this.#log.count,
      quotesSent: this.#venue.quotesSent,
      sentBySymbol: this.#venue.sentBySymbol(),
      bytesSent,
      withheld: this.#venue.withheld,
      replay: null,
    };
  }

  /** The book of a symbol; null when the LP does not list it. */
  book(symbol: string): LpBook | null {
    return this.#venue.findBook(symbol);
  }

  /** Logout with this text to every session, then the end. */
  disconnect(text = "Going away"): void {
    for (const session of this.#sessions.all) session.logout(text);
  }

  disconnectHard(): void {
    for (const session of this.#sessions.all) session.link.reset();
  }

  drop(): void {
    for (const session of this.#sessions.all) session.link.drop();
  }

  goSilent(what: "all" | "quotes" = "all"): void {
    if (what === "quotes") {
      this.#venue.isQuiet = true;
      return;
    }
    this.#isMuted = true;
    for (const session of this.#sessions.all) session.link.isMuted = true;
  }

  resume(): void {
    this.#venue.isQuiet = false;
    this.#isMuted = false;
    for (const { link } of this.#sessions.all) {
      link.isMuted = false;
      link.isDeaf = false;
    }
    for (const flood of this.#floods.values()) flood.wake();
  }

  refuse(symbol: string): void {
    this.#venue.refused.add(symbol);
  }

  allow(symbol: string): void {
    this.#venue.refused.delete(symbol);
  }

  skipSequence(symbol: string, count: number): void {
    this.commands.loseMessages(symbol, count, "kept");
  }

  /** How ResendRequests are answered from now on. */
  answerResends(policy: ResendPolicy): void {
    this.#host.resendPolicy = policy;
  }

  sendRaw(text: string): void {
    this.sendBytes(Buffer.from(text, "latin1"));
  }

  sendBytes(bytes: Uint8Array): void {
    for (const { link } of this.#sessions.all) link.write(bytes);
  }

  sendGarbage(): void {
    this.sendRaw(GARBAGE[this.#garbageNext++ % GARBAGE.length]);
  }

  requestReconnect(): void {
    const { farewellNews } = this.#venue.dialect;
    if (farewellNews === null) this.disconnect("Please reconnect");
    else this.commands.send(MsgType.news, [[HEADLINE, farewellNews]]);
  }

  /** Leaves Logons without any answer. */
  holdHandshakes(): void {
    this.#host.logons.hold();
  }

  acceptHandshakes(): void {
    this.#host.logons.accept();
  }

  stop(): void {
    this.#pacer?.stop();
    this.#listener.stop();
    for (const session of this.#sessions.all) session.link.closed();
  }

  #dialectRules(dialect: FixDialect): LogonRules {
    if (this.#logonKey !== null) return { username: LOGIN, publicKey: this.#logonKey.publicKey };
    return dialect.needsLogin ? { username: LOGIN, password: LOGIN } : {};
  }

  #open(link: TcpLink): void {
    link.isMuted = this.#isMuted;
    this.#sessionsOpened++;
    const session = new LpSession(link, this.#host, `lp-${this.#sessionsOpened}`);
    this.#sessions.add(session);
    if (this.#pacer === null) this.#floods.set(session, new FixFlood(session, this.#venue, this.#allowance));
  }

  #onSubscriptionsChanged(session: LpSession): void {
    this.#floods.get(session)?.wake();
    if (session.desk.subscriptions.length > 0) this.#pacer?.start();
  }

  #onEnd(session: LpSession): void {
    this.#floods.get(session)?.stop();
    this.#floods.delete(session);
    if (this.#sessions.delete(session)) this.#bytesOfEnded += session.link.bytesSent;
    if (this.#sessions.size === 0) this.#pacer?.stop();
  }

  /** Updates of the subscribed instruments in turn, each to everyone who has it. */
  #emit(count: number): void {
    const sessions = this.#sessions.all;
    const active = this.symbols.filter((symbol) => sessions.some(({ desk }) => desk.find(symbol) !== null));
    for (let i = 0; i < count && active.length > 0 && this.#allowance.left > 0; i++) {
      const book = this.#venue.findBook(active[this.#nextBook++ % active.length]);
      if (book === null) continue;
      book.step(this.#clock.wallUs(), this.#clock.monotonicMs());
      this.#allowance.left--;
      for (const session of sessions) {
        for (const subscription of session.desk.subscriptions) {
          if (subscription.book === book) session.sendUpdate(subscription);
        }
      }
    }
  }
}
