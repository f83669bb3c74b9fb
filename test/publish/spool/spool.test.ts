import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IngestError } from "../../../src/domain/ingest-error.ts";
import { createNodeFileSystem } from "../../../src/publish/spool/node-file-system.ts";
import type { SpoolFileSystem } from "../../../src/publish/spool/spool-file-system.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import { idsOf, LANE, readOut, SpoolRig } from "./spool-rig.ts";

const LIMIT_MS = 20_000;
const LANE_FOLDER = "quotes/3-of-8";
let rig: SpoolRig;

beforeEach(() => {
  rig = new SpoolRig();
});

afterEach(() => rig.end());

/** What opening throws. */
function refusal(): IngestError {
  try {
    rig.open();
  } catch (error) {
    if (error instanceof IngestError) return error;
    throw error;
  }
  throw new Error("The spool opened");
}

describe("openSpool()", () => {
  test("makes folders and files that are ours alone", async () => {
    const spool = rig.open();
    rig.fill(spool.log(LANE), 1);
    await spool.sync();
    expect(statSync(rig.folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(rig.folder, LANE_FOLDER)).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(rig.folder, LANE_FOLDER))) {
      expect(statSync(join(rig.folder, LANE_FOLDER, name)).mode & 0o777).toBe(0o600);
    }
  });

  test("refuses a folder that another process uses, naming it", () => {
    const other = Bun.spawn(["sleep", "60"]);
    mkdirSync(rig.folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(rig.folder, "~lock"), JSON.stringify({ pid: other.pid, startedAt: "" }));
    const error = refusal();
    other.kill();
    expect(error.message).toBe(`Cannot use SPOOL_DIR '${rig.folder}': process ${other.pid} uses it`);
    expect(error.code).toBe("config_invalid");
  });

  test("refuses a symbolic link, a file, and a folder that everybody may write in", () => {
    mkdirSync(`${rig.folder}-target`, { recursive: true });
    symlinkSync(`${rig.folder}-target`, rig.folder);
    expect(refusal().message).toBe(`Cannot use SPOOL_DIR '${rig.folder}': it is a symbolic link`);
    rig = new SpoolRig();
    mkdirSync(rig.folder, { recursive: true });
    chmodSync(rig.folder, 0o777);
    expect(refusal().message).toBe(`Cannot use SPOOL_DIR '${rig.folder}': everybody may write in it`);
    rig = new SpoolRig();
    writeFileSync(rig.folder, "");
    expect(refusal().message).toStartWith(`Cannot use SPOOL_DIR '${rig.folder}': `);
  });

  test("gives the folder back when it is closed", async () => {
    await rig.open().close();
    expect(readdirSync(rig.folder)).toEqual([]);
  });

  test("reads a few kB per segment, however large they are", async () => {
    const written = rig.open({ segmentBytes: 256 * 1024 });
    for (let partition = 0; partition < 4; partition++) rig.fill(written.log({ ...LANE, partition }), 600);
    await written.close();
    const fileSystem = createNodeFileSystem();
    let readBytes = 0;
    const counting: SpoolFileSystem = {
      ...fileSystem,
      read(file, into, at, length, position) {
        const count = fileSystem.read(file, into, at, length, position);
        readBytes += count;
        return count;
      },
    };
    const spool = rig.open({ segmentBytes: 256 * 1024, fileSystem: counting });
    const { segments, unreadBatches, usedBytes } = spool.status();
    expect(unreadBatches).toBe(2400);
    expect(segments).toBeGreaterThan(12);
    expect(readBytes).toBeLessThan(segments * 24 * 1024);
    expect(readBytes).toBeLessThan(usedBytes / 8);
  });
});

