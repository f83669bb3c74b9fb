import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planSqliteSize, SQLITE_BYTES_MIN } from "../../../src/publish/local/sqlite-size.ts";
import { SqliteTransport } from "../../../src/publish/local/sqlite-transport.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { sealQuotes, sealValues } from "./sealed-batches.ts";

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;
const PROGRAM = join(import.meta.dir, "sqlite-program.ts");
const cleanUps: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sqlite-sink-"));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function open(path: string, maxBytes = 64 * MIB, clock = new FakeClock()) {
  const sink = new SqliteTransport({ path, maxBytes, maxAgeMs: DAY_MS, clock });
  cleanUps.push(() => sink.stop());
  await sink.start(["quotes"], new AbortController().signal);
  return { sink, clock, path };
}

function query<Row>(path: string, sql: string): Row[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.query<Row, []>(sql).all();
  } finally {
    database.close();
  }
}

function bytesOnDisk(path: string): number {
  const sizeOf = (name: string) => statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  return sizeOf(path) + sizeOf(`${path}-wal`);
}

async function isRefused(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "resolved",
    (error: { code: string; retry: string; message: string }) => `${error.code} ${error.retry} ${error.message}`,
  );
}

test("every record stands in the table, in order, as JSON that SQL can read, while the sink is open", async () => {
  const { sink, path } = await open(join(newFolder(), "new", "quotes.sqlite"));
  expect(sink.partitionCount()).toBe(1);
  expect(sink.trouble).toBe("");
  expect(await sink.send("quotes", 0, sealValues(['{"p":"1.10"}', '{"p":"ü€"}'], 1_700_000_000_123))).toEqual({
    outcome: "acked",
  });
  expect(await sink.send("events", 0, sealValues(['{"e":1}']))).toEqual({ outcome: "acked" });
  const rows = query(
    path,
    "SELECT id, topic, key, value ->> '$.p' AS p, headers, timestamp_ms FROM records ORDER BY id",
  );
  const headers = '{"source":"binance","seq":"7"}';
  const key = "binance:BTCUSDT";
  expect(rows).toEqual([
    { id: 1, topic: "quotes", key, p: "1.10", headers, timestamp_ms: 1_700_000_000_123 },
    { id: 2, topic: "quotes", key, p: "ü€", headers, timestamp_ms: 1_700_000_000_123 },
    { id: 3, topic: "events", key, p: null, headers, timestamp_ms: 1_700_000_000_000 },
  ]);
});

test("a value that is no JSON object is kept as its bytes", async () => {
  const { sink, path } = await open(join(newFolder(), "a.sqlite"));
  await sink.send("rejected", 0, sealValues(["\u0000\u0001 bytes", "{}"]));
  expect(query(path, "SELECT typeof(value) AS kind, hex(value) AS bytes FROM records ORDER BY id")).toEqual([
    { kind: "blob", bytes: "0001206279746573" },
    { kind: "text", bytes: "7B7D" },
  ]);
});

test("a file is opened again with what it holds, and ids go on", async () => {
  const path = join(newFolder(), "a.sqlite");
  const first = await open(path);
  await first.sink.send("quotes", 0, sealQuotes(0, 3));
  await first.sink.stop();
  const second = await open(path);
  await second.sink.send("quotes", 0, sealQuotes(3, 2));
  expect(query(path, "SELECT id, value ->> '$.n' AS n FROM records")).toEqual(
    [0, 1, 2, 3, 4].map((n) => ({ id: n + 1, n })),
  );
});

test.each([SQLITE_BYTES_MIN, 3 * MIB])(
  "the files stay within %d bytes at every moment, and the newest records stay",
  async (maxBytes) => {
    const { sink, clock, path } = await open(join(newFolder(), "a.sqlite"), maxBytes);
    const perBatch = 50;
    const batches = Math.ceil((6 * maxBytes) / (perBatch * 560));
    for (let i = 0; i < batches; i++) {
      expect((await sink.send("quotes", 0, sealQuotes(i * perBatch, perBatch))).outcome).toBe("acked");
      expect(bytesOnDisk(path)).toBeLessThanOrEqual(maxBytes);
      // Every fourth batch the sink gets time to prune: so both ways to make room are taken.
      if (i % 4 === 0) await clock.advance(4);
      expect(bytesOnDisk(path)).toBeLessThanOrEqual(maxBytes);
    }
    await clock.advance(10_000);
    const [row] = query<{ low: number; high: number; count: number }>(
      path,
      "SELECT min(value ->> '$.n') AS low, max(value ->> '$.n') AS high, count(*) AS count FROM records",
    );
    expect(row?.high).toBe(batches * perBatch - 1);
    // No hole: exactly the oldest are gone.
    expect(row?.count).toBe((row?.high ?? 0) - (row?.low ?? 0) + 1);
    expect(sink.prunedRecords).toBe(row?.low ?? -1);
    // And the room is used: of a budget so small the log takes a quarter, and pages are never quite full.
    expect((row?.count ?? 0) * 560).toBeGreaterThan(maxBytes * 0.4);
  },
);

