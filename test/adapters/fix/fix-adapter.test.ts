import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostOf } from "../../../src/adapters/host-of.ts";
import { createKafkaCertificates } from "../../harness/kafka-certificates.ts";
import { SessionBench } from "./session-bench.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fix-adapter-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("FixAdapter", () => {
  test("its target names transport, host and port, and nothing secret; the connect limit finds the host", async () => {
    const bench = new SessionBench();
    const credentials = { username: "trader", password: () => "s3cret" };
    const tls = { caPem: null, certPem: null, keyPem: null, serverName: "lp.example" };
    const targets = [
      bench.createAdapter({ host: "FIX.Example.com", port: 9880, credentials }),
      bench.createAdapter({ host: "lp-1.internal", port: 9881, tls }),
      bench.createAdapter({ host: "::1", port: 9882 }),
    ].map(({ target }) => target);
    expect(targets).toEqual(["tcp://FIX.Example.com:9880", "tls://lp-1.internal:9881", "tcp://[::1]:9882"]);
    expect(targets.map(hostOf)).toEqual(["fix.example.com", "lp-1.internal", "[::1]"]);
    await bench.close();
  });

  test("it has a calendar when its venue has trading hours", async () => {
    const bench = new SessionBench();
    const calendar = {
      msUntilOpen: () => 0,
      msUntilClose: () => 1,
      tradingDayStartMs: () => 0,
      tradingWeekStartMs: () => 0,
    };
    expect(bench.adapter.calendar).toBeUndefined();
    expect(bench.createAdapter({ calendar }).calendar).toBe(calendar);
    await bench.close();
  });

  test("a session over mutual TLS logs on and quotes", async () => {
    const files = await createKafkaCertificates(folder);
    const read = (path: string) => readFileSync(path, "utf8");
    const ca = read(files.caFile);
    const server = read(files.brokerKeystoreFile);
    const bench = new SessionBench({
      acceptorTls: { key: server, cert: server, clientCa: ca },
      host: "localhost",
      tls: {
        caPem: ca,
        certPem: read(files.clientCertFile),
        keyPem: () => read(files.clientKeyFile),
        serverName: null,
      },
    });
    await bench.serve();
    expect(await bench.hasQuotes(2)).toEqual(["A 1/2", "B 1/2"]);
    expect(await bench.close()).toBe("nothing is held");
  });

  test("request ids are unique over all sessions of the process", async () => {
    const bench = new SessionBench({ symbols: ["A"] });
    const ids: (string | null)[] = [];
    for (let i = 0; i < 3; i++) {
      const connection = await bench.serve();
      ids.push(connection.received[1].get(262));
      bench.controller.abort();
      await bench.session?.ended;
    }
    expect(new Set(ids).size).toBe(3);
    expect(await bench.close()).toBe("nothing is held");
  });
});
