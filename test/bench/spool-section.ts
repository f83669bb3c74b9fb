import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stampBatch, writeBatchHeader } from "../../src/publish/record-batch.ts";
import type { SealedBatch } from "../../src/publish/sealed-batch.ts";
import type { Spool } from "../../src/publish/spool/batch-log.ts";
import { createNodeFileSystem } from "../../src/publish/spool/node-file-system.ts";
import { openSpool } from "../../src/publish/spool/spool.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";

const LANES = 12;
/** A compressed batch of an outage: a thousand quotes at about a hundred bytes each. */
const BATCH_BYTES = 100_000;
const QUOTES_PER_BATCH = 1000;
const MEGABYTE = 1e6;
const LIVE_QUOTES_PER_SECOND = 50_000;
const LIVE_MS = 4000;

/** Writing, reading back and starting with a full spool, and what spooling does to the event loop; no broker, no venue. */
export async function benchSpool(gigabytes = 1): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "spool-bench-"));
  console.log(`\nSpool: ${LANES} lanes, batches of ${BATCH_BYTES / 1000} kB with ${QUOTES_PER_BATCH} quotes`);
  try {
    await measureLive(join(directory, "idle"), 0);
    await measureLive(join(directory, "live"), LIVE_QUOTES_PER_SECOND);
    await measureFull(join(directory, "full"), gigabytes);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureFull(directory: string, gigabytes: number): Promise<void> {
  const spool = open(directory);
  const batches = makeBatches(64);
  const count = Math.floor((gigabytes * 1e9) / BATCH_BYTES);
  let startedMs = performance.now();
  for (let n = 0; n < count; n++) {
    append(spool, n, batches[n % batches.length]);
    // The syncs get their turns, as they do in the program.
    if (n % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await spool.sync();
  tellRate("write (synced)", count, performance.now() - startedMs);
  const second = tellStart("start after kill -9", directory);
  await spool.close();
  await second.close();
  const reopened = tellStart("start after close()", directory);
  startedMs = performance.now();
  let read = 0;
  for (const log of reopened.logs()) {
    for (let next = await log.readNext(); next !== null; next = await log.readNext()) {
      log.settle(next.location, next.batch.recordCount);
      read++;
    }
  }
  tellRate("read and settle", read, performance.now() - startedMs);
  await reopened.close();
}

/** Spooling at the live rate: how late a timer gets. */
async function measureLive(directory: string, quotesPerSecond: number): Promise<void> {
  const spool = open(directory);
  const [batch] = makeBatches(1);
  const everyMs = (1000 * QUOTES_PER_BATCH) / quotesPerSecond;
  const startedMs = performance.now();
  const cpuBefore = process.cpuUsage();
  let written = 0;
  let stallMs = 0;
  let lastMs = startedMs;
  while (lastMs - startedMs < LIVE_MS) {
    for (; written * everyMs < lastMs - startedMs; written++) append(spool, written, batch);
    await new Promise((resolve) => setTimeout(resolve, 1));
    const nowMs = performance.now();
    stallMs = Math.max(stallMs, nowMs - lastMs - 1);
    lastMs = nowMs;
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  console.log(
    `  spooling ${quotesPerSecond} quotes/s: longest stall ${stallMs.toFixed(1)} ms, last sync ${spool.status().lastSyncMs.toFixed(1)} ms, ${((user + system) / LIVE_MS / 10).toFixed(1)} % CPU`,
  );
  await spool.close();
}

function append(spool: Spool, n: number, batch: SealedBatch): void {
  const name = { topic: "bench", partition: n % LANES, partitionCount: LANES };
  if (spool.log(name).append(batch, "on_disk") === null) throw new Error("Cannot measure: a batch was refused");
}

function tellStart(what: string, directory: string): Spool {
  const startedMs = performance.now();
  const spool = open(directory);
  const tookMs = performance.now() - startedMs;
  const { usedBytes, segments, unreadBatches } = spool.status();
  const gigabytes = (usedBytes / 1e9).toFixed(2);
  console.log(
    `  ${what}: ${tookMs.toFixed(0)} ms with ${gigabytes} GB, ${segments} segments, ${unreadBatches} batches`,
  );
  return spool;
}

function tellRate(what: string, batches: number, tookMs: number): void {
  const perSecond = (batches * 1000) / tookMs;
  const quotes = Math.round(perSecond * QUOTES_PER_BATCH).toLocaleString("en");
  const megabytes = ((perSecond * BATCH_BYTES) / MEGABYTE).toFixed(0);
  console.log(`  ${what}: ${quotes} quotes/s, ${megabytes} MB/s`);
}

function open(directory: string): Spool {
  return openSpool({
    fileSystem: createNodeFileSystem(),
    clock: new SystemClock(),
    directory,
    maxBytes: 1e12,
    minFreeBytes: 1e9,
    whenFull: "drop_newest",
    yieldLast: [],
    maxAgeMs: 0,
    fsyncMs: 100,
    segmentBytes: 16 * 1024 * 1024,
    feedNames: ["a", "b", "c"],
    onLoss: () => undefined,
    onLostBatch: () => undefined,
    onTrouble: (text) => console.log(`  trouble: ${text}`),
  });
}

/** Batches whose records are noise: the spool does not look into them. */
function makeBatches(count: number): SealedBatch[] {
  return Array.from({ length: count }, (_, n) => {
    const bytes = Buffer.alloc(BATCH_BYTES, n + 1);
    const timeMs = Date.now();
    const header = { recordCount: QUOTES_PER_BATCH, baseTimestampMs: timeMs, maxTimestampMs: timeMs };
    writeBatchHeader(bytes, { compression: "none", ...header });
    stampBatch(bytes, { producerId: 1n, epoch: 0 }, 0);
    const countsByFeed = Int32Array.of(QUOTES_PER_BATCH, 0, 0);
    return {
      bytes,
      recordCount: QUOTES_PER_BATCH,
      uncompressedBytes: BATCH_BYTES * 8,
      countsByFeed,
      openedAtMs: 0,
    };
  });
}