test("without time to prune a full file makes room at once", async () => {
  const { sink, path } = await open(join(newFolder(), "a.sqlite"), SQLITE_BYTES_MIN);
  for (let i = 0; i < 200; i++) {
    expect((await sink.send("quotes", 0, sealQuotes(i * 50, 50))).outcome).toBe("acked");
    expect(bytesOnDisk(path)).toBeLessThanOrEqual(SQLITE_BYTES_MIN);
  }
  expect(sink.prunedRecords).toBeGreaterThan(5000);
});

test("records older than the limit go a few at a time, newer ones stay", async () => {
  const { sink, clock, path } = await open(join(newFolder(), "a.sqlite"));
  const nowMs = clock.wallUs() / 1000;
  await sink.send("quotes", 0, sealQuotes(0, 1000, 10, nowMs));
  await sink.send("quotes", 0, sealQuotes(1000, 5, 10, nowMs + 60_000));
  clock.stepWall(DAY_MS + 1000);
  await clock.advance(10_000);
  expect(sink.prunedRecords).toBe(200);
  await clock.advance(100);
  expect(sink.prunedRecords).toBe(1000);
  expect(query(path, "SELECT count(*) AS n FROM records")).toEqual([{ n: 5 }]);
  clock.stepWall(60_000);
  await clock.advance(10_000);
  expect(query(path, "SELECT count(*) AS n FROM records")).toEqual([{ n: 0 }]);
});

test("a file that is opened with a smaller bound gives its room back", async () => {
  const path = join(newFolder(), "a.sqlite");
  const large = await open(path, 16 * MIB);
  for (let i = 0; i < 100; i++) await large.sink.send("quotes", 0, sealQuotes(i * 200, 200));
  await large.sink.stop();
  expect(bytesOnDisk(path)).toBeGreaterThan(8 * MIB);
  const small = await open(path, 2 * MIB);
  await small.clock.advance(30_000);
  await small.sink.stop();
  expect(bytesOnDisk(path)).toBeLessThanOrEqual(2 * MIB);
  expect(query(path, "SELECT max(value ->> '$.n') AS n FROM records")).toEqual([{ n: 19_999 }]);
});

test("a batch too large for the bound is handed back to be split", async () => {
  const { sink } = await open(join(newFolder(), "a.sqlite"), SQLITE_BYTES_MIN);
  const large = sealQuotes(0, 400);
  expect(large.uncompressedBytes).toBeGreaterThan(planSqliteSize(SQLITE_BYTES_MIN).batchBytesMax);
  expect(await sink.send("quotes", 0, large)).toMatchObject({ outcome: "too_large" });
});

test("a write lock of another program is trouble; the batch goes in once it is gone, once", async () => {
  const { sink, path } = await open(join(newFolder(), "a.sqlite"));
  const other = new Database(path);
  cleanUps.push(() => other.close());
  other.run("BEGIN IMMEDIATE");
  const batch = sealQuotes(0, 3);
  expect(await sink.send("quotes", 0, batch)).toMatchObject({ outcome: "retry", code: "sqlite_busy" });
  expect(sink.trouble).toContain("another program holds a lock on it");
  other.run("ROLLBACK");
  expect(await sink.send("quotes", 0, batch)).toEqual({ outcome: "acked" });
  expect(sink.trouble).toBe("");
  expect(query(path, "SELECT count(*) AS n FROM records")).toEqual([{ n: 3 }]);
});

test("a reader that stays cannot make the files grow beyond the bound", async () => {
  const maxBytes = 2 * MIB;
  const { sink, path } = await open(join(newFolder(), "a.sqlite"), maxBytes);
  await sink.send("quotes", 0, sealQuotes(0, 10));
  const reader = new Database(path, { readonly: true });
  cleanUps.push(() => reader.close());
  reader.run("BEGIN");
  reader.query("SELECT count(*) FROM records").get();
  const outcomes = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const result = await sink.send("quotes", 0, sealQuotes(i * 100, 100));
    outcomes.add(result.outcome === "retry" ? result.code : result.outcome);
    expect(bytesOnDisk(path)).toBeLessThanOrEqual(maxBytes);
  }
  expect(outcomes).toEqual(new Set(["acked", "reader_holds_log"]));
  expect(sink.trouble).toContain("a reader keeps its log");
  reader.run("COMMIT");
  expect(await sink.send("quotes", 0, sealQuotes(0, 100))).toEqual({ outcome: "acked" });
});

