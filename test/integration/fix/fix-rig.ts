import { expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Feed } from "../../../src/adapters/feed.ts";
import type { FeedPolicy } from "../../../src/adapters/feed-policy.ts";
import { loadFixEngine } from "../../../src/adapters/fix/engine/load-engine.ts";
import { FixAdapter } from "../../../src/adapters/fix/fix-adapter.ts";
import { SequenceStore } from "../../../src/adapters/fix/sequence-store.ts";
import type { FixTlsOptions } from "../../../src/adapters/fix/socket-options.ts";
import { Instrument } from "../../../src/domain/instrument.ts";
import type { Timer } from "../../../src/runtime/clock.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { TurnQueue } from "../../../src/runtime/turn-queue.ts";
import { compileFixVenue } from "../../../src/venues/compile-fix-venue.ts";
import type { ResetPolicy } from "../../../src/venues/compiled-fix-venue.ts";
import { loadProfile } from "../../../src/venues/load-profile.ts";
import { FeedBench, TEST_POLICY } from "../../harness/feed-bench.ts";
import { FixFaultProxy } from "../../harness/fix-fault-proxy.ts";
import { PEER_TARGET, PeerLp, type PeerLpOptions } from "../../harness/fix-peer-lp.ts";
import type { FixPeerProcess } from "../../harness/fix-peer-process.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import { LastQuotes } from "./last-quotes.ts";
import { dumpBooks } from "./observed-books.ts";

const PROFILE_FILE = join(import.meta.dir, "../../../config/venues/fix-generic.json");
const SYMBOLS_PER_REQUEST = 10;
interface Patience {
  readonly heartbeatS: number;
  readonly logonTimeoutMs: number;
  readonly subscribeTimeoutMs: number;
}
const PATIENCE: Readonly<Record<"short" | "long", Patience>> = {
  /** A dead LP is found in 2.5 s and a Logon that was turned away is tried again after 2 s. */
  short: { heartbeatS: 1, logonTimeoutMs: 2000, subscribeTimeoutMs: 2000 },
  /** No session ends because the machine is busy with other things for some seconds. */
  long: { heartbeatS: 30, logonTimeoutMs: 15_000, subscribeTimeoutMs: 15_000 },
};
/** What a brisk clock makes short, and how much. */
const LONG_WAIT_MS = 10_000;
const BRISK_FACTOR = 10;
/** How long anything that is waited for may take, or nothing come while books are on their way, ms. */
const SETTLE_LIMIT_MS = 15_000;
/** Supervision that meddles with nothing and comes back soon. */
const POLICY: FeedPolicy = {
  ...TEST_POLICY,
  initialDelayMs: 20,
  maxDelayMs: 200,
  staleAfterMs: 60_000,
  deadAfterMs: 60_000,
  noDataAfterMs: 60_000,
};

/** The symbols of every LP here. */
export const RIG_SYMBOLS: readonly string[] = ["EUR/USD", "GBP/USD", "USD/JPY", "AUD/USD"];

/** What a rig is made of beside its peer. */
export interface FixRigOptions {
  readonly lp?: Partial<PeerLpOptions>;
  /** Whether our adapter reaches the LP through the fault proxy; true when absent. */
  readonly isProxied?: boolean;
  readonly reset?: ResetPolicy;
  readonly symbols?: readonly string[];
  readonly tls?: FixTlsOptions;
  readonly host?: string;
  readonly subscribeTimeoutMs?: number;
  /** `brisk`: waits of ten seconds and more are over ten times sooner. */
  readonly pace?: "real" | "brisk";
  /** `long`, for what says that no session ends: silence and late answers of some seconds are borne; `short` when absent. */
  readonly patience?: "short" | "long";
}

/** The machine's clock, whose long timers are short: what is done when a patient wait ends is seen without the wait. */
class BriskClock extends SystemClock {
  override schedule(delayMs: number, callback: () => void): Timer {
    return super.schedule(delayMs < LONG_WAIT_MS ? delayMs : delayMs / BRISK_FACTOR, callback);
  }
}

