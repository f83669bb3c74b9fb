import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import { runBinary } from "../e2e/binary.ts";
import { connections, environment, feedEnv, metrics, type Program, start, untilQuoted } from "../e2e/program.ts";
import { type CertificatePair, TestAuthority } from "../harness/tls-certificates.ts";
import { TlsFront } from "../harness/tls-front.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultCase, FaultRound } from "./fault-case.ts";

const SEED = 16;
const TRANSPORTS = ["websocket", "fix", "rest", "grpc"] as const;
/** What is wrong with the server's certificate, or with ours. */
const WRONGS = ["expired", "not_yet", "other_host", "other_ca", "no_client"] as const;
/** Each front has an address of its own, as connections to one host wait for each other. */
const HOSTS_MAX = 40;
const ALL_HOSTS = Array.from({ length: HOSTS_MAX }, (_, i) => `IP:${hostAt(i)}`).join(",");
const SEEN_LIMIT_MS = 20_000;
/** Backoff of the feeds is half a second at most. */
const BACK_LIMIT_MS = 10_000;

type Transport = (typeof TRANSPORTS)[number];
type Wrong = (typeof WRONGS)[number];

const VENUES: Readonly<Record<Transport, string>> = {
  websocket: "binance",
  fix: "fix-generic",
  rest: "binance-rest",
  grpc: "quotes-units",
};

function hostAt(index: number): string {
  return `127.0.1.${index + 1}`;
}

