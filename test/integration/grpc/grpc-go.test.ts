import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installGrpcPeer } from "../../harness/grpc-peer-install.ts";
import { type GrpcPeerOptions, GrpcPeerProcess } from "../../harness/grpc-peer-process.ts";
import { createKafkaCertificates } from "../../harness/kafka-certificates.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import { GrpcRig, type GrpcRigOptions } from "./grpc-rig.ts";

/** How late a machine that is busy with other things may be. */
const BUSY_MS = 5000;
/** For many thousand messages on such a machine. */
const FLOOD_LIMIT_MS = 120_000;
const peers: GrpcPeerProcess[] = [];
const rigs: GrpcRig[] = [];

async function startPeer(options: GrpcPeerOptions = {}): Promise<GrpcPeerProcess> {
  const peer = await GrpcPeerProcess.start(options);
  peers.push(peer);
  return peer;
}

function startRig(options: GrpcRigOptions): GrpcRig {
  const rig = new GrpcRig(options);
  rigs.push(rig);
  return rig;
}

beforeAll(async () => {
  await installGrpcPeer();
}, 600_000);

afterEach(async () => {
  for (const rig of rigs.splice(0)) {
    await rig.stop();
    expect(rig.clock.armedTimers).toBe(0);
    expect(rig.pressure.listeners).toBe(0);
  }
  for (const peer of peers.splice(0)) await peer.kill();
});

describe("a grpc-go server: data", () => {
  test("a snapshot and the partial quotes behind it become whole quotes, digit by digit", async () => {
    const { port } = await startPeer();
    const rig = startRig({ port, symbols: ["SBER@MISX", "GAZP@MISX"] });
    await rig.hasQuotes(8);
    expect(rig.quotes.quotes.filter((quote) => quote.startsWith("SBER")).slice(0, 4)).toEqual([
      "SBER@MISX 301.05/301.10",
      "SBER@MISX 301.05/301.11",
      "SBER@MISX 301.07/301.11",
      "SBER@MISX 301.07/301.13",
    ]);
    expect(rig.monitor.notes).toContain("SBER@MISX acked");
  });

  test(
    "every message of a flood arrives, and the end of the stream is an end by plan",
    async () => {
      const { port } = await startPeer();
      const rig = startRig({ port, symbols: ["FLOOD-100000@X"] });
      expect(await rig.isOver()).toEqual({ reason: "planned", message: "The venue ended the stream" });
      expect(rig.quotes.count).toBe(100_000);
      expect(rig.monitor.frames).toBe(100_000);
    },
    FLOOD_LIMIT_MS,
  );

  test(
    "memory that is full stops the server, and nothing is lost",
    async () => {
      const { port } = await startPeer();
      const rig = startRig({ port, symbols: ["FLOOD-300000@X"] });
      for (let round = 1; round <= 5; round++) {
        await rig.hasQuotes(round * 10_000);
        rig.pressure.set(true);
        await Bun.sleep(30);
        const count = rig.quotes.count;
        await Bun.sleep(50);
        expect(rig.quotes.count).toBe(count);
        rig.pressure.set(false);
      }
      await rig.isOver();
      expect(rig.quotes.count).toBe(300_000);
      expect(rig.monitor.pauses).toBe(5);
    },
    FLOOD_LIMIT_MS,
  );

  test("a big message is taken up to the limit, and above it costs the session", async () => {
    const { port } = await startPeer();
    const small = startRig({ port, symbols: ["BIG-900000@X"] });
    await small.hasQuotes(2);
    const large = startRig({ port, symbols: ["BIG-2000000@X"] });
    expect(await large.isOver()).toMatchObject({ code: "message_too_large", retry: "backoff" });
  });
});

