import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FakeVenueTls } from "../../harness/fake-venue-server.ts";
import { eventually } from "../../harness/fake-venue-server.ts";
import { createKafkaCertificates } from "../../harness/kafka-certificates.ts";
import { SessionBench, type SessionBenchOptions } from "./bench.ts";

let folder: string;
let tls: FakeVenueTls;
let caPem: string;
let otherCaPem: string;
let bench: SessionBench;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "venue-tls-"));
  const files = await createKafkaCertificates(folder);
  // One file holds key and certificate, good for localhost and 127.0.0.1.
  const pem = readFileSync(files.brokerKeystoreFile, "utf8");
  tls = { key: pem, cert: pem };
  caPem = readFileSync(files.caFile, "utf8");
  otherCaPem = readFileSync(files.otherCaFile, "utf8");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

afterEach(async () => {
  expect(await bench.close()).toBe("nothing is held");
});

function run(options: SessionBenchOptions): ReturnType<SessionBench["run"]> {
  bench = new SessionBench({ tls, ...options });
  return bench.run();
}

describe("WebSocket over TLS", () => {
  test("a venue whose authority is given is trusted", async () => {
    void run({ caPem });
    const connection = await bench.server.connection();
    connection.send("ACK 1", "Q A 1 2");
    await eventually(() => bench.quotes.count === 1, "the quote");
    expect(bench.monitor.notes[0]).toBe("open");
  });

  test("a venue whose authority is unknown is tls_failed", async () => {
    expect(await run({})).toMatchObject({ code: "tls_failed", retry: "backoff" });
  });

  test("a venue of another authority is tls_failed", async () => {
    expect(await run({ caPem: otherCaPem })).toMatchObject({ code: "tls_failed" });
  });

  test("a certificate for another host is tls_failed", async () => {
    // 127.0.0.1 and localhost are in the certificate; this address of the same machine is not.
    const other = Bun.listen({ hostname: "127.0.0.2", port: 0, tls, socket: { data: () => {} } });
    expect(await run({ caPem, url: `wss://127.0.0.2:${other.port}/` })).toMatchObject({ code: "tls_failed" });
    other.stop(true);
  });

  test("NODE_TLS_REJECT_UNAUTHORIZED=0 does not switch the check off", async () => {
    bench = new SessionBench({ tls });
    const script = join(import.meta.dir, "insecure-environment.ts");
    const child = Bun.spawn([process.execPath, script, bench.server.url], {
      env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: "0" },
      stdout: "pipe",
      stderr: "ignore",
    });
    expect((await new Response(child.stdout).text()).trim()).toBe("tls_failed");
    expect(await child.exited).toBe(0);
  });

  test("a server that does not speak TLS is ended at the handshake limit or before", async () => {
    const plain = new SessionBench();
    const url = plain.server.url.replace("ws://", "wss://");
    const end = await run({ url, handshakeLimitMs: 200 });
    expect(["handshake_timeout", "connect_failed", "tls_failed"]).toContain((end as { code: string }).code);
    await plain.close();
  });
});
