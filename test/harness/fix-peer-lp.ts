import type { FixPeerProcess, PeerAnswer, PeerEvent } from "./fix-peer-process.ts";
import { pickFreePorts } from "./free-ports.ts";
import { waitUntil } from "./wait-until.ts";

/** How many LPs this process has named: a peer keeps its sessions by comp id, so no two may share one. */
let lpCount = 0;

/** What an LP of a peer is made of. */
export interface PeerLpOptions {
  readonly symbols: readonly string[];
  /** Of the market's chances. */
  readonly seed: number;
  /** Entries of one side at most. */
  readonly depth?: number;
  /** Whether entries carry MDEntryID (278). */
  readonly hasIds?: boolean;
  /** Whether some changes give an entry a new id, the old one in MDEntryRefID (280). */
  readonly renames?: boolean;
  /** Settings of QuickFIX/J beside the peer's own, such as `ResetOnLogon`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Every entry of every book as `side|id|price|size`, sorted, and the number of the LP's next message. */
export interface PeerDump {
  readonly next: number;
  readonly books: Readonly<Record<string, readonly string[]>>;
}

/** How an LP stands. */
export interface PeerLpStatus {
  readonly isLoggedOn: boolean;
  readonly nextSender: number;
  readonly nextTarget: number;
  /** Symbol to the MDReqID (262) it was last asked for with. */
  readonly subscriptions: Readonly<Record<string, string>>;
  readonly incrementsSent: number;
  /** Messages received, by MsgType (35). */
  readonly received: Readonly<Record<string, number>>;
}

/** What an LP does when somebody logs on. */
export type LogonManner =
  | { readonly manner: "accept" }
  /** A Logout with this text instead of a Logon. */
  | { readonly manner: "refuse"; readonly text: string }
  /** The connection is closed without a word. */
  | { readonly manner: "close" }
  /** A Logon and at once so many Logouts. */
  | { readonly manner: "logout"; readonly text: string; readonly logouts: number };

/** One LP of a peer process: an acceptor with one session, and a market that outlives its restarts. */
export class PeerLp {
  /** SenderCompID (49) of the LP; ours is {@link PEER_TARGET}. */
  readonly name: string;
  readonly port: number;
  readonly #peer: FixPeerProcess;

  private constructor(peer: FixPeerProcess, name: string, port: number) {
    this.#peer = peer;
    this.name = name;
    this.port = port;
  }

  /** Resolves with an LP that listens. */
  static async start(peer: FixPeerProcess, options: PeerLpOptions): Promise<PeerLp> {
    const [port] = (await pickFreePorts(1)) as [number];
    const lp = new PeerLp(peer, `LP${++lpCount}`, port);
    await lp.startIn(peer, options);
    return lp;
  }

  /** Starts the same LP, by name and port, in a process that does not have it: after the first one was killed. */
  async startIn(peer: FixPeerProcess, options: PeerLpOptions): Promise<PeerLp> {
    const settings = Object.entries(options.settings ?? {}).map(([key, value]) => [`set.${key}`, value] as const);
    await peer.command("lp", {
      name: this.name,
      port: this.port,
      target: PEER_TARGET,
      symbols: options.symbols.join(","),
      seed: options.seed,
      depth: options.depth ?? 10,
      ids: options.hasIds ?? true,
      renames: options.renames ?? false,
      ...Object.fromEntries(settings),
    });
    return peer === this.#peer ? this : new PeerLp(peer, this.name, this.port);
  }

  /** Changes and tells so many times a second; 0 pauses. */
  setRate(perSecond: number | "full"): Promise<PeerAnswer> {
    return this.#command("rate", { perSecond: perSecond === "full" ? -1 : perSecond });
  }

  /** Sends so many increments as fast as the wire takes them. */
  burst(count: number): Promise<PeerAnswer> {
    return this.#command("burst", { count });
  }

  /** So many messages are numbered and never sent; a ResendRequest for them is answered with a GapFill. */
  skip(count: number): Promise<PeerAnswer> {
    return this.#command("skip", { count });
  }

  /** A SequenceReset to a number so far ahead, with or without GapFillFlag (123). */
  sequenceReset(mode: "gap_fill" | "reset", ahead: number): Promise<PeerAnswer> {
    return this.#command("sequenceReset", { isGapFill: mode === "gap_fill", ahead });
  }

  /** From now on the LP expects this number of us. */
  expectNumber(number: number): Promise<PeerAnswer> {
    return this.#command("expectNumber", { number });
  }

  /** Empties a book and says so with a snapshot. */
  clear(symbol: string): Promise<PeerAnswer> {
    return this.#command("clear", { symbol });
  }

  testRequest(testId: string): Promise<PeerAnswer> {
    return this.#command("testRequest", { testId });
  }

  /** Any message: its type and fields. */
  send(type: string, fields: readonly string[]): Promise<PeerAnswer> {
    return this.#command("send", { type, fields: fields.join("\x01") });
  }

  /** A Logout with this text; resolves once the session is over. The next Logon is taken again. */
  logout(text: string): Promise<PeerAnswer> {
    return this.#command("logout", { text });
  }

  /** Closes the connection without a word. */
  disconnect(): Promise<PeerAnswer> {
    return this.#command("disconnect", {});
  }

  onLogon(manner: LogonManner): Promise<PeerAnswer> {
    return this.#command("onLogon", manner);
  }

  /** Serves no more until `restart()`; `kill`: no Logout is sent, as if the process had died. The numbers stay. */
  stop(manner: "logout" | "kill"): Promise<PeerAnswer> {
    return this.#command("stop", { isForced: manner === "kill" });
  }

  restart(): Promise<PeerAnswer> {
    return this.#command("start", {});
  }

  /** Ends it for good; it may have ended with its process. */
  async end(): Promise<void> {
    if (!this.#peer.hasEnded) await this.#command("end", {});
  }

  async dump(): Promise<PeerDump> {
    return (await this.#command("dump", {})) as unknown as PeerDump;
  }

  async status(): Promise<PeerLpStatus> {
    return (await this.#command("status", {})) as unknown as PeerLpStatus;
  }

  /** What happened to its session, oldest first. */
  events(event: string): PeerEvent[] {
    return this.#peer.events(event, this.name);
  }

  /** Resolves when all these symbols have been asked for, by requests other than `before`. */
  async awaitSubscriptions(symbols: readonly string[], before: readonly string[] = []): Promise<void> {
    const what = `subscription of ${symbols.join(", ")} at ${this.name}`;
    await waitUntil(
      async () => {
        const { subscriptions } = await this.status();
        return symbols.every((symbol) => symbol in subscriptions && !before.includes(subscriptions[symbol] ?? ""));
      },
      { limitMs: 10_000, what },
    );
  }

  #command(verb: string, details: Readonly<Record<string, string | number | boolean>>): Promise<PeerAnswer> {
    return this.#peer.command(verb, { name: this.name, ...details });
  }
}

/** TargetCompID (56) of every LP: the SenderCompID (49) an initiator uses. */
export const PEER_TARGET = "EDGE";
