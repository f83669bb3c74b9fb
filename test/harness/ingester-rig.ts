import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { feedPrefix } from "../../src/config/feed-names.ts";
import { Counterparties, type Counterparty } from "../../src/simulator/fix/counterparties.ts";
import { FixSimulator, type FixSimulatorOptions } from "../../src/simulator/fix/fix-simulator.ts";
import { createSeededRandom, mixSeed } from "../../src/simulator/seeded-random.ts";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import type { ExpectedQuote } from "../../src/simulator/venue-dialect.ts";
import { emptyFolder, type Ran, type Running, startBinary } from "../e2e/binary.ts";
import { readClosedLedger } from "./closed-ledger.ts";
import { uniqueTopic } from "./kafka.ts";
import type { TestKafka } from "./kafka-handle.ts";
import { type KcatRecord, readTopicWithKcat } from "./kcat.ts";
import { type LedgerAccount, MetricsText } from "./metrics-text.ts";
import { judge, type LedgerSnapshot, type Verdict } from "./oracle.ts";
import { writeProfile } from "./rig-profile.ts";
import { waitUntil } from "./wait-until.ts";

/** Time the whole thing may take to be live, and to have written what it has, ms. */
const SETTLE_LIMIT_MS = 30_000;
/** No message of any venue: counted as rejected when it is read, so all that was sent before it has been read. */
const BARRIER = "barrier";
/** The same for an LP: a whole message, so that nothing else is waited for, with a wrong CheckSum. */
const FIX_BARRIER = "8=FIX.4.4\u00019=5\u000135=0\u000110=000\u0001";

/** Limits of a venue profile that a rig's feed changes. */
export interface RigLimits {
  readonly symbolsPerConnection?: number;
  readonly connects?: { readonly count: number; readonly windowMs: number };
  readonly staleAfterMs?: number;
  readonly deadAfterMs?: number;
}

/** One feed and the simulated venue behind it. */
export interface RigFeed {
  readonly name: string;
  readonly venue: string;
  /** The first so many of the simulator's symbols. */
  readonly symbolCount: number;
  readonly ratePerSecond: number | "full";
  /** A profile of its own: the venue's, with these changes. */
  readonly profile?: { readonly sequence?: object; readonly limits?: RigLimits };
  /** Settings of this feed beside or instead of the rig's own, names without their prefix. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What an LP is made of beside the rest. */
  readonly lp?: Pick<FixSimulatorOptions, "levels" | "logon" | "resend">;
  /** Instruments the venue lists; absent: its usual ones. */
  readonly symbols?: readonly string[];
  /** The way the program takes to the venue's port on loopback, as settings; absent: the straight one. */
  readonly way?: (port: number) => Readonly<Record<string, string>>;
}

/** What a rig is made of. */
export interface RigOptions {
  readonly kafka: TestKafka;
  readonly feeds: readonly RigFeed[];
  /** Settings beside or instead of the rig's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether Kafka is reached through its proxy; false when absent. */
  readonly isProxied?: boolean;
  /** The program is started by this command, which gives it its limits or namespaces; absent: by none. */
  readonly launcher?: readonly string[];
  /** Every chance of the rig comes from it; absent: FAULT_SEED, or any. */
  readonly seed?: number;
}

/** How a rig's run is judged. */
export interface RigJudgement {
  /** Sources that are left out. */
  readonly except?: readonly string[];
  /** Only these partitions of the quotes topic are read. */
  readonly partitions?: readonly number[];
  readonly duplicatesMax?: number;
  readonly missingOnSpool?: number;
  readonly isCutWhileSending?: boolean;
}

/** The compiled program between simulated venues, whose every quote is noted, and a real broker. */
export class IngesterRig {
  readonly kafka: TestKafka;
  readonly seed: number;
  readonly topic = uniqueTopic("faults");
  readonly intents = new Map<string, ExpectedQuote[]>();
  readonly ledgers: LedgerSnapshot[] = [];
  readonly #options: RigOptions;
  readonly #venues = new Map<string, Simulator>();
  /** What each LP knows of its clients: it outlives a restart. */
  readonly #memories = new Map<string, Counterparties>();
  readonly #env: Record<string, string>;
  readonly #stateFolder = mkdtempSync(join(tmpdir(), "edge-ingester-state-"));
  #run: Running | null = null;
  #url = "";
  #session = "";
  #restarts = 0;
  readonly #random: () => number;