describe("a grpc-go server: trouble", () => {
  test.each([
    [3, "subscription_refused", "never"],
    [5, "subscription_refused", "backoff"],
    [7, "logon_refused", "never"],
    [8, "rate_limited", "backoff"],
    [12, "unsupported", "never"],
    [13, "venue_error", "backoff"],
    [14, "venue_error", "backoff"],
    [16, "logon_refused", "never"],
  ] as const)("status %d is %s, retry %s", async (status, code, retry) => {
    const { port } = await startPeer();
    const rig = startRig({ port, symbols: [`STATUS-${status}@X`] });
    expect(await rig.isOver()).toMatchObject({ code, retry });
  });

  test("a refused symbol is told by its own call, and the others go on", async () => {
    const { port } = await startPeer();
    const rig = startRig({ port, symbols: ["SBER@MISX", "ERROR@X", "STATUS-5@X", "GAZP@MISX"] });
    await rig.hasQuotes(20);
    const rejected = rig.monitor.notes.filter((note) => note.includes("rejected"));
    expect(rejected.sort()).toEqual([
      "ERROR@X rejected: unknown symbol ERROR@X: 3",
      "STATUS-5@X rejected: NOT_FOUND: asked for: STATUS-5@X",
    ]);
    expect(rig.end).toBeNull();
  });

  test("a server that is killed ends the session at once", async () => {
    const peer = await startPeer();
    const rig = startRig({ port: peer.port });
    await rig.hasQuotes(5);
    const beganMs = performance.now();
    await peer.kill();
    expect(await rig.isOver()).toMatchObject({ code: "closed_unclean", retry: "backoff" });
    expect(performance.now() - beganMs).toBeLessThan(1000 + BUSY_MS);
    const second = await startPeer({ port: peer.port });
    expect(second.port).toBe(peer.port);
    rig.start();
    const count = rig.quotes.count;
    await rig.hasQuotes(count + 5);
  });

  test("a server that hangs is found dead after the keepalive and its timeout", async () => {
    const peer = await startPeer();
    const keepalive = { everyMs: 1000, timeoutMs: 500 };
    const rig = startRig({ port: peer.port, venue: { keepalive } });
    await rig.hasQuotes(5);
    peer.freeze();
    const beganMs = performance.now();
    try {
      expect(await rig.isOver()).toMatchObject({ retry: "backoff" });
      const tookMs = performance.now() - beganMs;
      expect(tookMs).toBeGreaterThan(400);
      expect(tookMs).toBeLessThan(1500 + BUSY_MS);
    } finally {
      peer.thaw();
    }
  });

  test("a server that hangs does not hold up an abort", async () => {
    const peer = await startPeer();
    const rig = startRig({ port: peer.port });
    await rig.hasQuotes(5);
    peer.freeze();
    const beganMs = performance.now();
    rig.controller.abort();
    expect(await rig.isOver()).toEqual({ reason: "aborted" });
    expect(performance.now() - beganMs).toBeLessThan(BUSY_MS);
    peer.thaw();
  });

  test("a call on which nothing comes is given up", async () => {
    const { port } = await startPeer();
    const rig = startRig({ port, symbols: ["QUIET@X"], venue: { firstMessageMs: 300 } });
    expect(await rig.isOver()).toMatchObject({ code: "subscribe_timeout", retry: "backoff" });
  });

  test("pings that come too often for the server cost the session, not the process", async () => {
    const { port } = await startPeer({ minPing: "5m" });
    const rig = startRig({
      port,
      symbols: ["QUIET@X"],
      venue: { keepalive: { everyMs: 300, timeoutMs: 5000 }, firstMessageMs: 0 },
    });
    expect(await rig.isOver(20_000)).toMatchObject({ retry: "backoff" });
  }, 30_000);
});