/** F16: venues of every transport with a certificate that must not be taken, and one that is exchanged. */
export const venueCertificates: FaultCase = {
  fault: "F16",
  name: "venue-certificates",
  title: "Venues with expired, early, foreign and untrusted certificates, one that wants ours, one that is exchanged",
  limitMs: { short: 60_000, long: 60_000 },
  async run(round) {
    const folder = mkdtempSync(join(tmpdir(), "edge-ingester-tls-"));
    const bench = await CertificateBench.create(folder);
    try {
      await throughRefusals(round, bench);
      await throughRotation(round, bench);
    } finally {
      await bench.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Simulated venues, and TLS in front of them with whatever certificate is wanted. */
class CertificateBench {
  readonly #authority: TestAuthority;
  readonly #other: TestAuthority;
  readonly #venues = new Map<Transport, Simulator>();
  readonly #fronts: TlsFront[] = [];

  private constructor(authority: TestAuthority, other: TestAuthority) {
    this.#authority = authority;
    this.#other = other;
    for (const transport of TRANSPORTS)
      this.#venues.set(transport, startSimulator({ venue: VENUES[transport], seed: SEED, ratePerSecond: 200 }));
  }

  static async create(folder: string): Promise<CertificateBench> {
    const [authority, other] = await Promise.all(
      ["ca", "other"].map((name) => TestAuthority.create(join(folder, name))),
    );
    return new CertificateBench(authority, other);
  }

  async certificate(wrong: Wrong | "none"): Promise<CertificatePair> {
    if (wrong === "expired") return await this.#authority.sign({ names: ALL_HOSTS, days: [-3, -1] });
    if (wrong === "not_yet") return await this.#authority.sign({ names: ALL_HOSTS, days: [1, 3] });
    if (wrong === "other_host") return await this.#authority.sign({ names: "DNS:venue.example" });
    return await (wrong === "other_ca" ? this.#other : this.#authority).sign({ names: ALL_HOSTS });
  }

  async front(transport: Transport, certificate: CertificatePair, isMutual = false): Promise<TlsFront> {
    const targetPort = this.#venue(transport).port;
    const clientCa = isMutual ? { clientCa: this.#authority.pem } : {};
    const host = hostAt(this.#fronts.length);
    const front = await TlsFront.start({ host, targetPort, certificate, ...clientCa });
    this.#fronts.push(front);
    return front;
  }

  /** The variables of a feed that reads a venue through a front. */
  feed(name: string, transport: Transport, { address }: TlsFront): Record<string, string> {
    const venue = this.#venue(transport);
    const url = new URL(venue.url.replace(/^\w+:/, "http:"));
    const more = { INITIAL_DELAY_MS: "200", MAX_DELAY_MS: "500", MAX_RETRIES: "1000" };
    const isFast = transport === "rest" ? { POLL_INTERVAL_MS: "100" } : {};
    return feedEnv(name, venue, { ...more, ...isFast, ...this.#target(transport, address, url.pathname) });
  }

  async close(): Promise<void> {
    for (const front of this.#fronts) await front.stop();
    for (const venue of this.#venues.values()) venue.stop();
  }

  #target(transport: Transport, address: string, path: string): Record<string, string> {
    const TLS_CA_FILE = this.#authority.file;
    if (transport === "websocket") return { URL: `wss://${address}${path}`, TLS_CA_FILE };
    if (transport === "rest") return { URL: `https://${address}`, TLS_CA_FILE };
    if (transport === "grpc") return { ADDRESS: address, TLS: "on", TLS_CA_FILE };
    const [HOST, PORT] = address.split(":");
    return { HOST, PORT, TLS: "on", TLS_CA_FILE, HEARTBEAT_S: "1" };
  }

  #venue(transport: Transport): Simulator {
    return this.#venues.get(transport) as Simulator;
  }
}

/** Every wrong certificate is refused on every transport, told in plain words, while the feeds beside them quote. */
async function throughRefusals(round: FaultRound, bench: CertificateBench): Promise<void> {
  const feeds: Record<string, Record<string, string>> = {};
  const fronts = new Map<string, TlsFront>();
  for (const wrong of WRONGS) {
    const certificate = await bench.certificate(wrong);
    for (const transport of TRANSPORTS) {
      // Feeds over WebSocket and REST show no certificate of ours to anybody.
      if (wrong === "no_client" && (transport === "websocket" || transport === "rest")) continue;
      const name = `${transport}-${wrong.replaceAll("_", "-")}`;
      const front = await bench.front(transport, certificate, wrong === "no_client");
      fronts.set(name, front);
      feeds[name] = bench.feed(name, transport, front);
    }
  }
  const bad = Object.keys(feeds);
  const good = await bench.certificate("none");
  // The control: but for the certificate the same venues, fronts and settings are well.
  for (const transport of TRANSPORTS)
    feeds[transport] = bench.feed(transport, transport, await bench.front(transport, good));
  const env = { ...environment(feeds), SINK: "discard" };
  const program = await start(env);
  try {
    await untilQuoted(program, TRANSPORTS);
    await untilAllTold(program, bad);
    await checkRefused(program, bad);
    for (const name of bad.filter((one) => !one.endsWith("no-client")))
      expect([name, fronts.get(name)?.handshakes]).toEqual([name, 0]);
    round.measure({ name: "wrong certificates refused", value: bad.length, unit: "", least: bad.length });
  } finally {
    program.run.signal("SIGTERM");
    expect((await program.run.ended).code).toBe(0);
  }
  const checked = await runBinary(["check", "--connect", "--json"], env);
  expect(checked.code).toBe(1);
  const rows: { subject: string; isGood: boolean }[] = JSON.parse(checked.stdout).connections;
  const isGood = new Map(rows.map((row) => [row.subject, row.isGood]));
  for (const name of bad) expect([name, isGood.get(`feed ${name}`)]).toEqual([name, false]);
  for (const name of TRANSPORTS) expect([name, isGood.get(`feed ${name}`)]).toEqual([name, true]);
}

async function untilAllTold(program: Program, names: readonly string[]): Promise<void> {
  const isTold = async () => {
    const now = await connections(program);
    return names.every((name) => now[name].lastError !== null);
  };
  await waitUntil(isTold, { limitMs: SEEN_LIMIT_MS, what: "error of every bad feed" });
}

async function checkRefused(program: Program, names: readonly string[]): Promise<void> {
  const now = await connections(program);
  const told = names.map((name) => `${name}: ${now[name].lastError?.code}: ${now[name].lastError?.message}`);
  for (const line of told)
    expect(line).toMatch(/^[\w-]+: (tls_failed|closed_unclean|connect_failed|logon_refused): Cannot /);
  for (const line of told.filter((one) => !one.includes("no-client"))) {
    expect(line).toContain(": tls_failed: ");
    expect(line).toMatch(/certificate|CERT|ALTNAME|altnames|UNABLE_TO_VERIFY|name/);
  }
  const page = await metrics(program);
  for (const source of names) {
    expect([source, page.sum("ingester_quotes_accepted_total", { source })]).toEqual([source, 0]);
    // Over TLS 1.3 a client without a certificate hears of it only after its own handshake.
    if (!source.endsWith("no-client"))
      expect([source, page.sum("ingester_feed_connected", { source })]).toEqual([source, 0]);
    expect(page.sum("ingester_feed_errors_total", { source })).toBeGreaterThan(0);
  }
}

/** A server's certificate is exchanged for one that is no good, and for a good one: the feed follows without a restart. */
async function throughRotation(round: FaultRound, bench: CertificateBench): Promise<void> {
  const first = await bench.certificate("none");
  const fronts: TlsFront[] = [];
  const feeds: Record<string, Record<string, string>> = {};
  for (const transport of TRANSPORTS) {
    const front = await bench.front(transport, first);
    fronts.push(front);
    feeds[transport] = bench.feed(transport, transport, front);
  }
  const program = await start({ ...environment(feeds), SINK: "discard" });
  try {
    await untilQuoted(program, TRANSPORTS);
    const expired = await bench.certificate("expired");
    for (const front of fronts) await front.rotate(expired);
    const isRefused = async () => {
      const now = await connections(program);
      return TRANSPORTS.every((name) => now[name].lastError?.code === "tls_failed");
    };
    await waitUntil(isRefused, { limitMs: SEEN_LIMIT_MS, what: "refusal of the expired certificate" });
    const renewed = await bench.certificate("none");
    const startMs = performance.now();
    for (const front of fronts) await front.rotate(renewed);
    const before = await metrics(program);
    const acked = "ingester_quotes_acked_total";
    const isBack = async () => {
      const now = await metrics(program);
      return TRANSPORTS.every((source) => now.sum(acked, { source }) > before.sum(acked, { source }) + 10);
    };
    await waitUntil(isBack, { limitMs: SEEN_LIMIT_MS, what: "quotes behind the renewed certificate" });
    round.measure({
      name: "back after a renewal",
      value: performance.now() - startMs,
      unit: "ms",
      most: BACK_LIMIT_MS,
    });
  } finally {
    program.run.signal("SIGTERM");
    await program.run.ended;
  }
}