  constructor(options: RigOptions, seed: number) {
    this.#options = options;
    this.kafka = options.kafka;
    this.seed = seed;
    this.#random = createSeededRandom(seed);
    const { bootstrap } = options.kafka;
    this.#env = {
      FEEDS: options.feeds.map((feed) => feed.name).join(","),
      KAFKA_BROKERS: options.isProxied === true ? bootstrap.proxied : bootstrap.plain,
      KAFKA_TOPIC: this.topic,
      KAFKA_EVENTS_TOPIC: `${this.topic}.events`,
      KAFKA_REJECTED_TOPIC: `${this.topic}.rejected`,
      KAFKA_CONNECT_TIMEOUT_MS: "1000",
      KAFKA_REQUEST_TIMEOUT_MS: "1000",
      ADMIN_PORT: "0",
      CONNECTS_PER_SECOND: "100",
      INSTANCE_ID: "faults",
      STATE_DIR: this.#stateFolder,
      ...options.env,
    };
    for (const feed of options.feeds) this.#configure(feed, this.#openVenue(feed));
  }

  /** The simulator behind a feed. */
  venue(feed: string): Simulator {
    const found = this.#venues.get(feed);
    if (found === undefined) throw new Error(`Cannot find the venue of feed '${feed}'`);
    return found;
  }

  /** The LP behind a feed over FIX. */
  lp(feed: string): FixSimulator {
    const found = this.venue(feed);
    if (!(found instanceof FixSimulator)) throw new Error(`Cannot use '${feed}' as an LP: it speaks no FIX`);
    return found;
  }

  /** What the LP behind a feed knows of us: the numbers above all. */
  counterparty(feed: string): Counterparty {
    const { SENDER, TARGET } = this.lp(feed).clientSettings;
    return (this.#memories.get(feed) as Counterparties).find(SENDER, TARGET);
  }

  /** Ends a venue as `kill -9` does. */
  killVenue(feed: string): void {
    this.venue(feed).stop();
  }

  /** Starts a venue again that was killed: on its port, with other prices, and an LP with the numbers it had. */
  restartVenue(name: string): void {
    const feed = this.#options.feeds.find((one) => one.name === name);
    if (feed === undefined) throw new Error(`Cannot find feed '${name}'`);
    this.#restarts++;
    this.#openVenue(feed, this.venue(name).port);
  }

  get session(): string {
    return this.#session;
  }

  get process(): Running {
    if (this.#run === null) throw new Error("Cannot use the program: it was not started");
    return this.#run;
  }

  /** A number from 0 to below 1; the same ones for the same seed. */
  chance(): number {
    return this.#random();
  }

  async createTopics(partitions = 3): Promise<void> {
    await this.kafka.createTopic(this.topic, partitions);
    await this.kafka.createTopic(`${this.topic}.events`, 1);
    await this.kafka.createTopic(`${this.topic}.rejected`, 1);
  }

  /** Starts the program, also a second time after its end; resolves once its admin server answers. */
  async start(): Promise<void> {
    const run = startBinary(["run"], this.#env, emptyFolder(), this.#options.launcher);
    this.#run = run;
    this.#session = String((await run.waitForLog("starting"))["session"]);
    this.#url = String((await run.waitForLog("admin_server_started"))["url"]);
  }

  /** Starts the program and waits until every feed is live and Kafka has acked `quotes` of each. */
  async startLive(quotes = 100): Promise<void> {
    await this.start();
    await this.untilLive(quotes);
  }

  /** Waits until every feed is live and Kafka has acked `quotes` of each. */
  async untilLive(quotes: number): Promise<void> {
    await this.untilMetrics("feed live and acked", (metrics) =>
      this.#options.feeds.every(({ name: source }) => metrics.sum("ingester_quotes_acked_total", { source }) >= quotes),
    );
  }

  /** One page of the admin server, and how long its answer took, ms. */
  async page(
    path: string,
    { isNewConnection = false } = {},
  ): Promise<{ status: number; text: string; tookMs: number }> {
    const startMs = performance.now();
    const response = await fetch(`${this.#url}${path}`, { keepalive: !isNewConnection });
    return { status: response.status, text: await response.text(), tookMs: performance.now() - startMs };
  }

  async metrics(): Promise<MetricsText> {
    return new MetricsText((await this.page("/metrics")).text);
  }

  /** Scrapes until the condition holds. */
  async untilMetrics(what: string, isSo: (metrics: MetricsText) => boolean, limitMs = SETTLE_LIMIT_MS): Promise<void> {
    await waitUntil(async () => isSo(await this.metrics()), { limitMs, what });
  }

  /** Waits until `count` more quotes than now are acked, over all sources. */
  async untilAckedMore(count: number, limitMs = SETTLE_LIMIT_MS): Promise<void> {
    const before = (await this.metrics()).sum("ingester_quotes_acked_total");
    const isSo = (metrics: MetricsText) => metrics.sum("ingester_quotes_acked_total") >= before + count;
    await this.untilMetrics(`${count} more acks`, isSo, limitMs);
  }

  /** The venues send no more quotes, and the program has read all they sent. */
  async quiet(): Promise<void> {
    for (const venue of this.#venues.values()) venue.goSilent("quotes");
    const live = (metrics: MetricsText) =>
      this.#options.feeds.every(
        ({ name: source }) => metrics.sum("ingester_feed_connected", { source }) === 1 && this.#isSubscribed(source),
      );
    await this.untilMetrics("feed connected", live);
    const before = await this.metrics();
    const rejected = (metrics: MetricsText, source: string) =>
      metrics.sum("market_data_raw_parse_errors_total", { source });
    for (const venue of this.#venues.values()) venue.sendRaw(venue instanceof FixSimulator ? FIX_BARRIER : BARRIER);
    const isRead = (metrics: MetricsText) =>
      this.#options.feeds.every(
        (feed) => rejected(metrics, feed.name) >= rejected(before, feed.name) + connectionsOf(feed),
      );
    await this.untilMetrics("barrier read", isRead);
  }

  /** After the end: takes the ledger of the log's last lines into the evidence, and returns it. */
  async keepLastLedger(): Promise<readonly LedgerAccount[]> {
    const { stderr } = await this.process.ended;
    const accounts = readClosedLedger(stderr);
    this.ledgers.push({ session: this.#session, isFinal: true, accounts });
    return accounts;
  }

  /** After {@link quiet}: waits until nothing is in memory or on the spool, keeps the ledger, ends the program in order. */
  async finish(limitMs = SETTLE_LIMIT_MS): Promise<Ran> {
    const held = (metrics: MetricsText) =>
      metrics.sum("ingester_quotes_in_memory") + metrics.sum("ingester_quotes_on_spool");
    await this.untilMetrics("empty memory and spool", (metrics) => held(metrics) === 0, limitMs);
    await this.keepLedger({ isFinal: true });
    this.process.signal("SIGTERM");
    return await this.process.ended;
  }

  /** Takes the ledger as /metrics tells it now into the evidence. */
  async keepLedger({ isFinal }: { isFinal: boolean }): Promise<void> {
    this.ledgers.push({ session: this.#session, isFinal, accounts: (await this.metrics()).ledger() });
  }

  /** Reads both topics back and lets the oracle judge. */
  async judge(options: RigJudgement = {}): Promise<Verdict> {
    const { plain } = this.kafka.bootstrap;
    const { except = [], partitions, duplicatesMax = 0, missingOnSpool = 0, isCutWhileSending = false } = options;
    const records: KcatRecord[] = [];
    for (const partition of partitions ?? [undefined]) {
      const read = await readTopicWithKcat(plain, this.topic, partition === undefined ? {} : { partition });
      for (const record of read) records.push(record);
    }
    return judge({
      intents: new Map([...this.intents].filter(([key]) => !except.includes(key.split(":")[0]))),
      records,
      events: await readTopicWithKcat(plain, `${this.topic}.events`),
      ledgers: this.ledgers.map(({ accounts, ...rest }) => {
        return { ...rest, accounts: accounts.filter((account) => !except.includes(account.source)) };
      }),
      contiguousSources: this.#options.feeds.filter((feed) => feed.profile?.sequence).map((feed) => feed.name),
      bookSources: [...this.#memories.keys()],
      duplicatesMax,
      missingOnSpool,
      isCutWhileSending,
    });
  }

  /** The events of one feed, in order. */
  async events(feed: string): Promise<{ type: string; payload: Record<string, unknown> }[]> {
    const records = await readTopicWithKcat(this.kafka.bootstrap.plain, `${this.topic}.events`);
    return records
      .filter((record) => record.key === feed)
      .map((record) => JSON.parse(record.value ?? "null"))
      .map(({ eventType, payload }) => ({ type: eventType, payload }));
  }

  /** Ends whatever still runs. */
  async close(): Promise<void> {
    for (const venue of this.#venues.values()) venue.stop();
    this.#run?.signal("SIGKILL");
    await this.#run?.ended.catch(() => null);
    rmSync(this.#stateFolder, { recursive: true, force: true });
  }

  #isSubscribed(feed: string): boolean {
    const wanted = this.#options.feeds.find(({ name }) => name === feed)?.symbolCount ?? 0;
    return new Set(this.venue(feed).sessions.flatMap(({ topics }) => topics)).size >= wanted;
  }

  /** @param port absent: any free one */
  #openVenue(feed: RigFeed, port = 0): Simulator {
    const options: FixSimulatorOptions = {
      ...feed.lp,
      venue: feed.venue,
      seed: mixSeed(this.seed, `${feed.name} ${this.#restarts}`),
      ratePerSecond: feed.ratePerSecond,
      port,
      ...(feed.symbols === undefined ? {} : { symbols: feed.symbols }),
      lists: "every_update",
      counterparties: this.#memories.get(feed.name) ?? new Counterparties(),
      onSent: (symbol, quote) => {
        const key = `${feed.name}:${symbol}`;
        const sent = this.intents.get(key);
        if (sent === undefined) this.intents.set(key, [quote]);
        else sent.push(quote);
      },
    };
    const venue = startSimulator(options);
    this.#venues.set(feed.name, venue);
    if (venue instanceof FixSimulator && options.counterparties !== undefined)
      this.#memories.set(feed.name, options.counterparties);
    return venue;
  }

  #configure(feed: RigFeed, { symbols, clientSettings, port }: Simulator): void {
    const settings: Record<string, string> = {
      ...clientSettings,
      SYMBOLS: symbols.slice(0, feed.symbolCount).join(","),
      INITIAL_DELAY_MS: "50",
      MAX_DELAY_MS: "500",
      ...(feed.profile === undefined ? { VENUE: feed.venue } : { PROFILE: writeProfile(feed) }),
      ...feed.settings,
      ...feed.way?.(port),
    };
    for (const [name, value] of Object.entries(settings)) this.#env[`${feedPrefix(feed.name)}${name}`] = value;
  }
}

/** Rigs that {@link withRig} has not closed yet. */
const openRigs = new Set<IngesterRig>();

/** Closes the rigs of a test that was given up in the middle: neither programs nor venues stay behind. */
export async function closeOpenRigs(): Promise<void> {
  await Promise.all([...openRigs].map((rig) => rig.close()));
}

/** Runs `body` with a rig and closes it; a failure names the seed that repeats it. */
export async function withRig(options: RigOptions, body: (rig: IngesterRig) => Promise<void>): Promise<void> {
  const seed = options.seed ?? Number(process.env["FAULT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  const rig = new IngesterRig(options, seed);
  openRigs.add(rig);
  try {
    await body(rig);
  } catch (error) {
    // Whoever gave the seed says so itself.
    if (options.seed === undefined) console.error(`Failed with seed ${seed}: FAULT_SEED=${seed} repeats it`);
    throw error;
  } finally {
    openRigs.delete(rig);
    await rig.close();
  }
}

function connectionsOf({ symbolCount, profile }: RigFeed): number {
  return Math.ceil(symbolCount / (profile?.limits?.symbolsPerConnection ?? symbolCount));
}