describe("a log", () => {
  test("gives batches back in order, each once, over a restart and across segments", async () => {
    const spool = rig.open();
    const ids = rig.fill(spool.log(LANE), 60);
    const first = await spool.log(LANE).readNext();
    expect(first).not.toBeNull();
    if (first !== null) spool.log(LANE).settle(first.location, first.batch.recordCount);
    await spool.close();
    const next = rig.open();
    expect(next.status().segments).toBeGreaterThan(3);
    const loaded = await readOut(next.log(LANE));
    expect(idsOf(loaded)).toEqual(ids.slice(1));
    expect(next.recoveredByFeed[0]).toBe(loaded.reduce((sum, { batch }) => sum + batch.recordCount, 0));
    for (const { location, batch } of loaded) next.log(LANE).settle(location, batch.recordCount);
    await next.close();
    expect(readdirSync(join(rig.folder, LANE_FOLDER))).toEqual(["checkpoint"]);
    expect(rig.losses).toEqual([]);
  });

  test("goes on in the last file after a restart, and positions grow on after it was emptied", async () => {
    const spool = rig.open();
    rig.fill(spool.log(LANE), 2);
    await spool.close();
    const next = rig.open();
    rig.fill(next.log(LANE), 1);
    expect(next.status().segments).toBe(1);
    const loaded = await readOut(next.log(LANE));
    for (const { location, batch } of loaded) next.log(LANE).settle(location, batch.recordCount);
    await next.close();
    const third = rig.open();
    const end = loaded.reduce((sum, { batch }) => sum + batch.recordCount, 0);
    rig.fill(third.log(LANE), 1);
    expect((await third.log(LANE).readNext())?.location.position).toBe(end);
  });

  test("gives each batch in a buffer of its own, with what was known of it", async () => {
    const spool = rig.open();
    const timeMs = Date.now() - 5000;
    rig.fill(spool.log(LANE), 2, { feedIndex: 1, timeMs });
    const before = performance.now();
    const [first, second] = await readOut(spool.log(LANE));
    expect(first.batch.bytes.byteOffset).toBe(0);
    expect(first.batch.bytes.buffer).not.toBe(second.batch.bytes.buffer);
    expect([...first.batch.countsByFeed]).toEqual([0, first.batch.recordCount]);
    expect(first.batch.uncompressedBytes).toBeGreaterThan(0);
    expect(first.batch.openedAtMs).toBeLessThanOrEqual(Math.max(0, before - 4990));
    expect(first.batch.openedAtMs).toBeGreaterThanOrEqual(0);
  });

  test("knows feeds that are on the disk alone", async () => {
    const spool = rig.open({ feedNames: ["gone", "alpha"] });
    const [id] = rig.fill(spool.log(LANE), 1, { feedIndex: 0 });
    await spool.close();
    const next = rig.open({ feedNames: ["new", "alpha"] });
    expect(next.feedNames).toEqual(["new", "alpha", "gone"]);
    const [loaded] = await readOut(next.log(LANE));
    expect(idsOf([loaded])).toEqual([id]);
    expect([...loaded.batch.countsByFeed]).toEqual([0, 0, loaded.batch.recordCount]);
    expect([...next.recoveredByFeed]).toEqual([0, 0, loaded.batch.recordCount]);
  });

  test("rewind() puts batches back to the disk", async () => {
    const log = rig.open().log(LANE);
    const ids = rig.fill(log, 3);
    const [, second, third] = await readOut(log);
    log.rewind(second.location);
    expect(log.unread.batches).toBe(2);
    expect(log.stored.batches).toBe(3);
    expect(idsOf(await readOut(log))).toEqual(ids.slice(1));
    log.settle(third.location, third.batch.recordCount);
    expect(log.stored.batches).toBe(0);
    // What is settled is not to be had again.
    log.rewind(second.location);
    expect(log.unread.batches).toBe(0);
  });

  test("a folder that a person removed is made anew", async () => {
    const spool = rig.open();
    rig.fill(spool.log(LANE), 1);
    for (const loaded of await readOut(spool.log(LANE))) {
      spool.log(LANE).settle(loaded.location, loaded.batch.recordCount);
    }
    await spool.close();
    const next = rig.open();
    await next.sync();
    await Bun.$`rm -r ${join(rig.folder, LANE_FOLDER)}`.quiet();
    expect(rig.fill(next.log(LANE), 1)).toHaveLength(1);
    expect(existsSync(join(rig.folder, LANE_FOLDER, "checkpoint"))).toBe(true);
  });
});

