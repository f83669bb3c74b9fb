import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type IngesterRig, withRig } from "../harness/ingester-rig.ts";
import { startKafka } from "../harness/kafka.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import { TestAuthority } from "../harness/tls-certificates.ts";
import { TlsFront } from "../harness/tls-front.ts";
import { waitUntil } from "../harness/wait-until.ts";
import type { FaultCase, FaultRound } from "./fault-case.ts";
import { FIRST_ACK_LIMIT_MS, twoVenues } from "./whole-life.ts";

const RATE = 600;
const SEEN_LIMIT_MS = 20_000;
const EXPIRED = { days: [-3, -1] } as const;

/** F16: a broker whose certificate must not be taken, that wants ours, and whose certificate is exchanged mid-stream. */
export const brokerCertificates: FaultCase = {
  fault: "F16",
  name: "broker-certificates",
  title: "A broker with an expired, early, foreign and untrusted certificate, and one that is exchanged",
  limitMs: { short: 90_000, long: 90_000 },
  async run(round) {
    const folder = mkdtempSync(join(tmpdir(), "edge-ingester-tls-"));
    const kafka = await startKafka({ listeners: { proxied: true } });
    try {
      const [authority, other] = await Promise.all(
        ["ca", "other"].map((name) => TestAuthority.create(join(folder, name))),
      );
      const front = await takeProxysPlace(kafka, authority);
      const env = {
        KAFKA_BROKERS: front.address,
        KAFKA_TLS: "true",
        KAFKA_TLS_CA_FILE: authority.file,
        DRAIN_MS: "30000",
      };
      await withRig({ kafka, feeds: twoVenues(RATE), env }, async (rig) => {
        await rig.createTopics();
        await throughBrokers(round, { rig, front, authority, other });
      });
      await front.stop();
    } finally {
      await kafka.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Parts {
  readonly rig: IngesterRig;
  readonly front: TlsFront;
  readonly authority: TestAuthority;
  readonly other: TestAuthority;
}

/** TLS where the broker tells its clients to go. */
async function takeProxysPlace({ proxy }: TestKafka, authority: TestAuthority): Promise<TlsFront> {
  const { port, targetPort } = proxy;
  await proxy.stop();
  return await TlsFront.start({ port, targetPort, certificate: await authority.sign(EXPIRED) });
}

async function throughBrokers(round: FaultRound, parts: Parts): Promise<void> {
  const { rig, front, authority, other } = parts;
  await rig.start();
  await seeRefused(rig, "its certificate is not valid now, CERT_HAS_EXPIRED");
  await front.rotate(await authority.sign({ days: [1, 3] }));
  await seeRefused(rig, "its certificate is not valid now, CERT_NOT_YET_VALID");
  await front.rotate(await authority.sign({ names: "DNS:broker.example" }));
  await seeRefused(rig, "its certificate is for another host name");
  await front.rotate(await other.sign());
  await seeRefused(rig, "not signed by a trusted authority");
  expect(front.handshakes).toBe(0);
  const good = await authority.sign();
  await front.rotate(good, authority.pem);
  await seeRefused(rig, "KAFKA_TLS_CERT_FILE");

  // No restart was needed for any of it, and none is now.
  await front.rotate(good);
  await rig.untilAckedMore(200);
  await seeReady(rig);
  const file = authority.file;
  const notAfterMs = (await rig.metrics()).sum("ingester_tls_certificate_not_after_seconds", { file }) * 1000;
  expect(notAfterMs).toBeGreaterThan(Date.now());

  await front.rotate(await authority.sign(EXPIRED));
  await seeRefused(rig, "CERT_HAS_EXPIRED");
  await front.rotate(await authority.sign());
  const startMs = performance.now();
  await rig.untilAckedMore(1, FIRST_ACK_LIMIT_MS);
  const firstAckMs = performance.now() - startMs;
  round.measure({ name: "first ack after a renewal", value: firstAckMs, unit: "ms", most: FIRST_ACK_LIMIT_MS });
  await seeReady(rig);
  await rig.quiet();
  expect((await rig.finish()).code).toBe(0);
  const verdict = await rig.judge();
  expect(verdict.findings).toEqual([]);
  expect(verdict).toMatchObject({ declaredMissing: 0, declaredDropped: 0, duplicates: 0, distinct: verdict.sent });
}

/** Told where operators look: readiness in words (degraded while there is a spool), the sink as a metric. */
async function seeRefused(rig: IngesterRig, words: string): Promise<void> {
  const isTold = async () => {
    const { text } = await rig.page("/readyz");
    return text.includes("sink kafka") && text.includes(words);
  };
  await waitUntil(isTold, { limitMs: SEEN_LIMIT_MS, what: `'${words}' in /readyz` });
  expect((await rig.metrics()).sum("ingester_sink_writable")).toBe(0);
}

async function seeReady(rig: IngesterRig): Promise<void> {
  await waitUntil(async () => (await rig.page("/readyz")).status === 200, {
    limitMs: SEEN_LIMIT_MS,
    what: "readiness",
  });
  expect((await rig.metrics()).sum("ingester_sink_writable")).toBe(1);
}
