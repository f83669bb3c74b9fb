import { expect } from "bun:test";
import type { IngesterRig, RigFeed } from "../harness/ingester-rig.ts";
import { startKafka } from "../harness/kafka.ts";
import { NameServer, type NameServerMode } from "../harness/name-server.ts";
import { TcpProxy } from "../harness/tcp-proxy.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultCase } from "./fault-case.ts";
import { isKafkaInTrouble, throughLife } from "./whole-life.ts";

/** The runtime keeps the address of a WebSocket's host for so long, s; it says so nowhere but in this variable. */
const CACHE_VARIABLE = "BUN_CONFIG_DNS_TIME_TO_LIVE_SECONDS";
const SIZES = {
  short: { modes: ["silent"], heldMs: 4000, cacheSeconds: 2, env: { [CACHE_VARIABLE]: "2" } },
  long: { modes: ["silent", "broken", "unknown"], heldMs: 35_000, cacheSeconds: 30, env: {} },
} as const;
/** "≤ TTL + 10 s". */
const BACK_LIMIT_MS = 10_000;
const SEEN_LIMIT_MS = 10_000;
const ADDRESSES = ["127.0.0.2", "127.0.0.3"] as const;

const WIRE = "wire";
const LP = "lp";
const KAFKA = "kafka";
const NEAR = "near";

/** A host that is reached by its name alone, and moves from one address to the other. */
class MovingHost {
  readonly name: string;
  readonly port: number;
  readonly #names: NameServer;
  readonly #proxies: readonly TcpProxy[];
  #at = 0;

  private constructor(label: string, names: NameServer, proxies: readonly TcpProxy[]) {
    this.name = `${label}.edge.test`;
    this.#names = names;
    this.#proxies = proxies;
    this.port = proxies[0].port;
    names.addresses.set(this.name, ADDRESSES[0]);
  }

  static async start(label: string, names: NameServer): Promise<MovingHost> {
    const first = await TcpProxy.start({ targetPort: 0, host: ADDRESSES[0] });
    const second = await TcpProxy.start({ targetPort: 0, host: ADDRESSES[1], port: first.port });
    second.refuse();
    return new MovingHost(label, names, [first, second]);
  }

