// TLS between the whole adapter and QuickFIX/J's own TLS, with and without a certificate of ours.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FixTlsOptions } from "../../../src/adapters/fix/socket-options.ts";
import { createFixCertificates, type FixCertificates } from "../../harness/fix-certificates.ts";
import { FixPeerProcess } from "../../harness/fix-peer-process.ts";
import { FixRig } from "./fix-rig.ts";

const START_LIMIT_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), "edge-ingester-fix-tls-"));
let peer: FixPeerProcess;
let certificates: FixCertificates;
let rig: FixRig;

beforeAll(async () => {
  [peer, certificates] = await Promise.all([FixPeerProcess.start("quickfixj"), createFixCertificates(folder)]);
}, START_LIMIT_MS);

afterEach(async () => {
  await rig.stop();
});

afterAll(async () => {
  await peer.kill();
  rmSync(folder, { recursive: true, force: true });
});

function trusting(options: Partial<FixTlsOptions> = {}): FixTlsOptions {
  return { caPem: certificates.caPem, certPem: null, keyPem: null, serverName: null, ...options };
}

function showingOurs(): Partial<FixTlsOptions> {
  return { certPem: certificates.clientCertPem, keyPem: () => certificates.clientKeyPem };
}

/** Starts a feed that the LP, or we, must turn away, and resolves with the error once it has been met three times. */
async function failsBy(tls: FixTlsOptions, settings: Readonly<Record<string, string>>): Promise<string> {
  rig = await FixRig.create(peer, { lp: { settings }, tls, pace: "brisk" });
  rig.feed.start();
  await rig.until("third try", () => rig.feed.status().attempts >= 3 || rig.feed.state === "failed");
  expect(rig.lp.events("logonReceived")).toEqual([]);
  return rig.lastError;
}

describe("FixAdapter over TLS", () => {
  test("runs a session at speed", async () => {
    rig = await FixRig.start(peer, {
      patience: "long",
      lp: { settings: certificates.acceptorSettings },
      tls: trusting(),
      isProxied: false,
    });
    await rig.lp.burst(10_000);
    await rig.expectEqualQuotes();
    const { errors, parseErrors } = rig.feed.status();
    expect(parseErrors).toBe(0);
    // Seen once in some thirty runs of ten thousand messages: a record whose MAC is wrong, as if two threads of the LP's library
    // had written at once. It costs the connection, as it must, and the books of the next one are equal all the same.
    expect(errors).toBeLessThanOrEqual(1);
    if (errors === 1) expect(rig.lastError).toContain("BAD_RECORD_MAC");
  });

  test("names the server and checks the name, whatever address it connects to", async () => {
    rig = await FixRig.start(peer, {
      lp: { settings: certificates.acceptorSettings },
      tls: trusting({ serverName: "localhost" }),
    });
    await rig.expectEqualQuotes();
  });

  // Over TLS 1.3 a Logon that comes in one read with the client's Finished would lie unread at QuickFIX/J 2.3.2: ours waits.
  test("shows its own certificate to an LP that wants it", async () => {
    rig = await FixRig.start(peer, { lp: { settings: certificates.mutualSettings }, tls: trusting(showingOurs()) });
    await rig.expectEqualQuotes();
  });

  test("comes back over TLS when the connection breaks", async () => {
    rig = await FixRig.start(peer, { lp: { settings: certificates.acceptorSettings }, tls: trusting() });
    await rig.lp.setRate(1000);
    rig.proxy.dropConnections();
    await rig.until("second session", async () => (await rig.lp.status()).received["V"] === 2);
    await rig.lp.setRate(0);
    await rig.expectEqualQuotes();
  });

  test("an authority that is not ours is refused", async () => {
    const error = await failsBy(trusting({ caPem: certificates.otherCaPem }), certificates.acceptorSettings);
    expect(error).toStartWith("tls_failed: ");
  });

  test("a server of another name is refused", async () => {
    const error = await failsBy(trusting({ serverName: "lp.example" }), certificates.acceptorSettings);
    expect(error).toStartWith("tls_failed: ");
    expect(error).toContain("lp.example");
  });

  test("an LP that wants a certificate of ours turns us away without one", async () => {
    const error = await failsBy(trusting(), certificates.mutualSettings);
    expect(error).toMatch(/^(tls_failed|logon_refused|closed_unclean): /);
  });

  test("an LP that speaks no TLS is no LP", async () => {
    expect(await failsBy(trusting(), {})).toMatch(/^(tls_failed|handshake_timeout|connect_failed): /);
  });
});
