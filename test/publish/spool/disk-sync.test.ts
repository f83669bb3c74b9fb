import { expect, test } from "bun:test";
import { DiskSync } from "../../../src/publish/spool/disk-sync.ts";
import { FileHandles } from "../../../src/publish/spool/file-handles.ts";
import { createNodeFileSystem } from "../../../src/publish/spool/node-file-system.ts";
import type { SpoolFileSystem } from "../../../src/publish/spool/spool-file-system.ts";
import { SpoolTroubles } from "../../../src/publish/spool/spool-troubles.ts";
import { FakeClock, settle } from "../../harness/fake-clock.ts";

/** A disk whose syncs end when the test says so. */
class SlowDisk {
  readonly pending: { readonly path: string; end(error?: Error): void }[] = [];
  readonly clock = new FakeClock();
  readonly troubles: string[] = [];
  readonly syncer: DiskSync;
  mostAtOnce = 0;

  constructor() {
    const fileSystem: SpoolFileSystem = {
      ...createNodeFileSystem(),
      syncSoon: () => this.#begin("file"),
      syncFolderSoon: (path) => this.#begin(path),
      open: () => 3,
      close: () => undefined,
    };
    const troubles = new SpoolTroubles(this.clock, (text) => this.troubles.push(text));
    const files = new FileHandles(fileSystem);
    this.syncer = new DiskSync({ fileSystem, files, clock: this.clock, troubles, everyMs: 100 });
  }

  /** Ends the oldest call. */
  async end(error?: Error): Promise<void> {
    this.pending.shift()?.end(error);
    await settle();
  }

  #begin(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pending.push({ path, end: (error) => (error === undefined ? resolve() : reject(error)) });
      this.mostAtOnce = Math.max(this.mostAtOnce, this.pending.length);
    });
  }
}

test("sync() waits for a sync that began after the last write, also when another asked for it", async () => {
  const disk = new SlowDisk();
  disk.syncer.note("/a", "file");
  await disk.clock.advance(100);
  expect(disk.pending).toHaveLength(1);
  // Written while the first sync runs: that one may have missed it.
  disk.syncer.note("/a", "file");
  const done: string[] = [];
  for (const who of ["one", "other"]) void disk.syncer.sync().then(() => done.push(who));
  await disk.end();
  expect(done).toEqual([]);
  expect(disk.pending).toHaveLength(1);
  await disk.end();
  expect(done).toEqual(["one", "other"]);
  expect(disk.pending).toHaveLength(0);
});

test("at most a few calls run at once, and never two for one file", async () => {
  const disk = new SlowDisk();
  for (let n = 0; n < 20; n++) disk.syncer.note(`/folder-${n}`, "folder");
  const all = disk.syncer.sync();
  const more = disk.syncer.sync();
  await settle();
  while (disk.pending.length > 0) {
    const paths = disk.pending.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    await disk.end();
  }
  await Promise.all([all, more]);
  expect(disk.mostAtOnce).toBeLessThanOrEqual(6);
});

test("a failed sync is told, tried again and told when it works", async () => {
  const disk = new SlowDisk();
  disk.syncer.note("/a", "file");
  await disk.clock.advance(100);
  expect(disk.syncer.syncingSinceMs).toBe(100);
  await disk.end(Object.assign(new Error("EIO"), { code: "EIO" }));
  expect(disk.troubles).toEqual(["Cannot bring the spool to the disk: EIO"]);
  expect(disk.syncer.syncingSinceMs).toBe(-1);
  await disk.clock.advance(100);
  await disk.end();
  expect(disk.troubles.at(-1)).toBe("");
  disk.syncer.close();
  expect(disk.clock.armedTimers).toBe(0);
});