  /** Both addresses lead to this port of loopback. */
  leadTo(port: number): { readonly host: string; readonly port: number } {
    for (const proxy of this.#proxies) proxy.targetPort = port;
    return { host: this.name, port: this.port };
  }

  /** The old address is dead from now on, and the name server knows the new one. */
  move(): void {
    const [from, to] = [this.#proxies[this.#at], this.#proxies[1 - this.#at]];
    this.#at = 1 - this.#at;
    from.refuse();
    from.dropConnections();
    to.release();
    this.#names.addresses.set(this.name, ADDRESSES[this.#at]);
  }

  async stop(): Promise<void> {
    for (const proxy of this.#proxies) await proxy.stop();
  }
}

/** F15: the name server fails while the hosts of a venue, an LP and Kafka move to another address. */
export const nameService: FaultCase = {
  fault: "F15",
  name: "name-service",
  title: "DNS fails while a venue, an LP and Kafka move to another address",
  needsRoot: true,
  limitMs: { short: 60_000, long: 600_000 },
  async run(round) {
    const { modes, heldMs, cacheSeconds, env } = SIZES[round.form];
    const names = await NameServer.start();
    const [wire, lp, broker] = await Promise.all([WIRE, LP, KAFKA].map((label) => MovingHost.start(label, names)));
    const kafka = await startKafka({ listeners: { proxied: true }, wayToProxy: (port) => broker.leadTo(port) });
    try {
      const { launcher } = names;
      const options = { kafka, feeds: createFeeds(wire, lp), isProxied: true, launcher, env, quotesBefore: 30 };
      await throughLife(round, options, async (rig) => {
        for (const mode of modes) {
          names.mode = mode;
          for (const host of [wire, lp, broker]) host.move();
          await seeNoNames(rig, { names, lp, mode });
          await holdUp(rig, heldMs);
          names.mode = "answer";
          const backMs = await untilBack(rig, 2 * (BACK_LIMIT_MS + 1000 * cacheSeconds));
          const most = BACK_LIMIT_MS + 1000 * cacheSeconds;
          round.measure({ name: `quotes again after '${mode}'`, value: backMs, unit: "ms", most });
        }
        expect((await rig.metrics()).sum("market_data_raw_disconnections_total", { source: NEAR })).toBe(0);
      });
    } finally {
      await kafka.stop();
      for (const host of [wire, lp, broker]) await host.stop();
      names.stop();
    }
  },
};

/** Tries follow each other fast here, and the limits of real venues are for minutes. */
const PROFILE = { limits: { connects: { count: 100, windowMs: 1000 } } };

function createFeeds(wire: MovingHost, lp: MovingHost): readonly RigFeed[] {
  return [
    {
      name: WIRE,
      venue: "kraken",
      symbolCount: 2,
      ratePerSecond: 200,
      profile: PROFILE,
      way: (port) => ({ URL: `ws://${wire.leadTo(port).host}:${wire.port}/v2` }),
    },
    {
      name: LP,
      venue: "fix-generic",
      symbolCount: 2,
      ratePerSecond: 200,
      profile: PROFILE,
      settings: { HEARTBEAT_S: "1" },
      way: (port) => ({ HOST: lp.leadTo(port).host, PORT: String(lp.port) }),
    },
    { name: NEAR, venue: "binance", symbolCount: 2, ratePerSecond: 200 },
  ];
}

/** The fault: the name server is asked and is of no use, and /status says so; Kafka is out of reach for the same reason. */
async function seeNoNames(
  rig: IngesterRig,
  { names, lp, mode }: { names: NameServer; lp: MovingHost; mode: NameServerMode },
): Promise<void> {
  const asked = names.questionsAbout(lp.name);
  const isSeen = async () => {
    const status = JSON.parse((await rig.page("/status")).text);
    const feed = status.feeds.find(({ name }: { name: string }) => name === LP);
    const isFailed = feed.connections[0].lastError?.code === "dns_failed" && feed.connections[0].state !== "live";
    return isFailed && names.questionsAbout(lp.name) > asked;
  };
  await waitUntil(isSeen, { limitMs: SEEN_LIMIT_MS, what: `lookup that fails for '${mode}'` });
  await waitUntil(() => isKafkaInTrouble(rig), { limitMs: SEEN_LIMIT_MS, what: "Kafka out of reach" });
}

/** What needs no name goes on, and health is well. */
async function holdUp(rig: IngesterRig, forMs: number): Promise<void> {
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    expect((await rig.page("/healthz")).status).toBe(200);
    const now = await rig.metrics();
    expect(now.sum("ingester_feed_state", { source: NEAR, state: "live" })).toBe(1);
    expect(now.sum("ingester_feed_state", { state: "live" })).toBe(1);
    expect(now.sum("ingester_ledger_imbalance_quotes")).toBe(0);
    await Bun.sleep(200);
  }
}

/** Resolves with how long it took until every feed was live and quotes of each were acked, ms. */
async function untilBack(rig: IngesterRig, limitMs: number): Promise<number> {
  const startMs = performance.now();
  const before = await rig.metrics();
  const acked = "ingester_quotes_acked_total";
  const isBack = async () => {
    const now = await rig.metrics();
    return [WIRE, LP, NEAR].every(
      (source) =>
        now.sum("ingester_feed_state", { source, state: "live" }) === 1 &&
        now.sum(acked, { source }) > before.sum(acked, { source }),
    );
  };
  await waitUntil(isBack, { limitMs, what: "quotes of every feed" });
  return performance.now() - startMs;
}