describe("a full spool", () => {
  const small = { maxBytes: 80_000, segmentBytes: 20_000 };

  test("gives up the oldest, counts it at once and hands it over later", async () => {
    const spool = rig.open(small);
    const ids: number[] = [];
    await waitUntil(() => ids.push(...rig.fill(spool.log(LANE), 1)) >= 100, { limitMs: LIMIT_MS, what: "100 batches" });
    const lost = rig.losses.reduce((sum, { recordCount }) => sum + recordCount, 0);
    expect(lost).toBe(spool.status().droppedRecords);
    expect(spool.status().state).toBe("full");
    const left = await readOut(spool.log(LANE));
    const given = idsOf(left);
    expect(given).toEqual(ids.slice(-given.length));
    await waitUntil(() => rig.lostBatches.length + given.length === ids.length, {
      limitMs: LIMIT_MS,
      what: "the lost batches",
    });
    expect(rig.lostBatches.map(({ id }) => id)).toEqual(ids.slice(0, -given.length));
    expect(rig.lostBatches.every(({ reason }) => reason === "spool_full")).toBe(true);
    expect(spool.status().usedBytes).toBeLessThan(small.maxBytes + 3 * small.segmentBytes);
  });

  test("refuses new ones when the oldest are to be kept, and takes them again when there is room", async () => {
    const spool = rig.open({ ...small, whenFull: "drop_newest" });
    const log = spool.log(LANE);
    const ids = rig.fill(log, 200);
    expect(ids.length).toBeLessThan(200);
    expect(spool.status().usedBytes).toBeLessThanOrEqual(small.maxBytes);
    expect(rig.troubles).toEqual([`Cannot spool more: SPOOL_MAX_BYTES (${small.maxBytes}) are used`]);
    const loaded = await readOut(log);
    expect(idsOf(loaded)).toEqual(ids);
    for (const { location, batch } of loaded) log.settle(location, batch.recordCount);
    await waitUntil(() => rig.fill(log, 1).length === 1, { limitMs: LIMIT_MS, what: "room" });
    expect(rig.losses).toEqual([]);
  });

  test("what tells of the dropped gives way last, however old it is", async () => {
    const spool = rig.open({ ...small, yieldLast: ["events"] });
    const events = spool.log({ ...LANE, topic: "events" });
    const told = rig.fill(events, 5, { timeMs: Date.now() - 60_000 });
    const quotes = spool.log(LANE);
    for (let n = 0; n < 20; n++) {
      rig.fill(quotes, 20);
      await Bun.sleep(0);
    }
    expect(rig.losses.length).toBeGreaterThan(0);
    expect(rig.losses.map(({ topic }) => topic)).not.toContain("events");
    expect(idsOf(await readOut(events))).toEqual(told);
  });

  test("leaves the floor of the disk alone", () => {
    const spool = rig.open({ minFreeBytes: Number.MAX_SAFE_INTEGER, whenFull: "drop_newest" });
    expect(rig.fill(spool.log(LANE), 1)).toEqual([]);
    expect(rig.troubles[0]).toContain("SPOOL_MIN_FREE");
  });
});

test("batches older than the limit are dropped as expired and handed over", async () => {
  const spool = rig.open({ maxAgeMs: 60_000 });
  const log = spool.log(LANE);
  const old = rig.fill(log, 3, { timeMs: Date.now() - 120_000 });
  const fresh = rig.fill(log, 2);
  expect(idsOf(await readOut(log))).toEqual(fresh);
  await waitUntil(() => rig.lostBatches.length === old.length, { limitMs: LIMIT_MS, what: "the expired batches" });
  expect(rig.lostBatches.map(({ id }) => id)).toEqual(old);
  expect(rig.losses.every(({ reason }) => reason === "spool_expired")).toBe(true);
  expect(spool.status().expiredRecords).toBe(rig.losses.reduce((sum, { recordCount }) => sum + recordCount, 0));
});

describe("a disk that cannot be read", () => {
  /** Fails for a place of a file, as a bad sector does. */
  function withBadPlace(bad: { position: number }): SpoolFileSystem {
    const fileSystem = createNodeFileSystem();
    return {
      ...fileSystem,
      readSoon(file, into, at, length, position) {
        const isBad = position <= bad.position && bad.position < position + length;
        const error = Object.assign(new Error("EIO"), { code: "EIO" });
        return isBad ? Promise.reject(error) : fileSystem.readSoon(file, into, at, length, position);
      },
    };
  }

  test("is told, loses nothing, and gives the batch when it reads again", async () => {
    const bad = { position: 8300 };
    const log = rig.open({ fileSystem: withBadPlace(bad) }).log(LANE);
    const ids = rig.fill(log, 3);
    expect(await log.readNext()).toBeNull();
    expect(log.unread.batches).toBe(3);
    expect(rig.troubles).toEqual(["Cannot read the spool: EIO"]);
    bad.position = -1;
    expect(idsOf(await readOut(log))).toEqual(ids);
    expect(rig.troubles).toEqual(["Cannot read the spool: EIO", ""]);
    expect(rig.losses).toEqual([]);
  });

  test("costs the batch in the end, counted, and not those behind it", async () => {
    const clock = new FakeClock();
    const log = rig.open({ fileSystem: withBadPlace({ position: 8300 }), clock }).log(LANE);
    const ids = rig.fill(log, 3);
    for (let tries = 0; tries < 12; tries++) {
      expect(await log.readNext()).toBeNull();
      await clock.advance(5000);
    }
    expect(idsOf(await readOut(log))).toEqual(ids.slice(1));
    expect(rig.losses.map(({ reason }) => reason)).toEqual(["spool_damaged"]);
    expect(log.unread.batches).toBe(0);
  });
});
