import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type Server, type TLSSocket } from "node:tls";
import type { FixTlsOptions } from "../../../src/adapters/fix/socket-options.ts";
import { eventually } from "../../harness/fake-venue-server.ts";
import { createKafkaCertificates } from "../../harness/kafka-certificates.ts";
import { ConnectionBench } from "./connection-bench.ts";

let folder: string;
let ca: string;
let otherCa: string;
let otherKey: string;
let server: string;
let client: { certPem: string; keyPem: () => string };
const servers: { close(): void }[] = [];
const benches: ConnectionBench[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fix-tls-"));
  const files = await createKafkaCertificates(folder);
  const read = (path: string) => readFileSync(path, "utf8");
  ca = read(files.caFile);
  otherCa = read(files.otherCaFile);
  otherKey = read(join(folder, "other-ca.key"));
  // One file holds key and certificate, good for localhost and 127.0.0.1.
  server = read(files.brokerKeystoreFile);
  const keyPem = read(files.clientKeyFile);
  client = { certPem: read(files.clientCertFile), keyPem: () => keyPem };
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

afterEach(() => {
  for (const bench of benches.splice(0)) {
    bench.connection.close();
    expect(bench.clock.armedTimers).toBe(0);
  }
  for (const open of servers.splice(0)) open.close();
});

/** An LP behind TLS; resolves with its port. */
async function listen(
  onConnection: (socket: TLSSocket) => void = (socket) => socket.write("hello"),
  options: { isMutual?: boolean; host?: string } = {},
): Promise<number> {
  const mutual = options.isMutual === true ? { ca, requestCert: true, rejectUnauthorized: true } : {};
  const started: Server = createTlsServer({ key: server, cert: server, ...mutual }, (socket) => {
    socket.on("error", () => {});
    onConnection(socket);
  });
  started.on("tlsClientError", () => {});
  servers.push(started);
  await new Promise<void>((resolve) => started.listen(0, options.host ?? "127.0.0.1", () => resolve()));
  return (started.address() as { port: number }).port;
}

function connect(port: number, tls: Partial<FixTlsOptions>, host = "127.0.0.1"): ConnectionBench {
  const bench = new ConnectionBench({ port, tls, host });
  benches.push(bench);
  return bench;
}

describe("FIX over TLS", () => {
  test("an LP whose authority is given is trusted, by its address", async () => {
    const bench = await connect(await listen(), { caPem: ca }).opens();
    await eventually(() => bench.text === "hello", "the greeting");
  });

  test("the host's name is asked for (SNI) and checked", async () => {
    const names: unknown[] = [];
    const port = await listen((socket) => names.push(socket.servername));
    await connect(port, { caPem: ca }, "localhost").opens();
    await eventually(() => names.length > 0, "the connection");
    expect(names).toEqual(["localhost"]);
  });

  test("another server name is asked for and checked instead of the host", async () => {
    const names: unknown[] = [];
    const port = await listen((socket) => names.push(socket.servername));
    await connect(port, { caPem: ca, serverName: "localhost" }).opens();
    await eventually(() => names.length > 0, "the connection");
    expect(names).toEqual(["localhost"]);
    const refused = await connect(port, { caPem: ca, serverName: "lp.example" }).isLost();
    expect(refused).toMatchObject({ code: "tls_failed", message: expect.stringContaining("lp.example") });
  });

  test("an LP whose authority is unknown is tls_failed", async () => {
    const error = await connect(await listen(), {}).isLost();
    expect(error).toMatchObject({ code: "tls_failed", retry: "backoff" });
  });

  test("an LP of another authority is tls_failed", async () => {
    expect(await connect(await listen(), { caPem: otherCa }).isLost()).toMatchObject({ code: "tls_failed" });
  });

  test("a certificate for another address is tls_failed", async () => {
    // 127.0.0.1 and localhost are in the certificate; this address of the same machine is not.
    const port = await listen(undefined, { host: "127.0.0.2" });
    expect(await connect(port, { caPem: ca }, "127.0.0.2").isLost()).toMatchObject({ code: "tls_failed" });
  });

  test("NODE_TLS_REJECT_UNAUTHORIZED=0 does not switch the check off", async () => {
    const program = join(import.meta.dir, "fix-tls-program.ts");
    const child = Bun.spawn([process.execPath, program, String(await listen())], {
      env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: "0" },
      stdout: "pipe",
      stderr: "ignore",
    });
    expect((await new Response(child.stdout).text()).trim()).toBe("tls_failed");
    expect(await child.exited).toBe(0);
  });

  test("an LP that does not speak TLS is tls_failed", async () => {
    const plain = createServer((socket) => {
      socket.on("error", () => {});
      socket.write("8=FIX.4.4 and not TLS");
    });
    servers.push(plain);
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", () => resolve()));
    const { port } = plain.address() as { port: number };
    expect(await connect(port, { caPem: ca }).isLost()).toMatchObject({ code: "tls_failed" });
  });

  test("a flood over TLS costs no memory beside what is in hand", async () => {
    const block = Buffer.alloc(100_000, "8=FIX.4.4|");
    const port = await listen((socket) => {
      function pump(): void {
        while (!socket.destroyed && socket.write(block)) {
          // As long as the socket takes more.
        }
      }
      socket.on("drain", pump);
      pump();
    });
    const bench = await connect(port, { caPem: ca }).opens();
    await eventually(() => bench.bytes > 10_000_000, "10 MB");
    const before = process.memoryUsage().rss;
    await eventually(() => bench.bytes > 60_000_000, "60 MB");
    // Of the whole process, with whatever other tests have left to collect; a pause that holds nothing back costs 293 MB.
    expect(process.memoryUsage().rss - before).toBeLessThan(120_000_000);
    bench.connection.hold(true);
    const { bytes } = bench;
    await Bun.sleep(50);
    expect(bench.bytes).toBe(bytes);
  });
});

describe("FIX over mutual TLS", () => {
  test("an LP that asks for our certificate gets it", async () => {
    const subjects: string[] = [];
    const port = await listen((socket) => subjects.push(String(socket.getPeerCertificate().subject?.CN)), {
      isMutual: true,
    });
    await connect(port, { caPem: ca, ...client }).opens();
    await eventually(() => subjects.length > 0, "the connection");
    expect(subjects).toEqual(["client"]);
  });

  test("an LP that wants a certificate we do not have is tls_failed", async () => {
    const port = await listen(undefined, { isMutual: true });
    expect(await connect(port, { caPem: ca }).isLost()).toMatchObject({ code: "tls_failed" });
  });

  test.each(["no key at all", "the key of another"])("%s is config_invalid, without its text", async (name) => {
    const port = await listen();
    const keyPem = () => (name === "no key at all" ? "secret nonsense" : otherKey);
    let thrown: unknown = null;
    try {
      connect(port, { caPem: ca, certPem: client.certPem, keyPem });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "config_invalid", retry: "never" });
    expect(Bun.inspect(thrown)).not.toContain("secret nonsense");
    expect(Bun.inspect(thrown)).not.toContain(otherKey.split("\n")[1]);
  });
});