/** Sorted entries by symbol. */
type Books = Readonly<Record<string, readonly string[]>>;

/** One feed of ours over FIX, an LP of another maker, and the proxy between them. */
export class FixRig {
  readonly lp: PeerLp;
  readonly proxy: FixFaultProxy;
  /** Of the LP's market. */
  readonly seed: number;
  readonly quotes = new LastQuotes();
  readonly clock: SystemClock;
  readonly bench: FeedBench;
  readonly #options: FixRigOptions;
  readonly #symbols: readonly string[];
  readonly #stateFolder = mkdtempSync(join(tmpdir(), "edge-ingester-fix-"));
  #feed: Feed;

  private constructor(parts: { lp: PeerLp; proxy: FixFaultProxy; seed: number }, options: FixRigOptions) {
    this.lp = parts.lp;
    this.proxy = parts.proxy;
    this.seed = parts.seed;
    this.#options = options;
    this.clock = options.pace === "brisk" ? new BriskClock() : new SystemClock();
    this.bench = new FeedBench({ clock: this.clock });
    this.#symbols = options.symbols ?? RIG_SYMBOLS;
    this.#feed = this.#createFeed();
  }

  /** Resolves with an LP that listens and a feed that is not started. Prints the seed of the LP's market. */
  static async create(peer: FixPeerProcess, options: FixRigOptions = {}): Promise<FixRig> {
    const seed = options.lp?.seed ?? Number(process.env["FIX_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    const lp = await PeerLp.start(peer, { symbols: RIG_SYMBOLS, ...options.lp, seed });
    console.error(`${lp.name} on ${peer.kind}: FIX_SEED=${seed}`);
    return new FixRig({ lp, seed, proxy: await FixFaultProxy.start(lp.port) }, options);
  }

  /** The same, and resolves when the feed is live with every book in hand. */
  static async start(peer: FixPeerProcess, options: FixRigOptions = {}): Promise<FixRig> {
    const rig = await FixRig.create(peer, options);
    rig.feed.start();
    await rig.expectEqualBooks();
    return rig;
  }

  get feed(): Feed {
    return this.#feed;
  }

  /** MDReqIDs (262) the LP has been asked with. */
  async requestIds(): Promise<string[]> {
    return Object.values((await this.lp.status()).subscriptions);
  }

  /** Ends the feed and starts another that finds what the first has left on disk: a restart of the ingester. */
  async restartFeed(): Promise<void> {
    await this.#feed.stop();
    this.#feed = this.#createFeed();
    this.#feed.start();
  }

  /** Rejects a while after the books should have been equal to the LP's, entry for entry; the LP must be at rest. */
  async expectEqualBooks(lp = this.lp): Promise<void> {
    let wanted = await lp.dump();
    const isEqual = () => JSON.stringify(dumpBooks(this.#symbols)) === JSON.stringify(this.#pick(wanted.books));
    try {
      await waitUntil(
        async () => {
          wanted = await lp.dump();
          return this.feed.state === "live" && isEqual();
        },
        { limitMs: SETTLE_LIMIT_MS, what: "equal books", progress: () => this.quotes.count },
      );
    } catch {
      // What follows says what is unequal.
    }
    expect<Books>(dumpBooks(this.#symbols)).toEqual(this.#pick(wanted.books));
    expect(this.feed.state).toBe("live");
  }

  /** One more round of live increments, then: the books are equal, and the last quotes are the best of them. */
  async expectEqualQuotes(): Promise<void> {
    await this.lp.burst(200);
    await this.expectEqualBooks();
    const { books } = await this.lp.dump();
    for (const symbol of this.#symbols) {
      const quote = this.quotes.bySymbol.get(symbol);
      const bids = bestOf(books[symbol], "0");
      const offers = bestOf(books[symbol], "1");
      expect([symbol, quote?.bidPrice, quote?.askPrice]).toEqual([symbol, bids.price, offers.price]);
      // Several makers may stand at the best price; one of them is quoted.
      expect(bids.sizes).toContain(quote?.bidSize ?? null);
      expect(offers.sizes).toContain(quote?.askSize ?? null);
    }
  }

  /** Resolves when what is looked for has come true. */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    await waitUntil(isSo, { limitMs: SETTLE_LIMIT_MS, what });
  }

  /** What the feed last failed by: `code: message`; empty when it never has. */
  get lastError(): string {
    const error = this.feed.status().connections[0]?.lastError;
    return error == null ? "" : `${error.code}: ${error.message}`;
  }

  /** Every gap our feed has told of: `gap 5-9 A,B`. */
  get gaps(): string[] {
    return this.bench.interruptions.filter((line) => line.startsWith("gap"));
  }

  /** Ends all of it; the feed must leave no socket behind. */
  async stop(): Promise<void> {
    await this.feed.stop();
    await Promise.all([this.proxy.stop(), this.lp.end()]);
    rmSync(this.#stateFolder, { recursive: true, force: true });
  }

  #pick(books: Books): Books {
    return Object.fromEntries(this.#symbols.map((symbol) => [symbol, books[symbol] ?? []]));
  }

  #createFeed(): Feed {
    const name = "lp-test";
    return new Feed({
      name,
      venue: "fix-generic",
      isEnabled: true,
      adapter: this.#createAdapter(name),
      instruments: this.#symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: name, symbol })),
      policy: POLICY,
      counters: { sequence: 0, duplicates: 0, regressions: 0, gaps: 0 },
      environment: { ...this.bench.environment, quotes: this.quotes, random: Math.random },
    });
  }

  #createAdapter(name: string): FixAdapter {
    const { tls, reset, isProxied } = this.#options;
    const { heartbeatS, logonTimeoutMs, subscribeTimeoutMs } = PATIENCE[this.#options.patience ?? "short"];
    const host = this.#options.host ?? "127.0.0.1";
    const port = isProxied === false ? this.lp.port : this.proxy.port;
    const identity = {
      beginString: "FIX.4.4",
      sender: PEER_TARGET,
      target: this.lp.name,
      senderSub: null,
      targetSub: null,
    };
    return new FixAdapter({
      name,
      venue: createVenue(heartbeatS),
      identity,
      host,
      port,
      tls: tls ?? null,
      heartbeatS,
      credentials: { username: null, password: () => null },
      reset: reset ?? "logon",
      depth: 0,
      publish: "top_change",
      isSubscribing: true,
      logonTimeoutMs,
      subscribeTimeoutMs: this.#options.subscribeTimeoutMs ?? subscribeTimeoutMs,
      calendar: null,
      store: new SequenceStore({
        name,
        directory: this.#stateFolder,
        identity,
        host,
        port,
        clock: this.clock,
        onTrouble: ({ message }) => console.error(`session numbers: ${message}`),
      }),
      turns: new TurnQueue(this.clock),
      loadEngine: loadFixEngine,
      dictionaryXml: null,
    });
  }
}

/** The generic profile, all symbols in one request: an increment may then speak of several. */
function createVenue(heartbeatS: number) {
  const profile = JSON.parse(readFileSync(PROFILE_FILE, "utf8"));
  profile.limits = { ...profile.limits, symbolsPerRequest: SYMBOLS_PER_REQUEST };
  const text = JSON.stringify(profile);
  return compileFixVenue(loadProfile(text, PROFILE_FILE, "fix"), { heartbeatS, depth: 0 });
}

function bestOf(entries: readonly string[] = [], side: string): { price: string | null; sizes: (string | null)[] } {
  const lines = entries.map((line) => line.split("|")).filter(([kind]) => kind === side);
  if (lines.length === 0) return { price: null, sizes: [null] };
  const prices = lines.map(([, , price]) => Number(price));
  const best = side === "0" ? Math.max(...prices) : Math.min(...prices);
  const atBest = lines.filter(([, , price]) => Number(price) === best);
  return { price: atBest[0][2], sizes: atBest.map(([, , , size]) => size) };
}
