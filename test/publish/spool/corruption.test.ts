// Real files, damaged in every way we could think of: the next start needs no human, loses the damaged batches alone and
// counts them to the record. `SPOOL_SEED=<number>` repeats one seed, `SPOOL_SEEDS=<count>` runs more than usual.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SealedBatch } from "../../../src/publish/sealed-batch.ts";
import type { BatchLog, LogName, Spool } from "../../../src/publish/spool/batch-log.ts";
import { createNodeFileSystem } from "../../../src/publish/spool/node-file-system.ts";
import { openSpool } from "../../../src/publish/spool/spool.ts";
import type { SpoolLoss } from "../../../src/publish/spool/spool-options.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { createSeededRandom } from "../../../src/simulator/seeded-random.ts";
import { sealModelBatch } from "./model-batches.ts";
import { type Damage, damage, type PlacedBatch, placesOf, segmentsOf } from "./spool-damage.ts";
import { idOf } from "./spool-model.ts";

const SEEDS = Number(process.env["SPOOL_SEEDS"] ?? 1000);
const SEED_LIMIT = 2 ** 31;
const LIMIT_MS = 600_000;
/** Failures told of one run. */
const FAILURES_MAX = 20;
const only = process.env["SPOOL_SEED"];

const FEEDS = ["alpha", "beta"];
const LOGS: readonly LogName[] = [
  { topic: "quotes", partition: 0, partitionCount: 2 },
  { topic: "quotes", partition: 1, partitionCount: 2 },
];
const BATCHES_PER_LOG = 40;
/** Delivered before the spool was closed: some of them lie in segments that are still there. */
const SETTLED_PER_LOG = 9;
const SEGMENT_BYTES = 16_384;

/** A batch that waits on the sound spool. */
interface Waiting {
  readonly id: number;
  readonly batch: SealedBatch;
  readonly place: PlacedBatch;
}

/** What waits, by log; and what was delivered and still lies there. */
interface Sound {
  readonly folder: string;
  readonly waiting: ReadonlyMap<LogName, readonly Waiting[]>;
  readonly delivered: ReadonlySet<number>;
}

let root = "";
let sound: Sound;

beforeAll(async () => {
  // In memory where there is such a folder: nothing here depends on when a disk syncs.
  root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "spool-corruption-"));
  sound = await prepare(join(root, "sound"));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function open(directory: string, losses: SpoolLoss[]): Spool {
  return openSpool({
    fileSystem: createNodeFileSystem(),
    clock: new SystemClock(),
    directory,
    maxBytes: 1e9,
    minFreeBytes: 0,
    whenFull: "drop_oldest",
    yieldLast: [],
    maxAgeMs: 0,
    fsyncMs: 10_000,
    segmentBytes: SEGMENT_BYTES,
    feedNames: FEEDS,
    onLoss: (loss) => losses.push(loss),
    onLostBatch: () => undefined,
    onTrouble: (text) => {
      if (text !== "") throw new Error(text);
    },
  });
}

async function prepare(folder: string): Promise<Sound> {
  const random = createSeededRandom(1);
  const spool = open(folder, []);
  const batches = new Map<number, SealedBatch>();
  const waiting = new Map<LogName, Waiting[]>();
  const delivered = new Set<number>();
  const positions = new Map<LogName, Map<number, number>>();
  for (let round = 0, id = 1; round < BATCHES_PER_LOG; round++) {
    for (const [feedIndex, name] of LOGS.entries()) {
      const plan = { id, timeMs: 1_700_000_000_000 + id, feedCount: FEEDS.length, feedIndex };
      // Now and then a batch carries bytes that look just like a batch on the disk.
      const [decoy] = round % 4 === 3 ? placesOf(folder) : [];
      const batch = sealModelBatch(random, decoy === undefined ? plan : { ...plan, extra: bytesOf(decoy) });
      const location = spool.log(name).append(batch, "in_memory");
      if (location === null) throw new Error("Cannot prepare the spool: a batch was refused");
      batches.set(id, batch);
      const known = positions.get(name) ?? new Map<number, number>();
      positions.set(name, known.set(location.position, id));
      if (round < SETTLED_PER_LOG) {
        spool.log(name).settle(location, batch.recordCount);
        delivered.add(id);
      }
      id++;
    }
  }
  await spool.close();
  const places = placesOf(folder);
  for (const name of LOGS) {
    const inLog = places.filter(({ path }) => path.includes(`/${name.partition}-of-`));
    const found = inLog.map((place) => {
      const id = positions.get(name)?.get(place.position) ?? -1;
      return { id, batch: batches.get(id) as SealedBatch, place };
    });
    waiting.set(
      name,
      found.filter(({ id }) => !delivered.has(id)).sort((a, b) => a.id - b.id),
    );
  }
  return { folder, waiting, delivered };
}

function bytesOf({ path, from, to }: PlacedBatch): Buffer {
  return readFileSync(path).subarray(from, to);
}

async function readOut(log: BatchLog): Promise<SealedBatch[]> {
  const batches: SealedBatch[] = [];
  for (let next = await log.readNext(); next !== null; next = await log.readNext()) batches.push(next.batch);
  return batches;
}

function recordsOf(batches: readonly { readonly recordCount: number }[]): number {
  return batches.reduce((sum, { recordCount }) => sum + recordCount, 0);
}