test("a file that is not ours to use is refused with its reason, and the variable is named", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "text"), "this is no database at all, whatever its name\n".repeat(100));
  const foreign = new Database(join(folder, "foreign"), { create: true });
  foreign.run("CREATE TABLE users (id INTEGER)");
  foreign.close();
  mkdirSync(join(folder, "directory"));
  const reasons = await Promise.all(
    ["text", "foreign", "directory", "text/below"].map((name) => isRefused(open(join(folder, name)))),
  );
  for (const reason of reasons) expect(reason).toStartWith('sink_failed never Cannot use SQLITE_FILE "/');
  expect(reasons[0]).toEndWith("the file is not a sound database");
  expect(reasons[1]).toEndWith("it is the database of another program");
});

test("a second ingester on the same file is refused, and not after the first was killed", async () => {
  const path = join(newFolder(), "a.sqlite");
  const holder = Bun.spawn([process.execPath, PROGRAM, path, "hold"], { stdout: "pipe" });
  const reader = holder.stdout.getReader();
  let seen = "";
  while (!seen.includes("acked 500")) seen += Buffer.from((await reader.read()).value ?? []).toString();
  const rival = Bun.spawn([process.execPath, PROGRAM, path, "try"], { stdout: "pipe" });
  expect(await rival.stdout.text()).toBe(
    `sink_failed never Cannot use SQLITE_FILE "${path}": another ingester has it open\n`,
  );
  holder.kill("SIGKILL");
  for (let part = await reader.read(); !part.done; part = await reader.read())
    seen += Buffer.from(part.value).toString();
  await holder.exited;
  const acked = Number(seen.match(/\d+/g)?.at(-1));
  const { sink } = await open(path);
  // Killed in the middle of writing: everything acknowledged is there, and whole batches only.
  const [row] = query<{ n: number }>(path, "SELECT count(*) AS n FROM records");
  expect(row?.n).toBeGreaterThanOrEqual(acked);
  expect((row?.n ?? 1) % 50).toBe(0);
  await sink.stop();
});

test("a disk that is full is trouble, not an end; writing goes on when it is freed", async () => {
  const folder = newFolder();
  const mount = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder]);
  if (mount.exitCode !== 0) {
    console.warn("skipped: a disk of its own needs the right to mount");
    return;
  }
  cleanUps.push(() => void Bun.spawnSync(["umount", folder]));
  writeFileSync(join(folder, "ballast"), Buffer.alloc(1.5 * MIB));
  const { sink, path } = await open(join(folder, "a.sqlite"), 64 * MIB);
  const outcomes: string[] = [];
  let acked = 0;
  for (let i = 0; i < 100 && !outcomes.includes("sqlite_full"); i++) {
    const result = await sink.send("quotes", 0, sealQuotes(i * 100, 100));
    if (result.outcome === "acked") acked += 100;
    outcomes.push(result.outcome === "retry" ? result.code : result.outcome);
  }
  expect(outcomes.at(-1)).toBe("sqlite_full");
  expect(sink.trouble).toContain("the disk is full");
  expect(sink.prunedRecords).toBe(0);
  rmSync(join(folder, "ballast"));
  expect(await sink.send("quotes", 0, sealQuotes(acked, 100))).toEqual({ outcome: "acked" });
  expect(sink.trouble).toBe("");
  expect(query(path, "SELECT count(*) AS n FROM records")).toEqual([{ n: acked + 100 }]);
});

test("start() keeps trying while another program locks the file, and ends when asked", async () => {
  const path = join(newFolder(), "a.sqlite");
  const other = new Database(path, { create: true });
  cleanUps.push(() => other.close());
  other.run("BEGIN EXCLUSIVE");
  const clock = new FakeClock();
  const sink = new SqliteTransport({ path, maxBytes: MIB, maxAgeMs: DAY_MS, clock });
  const abort = new AbortController();
  const starting = isRefused(sink.start([], abort.signal));
  await clock.advance(3000);
  expect(sink.trouble).toBe(`Cannot open SQLITE_FILE "${path}": another program holds a lock on it`);
  abort.abort(new Error("asked"));
  expect(await starting).toContain("asked");
  expect(clock.armedTimers).toBe(0);
  other.run("ROLLBACK");
  other.close();
  await sink.start([], new AbortController().signal);
  expect(sink.trouble).toBe("");
  await sink.stop();
  expect(clock.armedTimers).toBe(0);
});

test("send() after stop() is refused, and stop() twice does nothing", async () => {
  const { sink } = await open(join(newFolder(), "a.sqlite"));
  await sink.stop();
  await sink.stop();
  expect(await sink.send("quotes", 0, sealQuotes(0, 1))).toMatchObject({ outcome: "retry", code: "stopped" });
});

test("a batch that is no batch is rejected", async () => {
  const { sink } = await open(join(newFolder(), "a.sqlite"));
  const batch = { ...sealValues(["{}"]), bytes: Buffer.alloc(100) };
  expect(await sink.send("quotes", 0, batch)).toMatchObject({ outcome: "rejected" });
});
