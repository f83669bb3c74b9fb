import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { scanFrames } from "../../../src/publish/spool/frame-scan.ts";
import { createNodeFileSystem } from "../../../src/publish/spool/node-file-system.ts";
import { decodeSegmentHeader } from "../../../src/publish/spool/segment-header.ts";
import type { RandomSource } from "../../../src/runtime/clock.ts";
import { below, pick } from "../../harness/fake-disk.ts";

/** Bytes zeroed at once: a page of the disk. */
const PAGE_BYTES = 4096;
const GARBAGE_BYTES_MAX = 20_000;

/** Of a checkpoint: where its slots begin, and how much of each is in use while there are no holes. */
const SLOT_STARTS = [0, 1024];
const SLOT_HEAD_BYTES = 48;

/** Where one batch lies. */
export interface PlacedBatch {
  /** Path of its segment. */
  readonly path: string;
  readonly from: number;
  readonly to: number;
  readonly position: number;
  readonly recordCount: number;
}

/** What was done to a folder, and what it must cost. */
export interface Damage {
  readonly text: string;
  /** Batches that cannot be there any more. */
  readonly lost: readonly PlacedBatch[];
  /** What was delivered may come again. */
  readonly mayRepeat: boolean;
}

/** One way to damage a spool. */
type Damager = (folder: string, random: RandomSource) => Damage;

/** All batches of a sound spool, by file and offset. */
export function placesOf(folder: string): PlacedBatch[] {
  const fileSystem = createNodeFileSystem();
  const placed: PlacedBatch[] = [];
  for (const path of segmentsOf(folder)) {
    const bytes = readFileSync(path);
    const found = decodeSegmentHeader(bytes);
    if (found === null) continue;
    const file = fileSystem.open(path, "existing");
    const range = { from: found.dataStart, end: bytes.length, segmentId: found.header.segmentId };
    scanFrames(fileSystem, file, range, ({ headerBytes, batchBytes, position, recordCount }, from) => {
      placed.push({ path, from, to: from + headerBytes + batchBytes, position, recordCount });
    });
    fileSystem.close(file);
  }
  return placed;
}

const DAMAGERS: Readonly<Record<string, Damager>> = {
  flip(folder, random) {
    const path = pick(random, segmentsOf(folder));
    const bytes = readFileSync(path);
    const at = below(random, bytes.length);
    const lost = overlapping(folder, path, at, at + 1);
    bytes[at] ^= 1 << below(random, 8);
    writeFileSync(path, bytes);
    return { text: `bit flipped at ${at} of ${path}`, lost, mayRepeat: false };
  },
  zero(folder, random) {
    const path = pick(random, segmentsOf(folder));
    const bytes = readFileSync(path);
    const at = below(random, Math.ceil(bytes.length / PAGE_BYTES)) * PAGE_BYTES;
    const lost = overlapping(folder, path, at, at + PAGE_BYTES);
    bytes.fill(0, at, Math.min(at + PAGE_BYTES, bytes.length));
    writeFileSync(path, bytes);
    return { text: `page zeroed at ${at} of ${path}`, lost, mayRepeat: false };
  },
  truncate(folder, random) {
    const path = pick(random, segmentsOf(folder));
    const length = below(random, readFileSync(path).length);
    const headBytes = decodeSegmentHeader(readFileSync(path))?.dataStart ?? 0;
    // A file without its head's first copy tells of nothing.
    const lost = overlapping(folder, path, length, Number.POSITIVE_INFINITY);
    truncateSync(path, length);
    return { text: `cut to ${length} (head ${headBytes}): ${path}`, lost, mayRepeat: false };
  },
  remove(folder, random) {
    const path = pick(random, segmentsOf(folder));
    const lost = overlapping(folder, path, 0, Number.POSITIVE_INFINITY);
    rmSync(path);
    return { text: `removed: ${path}`, lost, mayRepeat: false };
  },
  swap(folder, random) {
    const one = pick(random, segmentsOf(folder));
    const other = pick(
      random,
      segmentsOf(folder).filter((path) => dirname(path) === dirname(one)),
    );
    renameSync(one, `${one}.moved`);
    if (other !== one) renameSync(other, one);
    renameSync(`${one}.moved`, other);
    return { text: `swapped: ${one} and ${other}`, lost: [], mayRepeat: false };
  },
  duplicate(folder, random) {
    const path = pick(random, segmentsOf(folder));
    const copy = join(dirname(path), `${String(below(random, 1e9)).padStart(20, "0")}.seg`);
    copyFileSync(path, copy);
    return { text: `duplicated: ${path} as ${copy}`, lost: [], mayRepeat: false };
  },
  garbage(folder, random) {
    const beside = dirname(pick(random, segmentsOf(folder)));
    const name = pick(random, [`${below(random, 1e9)}.seg`, "core", "x.seg", "checkpoint.old", ".seg"]);
    const bytes = Buffer.from(Array.from({ length: below(random, GARBAGE_BYTES_MAX) }, () => below(random, 256)));
    const path = join(pick(random, [beside, folder, dirname(beside)]), name);
    writeFileSync(path, bytes);
    return { text: `garbage: ${path}`, lost: [], mayRepeat: false };
  },
  checkpoint(folder, random) {
    const path = pick(random, filesOf(folder).filter(isCheckpoint));
    const way = pick(random, ["removed", "emptied", "garbled", "flipped"] as const);
    const bytes = readFileSync(path);
    if (way === "removed") rmSync(path);
    else if (way === "emptied") truncateSync(path, 0);
    else {
      if (way === "garbled") for (let at = 0; at < bytes.length; at++) bytes[at] = below(random, 256);
      else bytes[pick(random, SLOT_STARTS) + below(random, SLOT_HEAD_BYTES)] ^= 1 << below(random, 8);
      writeFileSync(path, bytes);
    }
    return { text: `checkpoint ${way}: ${path}`, lost: [], mayRepeat: true };
  },
};

/** Damages a spool once, in a way drawn by chance. */
export function damage(folder: string, random: RandomSource): Damage {
  const kind = pick(random, Object.keys(DAMAGERS));
  return DAMAGERS[kind](folder, random);
}

/** Paths of all segments, sorted. */
export function segmentsOf(folder: string): string[] {
  return filesOf(folder).filter((path) => path.endsWith(".seg"));
}

function isCheckpoint(path: string): boolean {
  return path.endsWith("/checkpoint");
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function overlapping(folder: string, path: string, from: number, to: number): PlacedBatch[] {
  return placesOf(folder).filter((batch) => batch.path === path && batch.from < to && batch.to > from);
}