/** What each log must still give, and what the damage may have cost. */
function judge(name: LogName, given: readonly SealedBatch[], done: readonly Damage[]): void {
  const expected = sound.waiting.get(name) ?? [];
  const lost = done.flatMap((one) => one.lost);
  const isLost = ({ place }: Waiting) =>
    lost.some(({ path, from }) => path.endsWith(place.path.slice(sound.folder.length)) && from === place.from);
  const ids = given.map(idOf);
  const fresh = ids.filter((id) => !sound.delivered.has(id));
  expect(fresh).toEqual(expected.filter((waiting) => !isLost(waiting)).map(({ id }) => id));
  if (!done.some(({ mayRepeat }) => mayRepeat)) expect(ids).toEqual(fresh);
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  for (const batch of given) {
    const original = expected.find(({ id }) => id === idOf(batch));
    if (original === undefined) continue;
    expect(batch.bytes.equals(original.batch.bytes)).toBe(true);
    expect([...batch.countsByFeed]).toEqual([...original.batch.countsByFeed]);
  }
}

/** One start over a copy that is damaged once: exactly what must be there is there. */
async function runSeed(seed: number, damages = 1): Promise<void> {
  const random = createSeededRandom(seed);
  const folder = join(root, `seed-${seed}`);
  cpSync(sound.folder, folder, { recursive: true });
  const done: Damage[] = [];
  for (let count = 0; count < damages && segmentsOf(folder).length > 0; count++) done.push(damage(folder, random));
  try {
    const losses: SpoolLoss[] = [];
    const spool = open(folder, losses);
    const given = new Map<LogName, SealedBatch[]>();
    for (const name of LOGS) given.set(name, await readOut(spool.log(name)));
    if (damages === 1) {
      for (const name of LOGS) judge(name, given.get(name) ?? [], done);
      judgeLosses(done, losses, spool);
    } else for (const name of LOGS) judgeMany(name, given.get(name) ?? []);
    await goOn(spool);
    await spool.close();
  } catch (error) {
    const text = done.map((one) => one.text).join("; ");
    throw new Error(`Seed ${seed}: ${text}\n${(error as Error).message}`, { cause: error });
  }
  rmSync(folder, { recursive: true, force: true });
}

/** After several damages, which may hit the same place: in order, once each, as it was. */
function judgeMany(name: LogName, given: readonly SealedBatch[]): void {
  const expected = new Map((sound.waiting.get(name) ?? []).map((waiting) => [waiting.id, waiting.batch]));
  const ids = given.map(idOf);
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  for (const batch of given) {
    const original = expected.get(idOf(batch));
    if (original === undefined) expect(sound.delivered.has(idOf(batch))).toBe(true);
    else expect(batch.bytes.equals(original.bytes)).toBe(true);
  }
}

/** What was lost is told to the record, and nothing else is. */
function judgeLosses(done: readonly Damage[], losses: readonly SpoolLoss[], spool: Spool): void {
  const waiting = [...sound.waiting.values()].flat();
  const lost = waiting.filter(({ place }) =>
    done.some((one) =>
      one.lost.some(({ path, from }) => path.endsWith(place.path.slice(sound.folder.length)) && from === place.from),
    ),
  );
  const told = recordsOf(losses);
  expect(told).toBe(recordsOf(lost.map(({ batch }) => batch)));
  const { damagedRecords, missingRecords, trouble } = spool.status();
  expect(damagedRecords + missingRecords).toBe(told);
  expect(trouble).toBe("");
  expect(losses.every(({ reason }) => reason === "spool_damaged")).toBe(true);
}

/** The spool works on: it takes a batch and gives it back. */
async function goOn(spool: Spool): Promise<void> {
  for (const [feedIndex, name] of LOGS.entries()) {
    const plan = { id: 1_000_000, timeMs: 1_700_000_100_000, feedCount: spool.feedNames.length, feedIndex };
    expect(
      spool.log(name).append(
        sealModelBatch(() => 0.5, plan),
        "on_disk",
      ),
    ).not.toBeNull();
    expect((await readOut(spool.log(name))).map(idOf)).toEqual([1_000_000]);
  }
}

describe("a damaged spool", () => {
  test("has several segments in each log, some with delivered batches", () => {
    expect(segmentsOf(sound.folder).length).toBeGreaterThan(6);
    const waiting = [...sound.waiting.values()].flat();
    expect(waiting).toHaveLength(LOGS.length * (BATCHES_PER_LOG - SETTLED_PER_LOG));
    expect(placesOf(sound.folder).length).toBeGreaterThan(waiting.length);
  });

  test(
    `starts by itself and costs only what is damaged, over ${SEEDS} seeds`,
    async () => {
      const first = only === undefined ? Math.floor(Math.random() * SEED_LIMIT) : Number(only);
      const count = only === undefined ? SEEDS : 1;
      const failures: string[] = [];
      for (let index = 0; index < count && failures.length < FAILURES_MAX; index++) {
        await runSeed((first + index) % SEED_LIMIT).catch((error: Error) => failures.push(error.message));
      }
      expect(failures).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    `starts by itself after several damages, over ${SEEDS / 4} seeds`,
    async () => {
      const first = only === undefined ? Math.floor(Math.random() * SEED_LIMIT) : Number(only);
      const failures: string[] = [];
      for (let index = 0; index < (only === undefined ? SEEDS / 4 : 1); index++) {
        const seed = (first + index) % SEED_LIMIT;
        await runSeed(seed, 2 + (seed % 4)).catch((error: Error) => failures.push(error.message));
        if (failures.length >= FAILURES_MAX) break;
      }
      expect(failures).toEqual([]);
    },
    LIMIT_MS,
  );

  test("a lock left by a process that is dead is taken over", async () => {
    const folder = join(root, "stale-lock");
    cpSync(sound.folder, folder, { recursive: true });
    for (const content of [`{"pid":4194305,"startedAt":"x/1"}\n`, "", "garbage"]) {
      writeFileSync(join(folder, "~lock"), content);
      const spool = open(folder, []);
      expect(spool.status().recoveredRecords).toBeGreaterThan(0);
      await spool.close();
    }
  });
});