describe("a grpc-go server: token", () => {
  test("the token goes with the call, and no other is taken", async () => {
    const { port } = await startPeer({ token: "Bearer secret-1" });
    const profile = { metadata: { authorization: "Bearer {token}" } };
    const good = startRig({ port, profile, adapter: { token: () => "secret-1" } });
    await good.hasQuotes(2);
    const bad = startRig({ port, profile, adapter: { token: () => "secret-2" } });
    const end = await bad.isOver();
    expect(end).toMatchObject({ code: "logon_refused", retry: "never" });
    expect(String(end)).not.toContain("secret");
    const none = startRig({ port, profile });
    expect(await none.isOver()).toMatchObject({ code: "logon_refused", retry: "never" });
  });

  test("a token that was renewed in its file is read again, once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "grpc-token-"));
    const tokenFile = join(folder, "token");
    try {
      writeFileSync(tokenFile, "new\n");
      const { port } = await startPeer({ tokenFile });
      let reads = 0;
      const rereadToken = async () => {
        reads++;
        return readFileSync(tokenFile, "utf8");
      };
      const profile = { metadata: { authorization: "{token}" } };
      const rig = startRig({ port, profile, adapter: { token: () => "old", rereadToken } });
      await rig.hasQuotes(2);
      expect(reads).toBe(1);
      rig.controller.abort();
      await rig.isOver();
      const stale = startRig({ port, profile, adapter: { token: () => "old", rereadToken: async () => "old" } });
      expect(await stale.isOver()).toMatchObject({ code: "logon_refused", retry: "never" });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("a grpc-go server: reflection", () => {
  test.each(["v1", "v1alpha"] as const)("%s tells what the messages look like", async (reflection) => {
    const { port } = await startPeer({ reflection });
    const rig = startRig({ port, adapter: { schema: null } });
    await rig.hasQuotes(3);
    expect(rig.quotes.quotes[1]).toBe("SBER@MISX 301.05/301.11");
  });

  test("a service that is not there is named, with those that are", async () => {
    const { port } = await startPeer({ reflection: "v1" });
    const rig = startRig({ port, adapter: { schema: null }, venue: { method: "a.b.Nothing/Subscribe" } });
    const end = await rig.isOver();
    expect(end).toMatchObject({ code: "config_invalid", retry: "never" });
    expect(String(end)).toContain("grpc.tradeapi.v1.marketdata.MarketDataService");
  });

  test("a server without reflection says so", async () => {
    const { port } = await startPeer();
    const rig = startRig({ port, adapter: { schema: null } });
    expect(await rig.isOver()).toMatchObject({ code: "unsupported", retry: "never" });
  });
});

describe("a grpc-go server: TLS", () => {
  const folder = mkdtempSync(join(tmpdir(), "grpc-tls-"));
  const certificates = createKafkaCertificates(folder);

  async function startTlsPeer(isMutual: boolean, host = "127.0.0.1") {
    const { caFile, otherCaFile, clientCertFile, clientKeyFile } = await certificates;
    const files = { host, cert: join(folder, "broker.pem"), key: join(folder, "broker.key") };
    const { port } = await startPeer(isMutual ? { ...files, clientCa: caFile } : files);
    const read = (file: string) => readFileSync(file, "utf8");
    return {
      port,
      caPem: read(caFile),
      otherCaPem: read(otherCaFile),
      certPem: read(clientCertFile),
      keyPem: read(clientKeyFile),
    };
  }

  test("an authority of our own is trusted, another is not", async () => {
    const { port, caPem, otherCaPem } = await startTlsPeer(false);
    const good = startRig({ port, host: "localhost", adapter: { tls: { caPem } } });
    await good.hasQuotes(3);
    const bad = startRig({ port, host: "localhost", adapter: { tls: { caPem: otherCaPem } } });
    expect(await bad.isOver()).toMatchObject({ code: "tls_failed", retry: "backoff" });
    const plain = startRig({ port, host: "localhost" });
    expect(await plain.isOver()).toMatchObject({ retry: "backoff" });
  });

  test("the certificate must be for the host, or for the name that is said", async () => {
    const { port, caPem } = await startTlsPeer(false);
    const named = startRig({ port, adapter: { tls: { caPem, serverName: "localhost" } } });
    await named.hasQuotes(3);
    const wrong = startRig({ port, adapter: { tls: { caPem, serverName: "other.example" } } });
    expect(await wrong.isOver()).toMatchObject({ code: "tls_failed" });
  });

  test("an address in place of a host is looked for in the certificate", async () => {
    const { port, caPem } = await startTlsPeer(false);
    const listed = startRig({ port, adapter: { tls: { caPem } } });
    await listed.hasQuotes(3);
    const host = "127.0.0.2";
    const elsewhere = await startTlsPeer(false, host);
    const other = startRig({ port: elsewhere.port, host, adapter: { tls: { caPem } } });
    expect(await other.isOver()).toMatchObject({ code: "tls_failed" });
  });

  test("a server that wants our certificate gets it", async () => {
    const { port, caPem, certPem, keyPem } = await startTlsPeer(true);
    const good = startRig({ port, host: "localhost", adapter: { tls: { caPem, certPem, keyPem } } });
    await good.hasQuotes(3);
    const bad = startRig({ port, host: "localhost", adapter: { tls: { caPem } } });
    expect(await bad.isOver()).toMatchObject({ retry: "backoff" });
  });

  test("a key that is none is a fault of the configuration", async () => {
    const { port, caPem, certPem } = await startTlsPeer(true);
    const rig = startRig({ port, host: "localhost", adapter: { tls: { caPem, certPem, keyPem: "no key" } } });
    expect(await rig.isOver()).toMatchObject({ code: "config_invalid", retry: "never" });
  });

  test("no socket is left", async () => {
    const { port, caPem } = await startTlsPeer(false);
    const rig = startRig({ port, host: "localhost", adapter: { tls: { caPem } } });
    await rig.hasQuotes(1);
    await rig.stop();
    const sockets = () =>
      Bun.spawnSync(["ss", "-Htn", "state", "established", "dport", `= :${port}`]).stdout.toString();
    await waitUntil(() => sockets().trim() === "", { limitMs: 2000, what: "the end of the connection" });
    expect(sockets().trim()).toBe("");
  });
});
