import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKafkaCertificates } from "../../harness/kafka-certificates.ts";
import { LpBench } from "./fix-client.ts";

let folder: string;
let ca: string;
let otherCa: string;
/** One file holds key and certificate, good for localhost and 127.0.0.1. */
let server: string;
let client: { key: string; cert: string };
let bench: LpBench;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lp-tls-"));
  const files = await createKafkaCertificates(folder);
  const read = (path: string) => readFileSync(path, "utf8");
  ca = read(files.caFile);
  otherCa = read(files.otherCaFile);
  server = read(files.brokerKeystoreFile);
  client = { key: read(files.clientKeyFile), cert: read(files.clientCertFile) };
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => bench.stop());

test("an LP speaks TLS, to who trusts its authority", async () => {
  bench = new LpBench({ tls: { key: server, cert: server }, venue: "osl-fix" });
  expect(bench.lp.url).toStartWith("tls://");
  expect(bench.lp.clientSettings).toMatchObject({ TLS: "on" });
  const trusting = await bench.loggedOn({ ca });
  trusting.subscribe("r1", ["BTC/USD"]);
  await trusting.expect("W");
  expect(await bench.connect({ ca: otherCa }).closed).toMatch(/CERT|VERIFY|SIGNATURE/);
});

test("an LP that wants a client certificate serves nobody without one", async () => {
  bench = new LpBench({ tls: { key: server, cert: server, clientCa: ca } });
  await bench.loggedOn({ ca, client });
  const stranger = bench.connect({ ca });
  stranger.logon();
  await stranger.closed;
  expect([stranger.messages, bench.lp.stats().sessionsOpened]).toEqual([[], 1]);
});
