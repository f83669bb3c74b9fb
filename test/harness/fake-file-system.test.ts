import { describe, expect, test } from "bun:test";
import { createSeededRandom } from "../../src/simulator/seeded-random.ts";
import { BLOCK_BYTES } from "./fake-disk.ts";
import { FakeFileSystem, type FileCall, type FileFault } from "./fake-file-system.ts";

/** Seeds over which a chance must show both of its sides. */
const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);

function create(seed = 1, capacityBytes?: number): FakeFileSystem {
  const random = createSeededRandom(seed);
  return new FakeFileSystem(capacityBytes === undefined ? { random } : { random, capacityBytes });
}

function put(disk: FakeFileSystem, path: string, content: string | Uint8Array): number {
  const file = disk.open(path, "create");
  append(disk, file, content, 0);
  return file;
}

function append(disk: FakeFileSystem, file: number, content: string | Uint8Array, position: number): number {
  const bytes = Buffer.from(content);
  return disk.write(file, bytes, 0, bytes.length, position);
}

function readAll(disk: FakeFileSystem, path: string): string {
  const file = disk.open(path, "existing");
  const bytes = Buffer.alloc(disk.sizeOf(file));
  disk.read(file, bytes, 0, bytes.length, 0);
  disk.close(file);
  return bytes.toString();
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).name;
  }
  return "none";
}

/** What a file may be after a power cut, over many seeds. */
async function outcomes(prepare: (disk: FakeFileSystem) => Promise<void>, path: string): Promise<string[]> {
  const found = new Set<string>();
  for (const seed of SEEDS) {
    const disk = create(seed);
    await prepare(disk);
    const next = disk.afterPowerCut();
    found.add(next.files().includes(path) ? next.contentOf(path).toString() : "(gone)");
  }
  return [...found].sort();
}

describe("FakeFileSystem", () => {
  test("keeps files, folders and names like a disk", async () => {
    const disk = create();
    disk.makeFolder("/a/b");
    const file = put(disk, "/a/b/one", "hello");
    expect(append(disk, file, "J", 0)).toBe(1);
    disk.truncate(file, 4);
    disk.rename("/a/b/one", "/a/b/two");
    expect(readAll(disk, "/a/b/two")).toBe("Jell");
    expect(disk.list("/a")).toEqual([{ name: "b", isFolder: true }]);
    expect(disk.list("/none")).toEqual([]);
    disk.removeFolder("/a/b");
    expect(disk.files()).toEqual(["/a/b/two"]);
    await disk.removeSoon("/a/b/two");
    await disk.removeSoon("/a/b/two");
    disk.removeFolder("/a/b");
    expect(disk.list("/a")).toEqual([]);
    expect(codeOf(() => disk.open("/a/b/two", "existing"))).toBe("ENOENT");
    expect(codeOf(() => disk.open("/c/x", "create"))).toBe("ENOENT");
  });

  test("does not make a file that is there", () => {
    const disk = create();
    put(disk, "/one", "");
    expect(codeOf(() => disk.open("/one", "create"))).toBe("EEXIST");
  });

  test("is full at its bound: a short write, then ENOSPC; room again when something goes", async () => {
    const disk = create(1, 10);
    disk.close(put(disk, "/one", "123456"));
    const file = disk.open("/two", "create");
    expect(append(disk, file, "abcdef", 0)).toBe(4);
    expect(codeOf(() => append(disk, file, "ef", 4))).toBe("ENOSPC");
    expect(disk.freeBytes("/")).toBe(0);
    expect(append(disk, file, "AB", 0)).toBe(2);
    await disk.removeSoon("/one");
    expect(append(disk, file, "ef", 4)).toBe(2);
    expect(readAll(disk, "/two")).toBe("ABcdef");
  });

  test("a fault may hit any call", async () => {
    const disk = create();
    const seen: FileCall[] = [];
    disk.makeFolder("/a");
    const file = put(disk, "/a/one", "x");
    disk.fault = (call) => {
      seen.push(call);
      return "EIO";
    };
    const into = Buffer.alloc(1);
    for (const work of [
      () => disk.makeFolder("/b"),
      () => disk.list("/a"),
      () => disk.open("/a/two", "create"),
      () => disk.sizeOf(file),
      () => append(disk, file, "y", 1),
      () => disk.read(file, into, 0, 1, 0),
      () => disk.truncate(file, 0),
      () => disk.rename("/a/one", "/a/two"),
      () => disk.removeFolder("/a"),
      () => disk.freeBytes("/a"),
      () => disk.close(file),
    ]) {
      expect(codeOf(work)).toBe("EIO");
    }
    for (const promise of [
      disk.readSoon(file, into, 0, 1, 0),
      disk.syncSoon(file),
      disk.syncFolderSoon("/a"),
      disk.removeSoon("/a/one"),
    ]) {
      expect(await promise.catch((error: NodeJS.ErrnoException) => error.code)).toBe("EIO");
    }
    expect(new Set(seen.map(({ kind }) => kind)).size).toBe(15);
    expect(disk.files()).toEqual(["/a/one"]);
    expect(disk.contentOf("/a/one").toString()).toBe("x");
  });

  test("a short write takes a part", () => {
    const taken = SEEDS.map((seed) => {
      const disk = create(seed);
      const file = disk.open("/one", "create");
      disk.fault = () => "short";
      return append(disk, file, "x".repeat(100), 0);
    });
    expect(Math.max(...taken)).toBeLessThanOrEqual(100);
    expect(Math.min(...taken)).toBeGreaterThan(0);
    expect(new Set(taken).size).toBeGreaterThan(20);
  });

  test.each<[FileFault, string[]]>([
    ["crash_before", ["x"]],
    ["crash_after", ["xyz"]],
    ["crash_amid", ["xy", "xyz"]],
  ])("%s ends the process: no later call changes anything, none comes back", async (fault, contents) => {
    const seen = new Set<string>();
    for (const seed of SEEDS) {
      const disk = create(seed);
      const file = put(disk, "/one", "x");
      let isBack = false;
      const back = () => {
        isBack = true;
      };
      void disk.syncSoon(file).then(back, back);
      disk.fault = () => fault;
      append(disk, file, "yz", 1);
      disk.fault = () => null;
      expect(disk.isCrashed).toBe(true);
      append(disk, file, "abc", 0);
      disk.truncate(file, 0);
      disk.rename("/one", "/two");
      disk.close(disk.open("/three", "create"));
      void disk.removeSoon("/one").then(back, back);
      expect(disk.list("/")).toEqual([]);
      void disk.syncSoon(file).then(back, back);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      expect(isBack).toBe(false);
      const next = disk.afterKill();
      expect(next.isCrashed).toBe(false);
      expect(next.openFiles).toBe(0);
      seen.add(readAll(next, "/one"));
    }
    expect([...seen].sort()).toEqual(contents);
  });

  test("a kill loses nothing that was written", async () => {
    for (const seed of SEEDS) {
      const disk = create(seed);
      disk.makeFolder("/a");
      const file = put(disk, "/a/one", "x".repeat(3000));
      disk.truncate(file, 2000);
      disk.rename("/a/one", "/a/two");
      const next = disk.afterKill();
      expect(readAll(next, "/a/two")).toBe("x".repeat(2000));
      expect(next.files()).toEqual(["/a/two"]);
    }
  });

  test("what a kill left unsynced a power cut may still take", () => {
    const left = SEEDS.map((seed) => {
      const disk = create(seed);
      put(disk, "/one", "x");
      return disk.afterKill().afterPowerCut().files().length;
    });
    expect(new Set(left)).toEqual(new Set([0, 1]));
  });

  test("a power cut may take content that is not synced, and never what is", async () => {
    const found = await outcomes(async (disk) => {
      const file = put(disk, "/one", "synced");
      await disk.syncSoon(file);
      await disk.syncFolderSoon("/");
      append(disk, file, "SYNCED", 0);
    }, "/one");
    expect(found).toEqual(["SYNCED", "synced"]);
  });

  test("a power cut may take a new name, bring back a removed one, undo a rename", async () => {
    const fresh = await outcomes(async (disk) => await disk.syncSoon(put(disk, "/one", "x")), "/one");
    expect(fresh).toEqual(["(gone)", "x"]);
    const renamed: string[] = await outcomes(async (disk) => {
      const file = put(disk, "/one", "x");
      await disk.syncSoon(file);
      await disk.syncFolderSoon("/");
      disk.rename("/one", "/two");
    }, "/two");
    expect(renamed).toEqual(["(gone)", "x"]);
    const removed = await outcomes(async (disk) => {
      await disk.syncSoon(put(disk, "/one", "x"));
      await disk.syncFolderSoon("/");
      await disk.removeSoon("/one");
    }, "/one");
    expect(removed).toEqual(["(gone)", "x"]);
  });

  test("a file in a new folder is gone with the folder's name", async () => {
    const prepare = async (disk: FakeFileSystem) => {
      disk.makeFolder("/a");
      await disk.syncSoon(put(disk, "/a/one", "x"));
      await disk.syncFolderSoon("/a");
    };
    expect(await outcomes(prepare, "/a/one")).toEqual(["(gone)", "x"]);
    const synced = async (disk: FakeFileSystem) => {
      await prepare(disk);
      await disk.syncFolderSoon("/");
    };
    expect(await outcomes(synced, "/a/one")).toEqual(["x"]);
  });

  test("a write is torn at the borders of blocks, any block may be missing", async () => {
    const states = new Set<string>();
    for (const seed of Array.from({ length: 300 }, (_, index) => index)) {
      const disk = create(seed);
      const file = put(disk, "/one", "a".repeat(3 * BLOCK_BYTES));
      await disk.syncSoon(file);
      await disk.syncFolderSoon("/");
      append(disk, file, "b".repeat(3 * BLOCK_BYTES), 0);
      const left = disk.afterPowerCut().contentOf("/one").toString();
      expect(left).toMatch(new RegExp(`^(?:(?:a{${BLOCK_BYTES}})|(?:b{${BLOCK_BYTES}})){3}$`));
      states.add(left.replaceAll("a".repeat(BLOCK_BYTES), "A").replaceAll("b".repeat(BLOCK_BYTES), "B"));
    }
    expect([...states].sort()).toEqual(["AAA", "AAB", "ABA", "ABB", "BAA", "BAB", "BBA", "BBB"]);
  });

  test("a block may hold any of the writes since the last sync", async () => {
    const found = await outcomes(async (disk) => {
      const file = put(disk, "/one", "1");
      await disk.syncSoon(file);
      await disk.syncFolderSoon("/");
      append(disk, file, "2", 0);
      append(disk, file, "3", 0);
    }, "/one");
    expect(found).toEqual(["1", "2", "3"]);
  });

  test("a file that grew may be any length in between, with zeros where nothing was written", async () => {
    const lengths = new Set<number>();
    let zeros = 0;
    for (const seed of Array.from({ length: 600 }, (_, index) => index)) {
      const disk = create(seed);
      const file = disk.open("/one", "create");
      await disk.syncFolderSoon("/");
      append(disk, file, "x".repeat(4 * BLOCK_BYTES), 0);
      const left = disk.afterPowerCut().contentOf("/one");
      lengths.add(left.length / BLOCK_BYTES);
      if (left.includes(0)) zeros++;
    }
    expect([...lengths].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(zeros).toBeGreaterThan(10);
  });

  test("a sync covers what was written before it began", async () => {
    const found = await outcomes(async (disk) => {
      const file = put(disk, "/one", "1");
      await disk.syncFolderSoon("/");
      const sync = disk.syncSoon(file);
      append(disk, file, "2", 0);
      await sync;
    }, "/one");
    expect(found).toEqual(["1", "2"]);
  });

  test("two syncs at a time cover no more than the later one", async () => {
    const found = await outcomes(async (disk) => {
      const file = put(disk, "/one", "1");
      await disk.syncFolderSoon("/");
      const syncs = [disk.syncSoon(file), disk.syncSoon(file)];
      append(disk, file, "2", 0);
      await Promise.all(syncs);
    }, "/one");
    expect(found).toEqual(["1", "2"]);
  });

  test("a sync that fails leaves nothing on the disk", async () => {
    const found = await outcomes(async (disk) => {
      const file = put(disk, "/one", "1");
      await disk.syncFolderSoon("/");
      disk.fault = () => "EIO";
      await disk.syncSoon(file).catch(() => undefined);
    }, "/one");
    expect(found).toEqual(["", "\0", "1"]);
  });

  test("holds calls off the event loop until they are released, in any order", async () => {
    const orders = new Set<string>();
    for (const seed of SEEDS) {
      const disk = create(seed);
      disk.isHolding = true;
      const file = put(disk, "/one", "x");
      const order: number[] = [];
      for (const number of [1, 2]) void disk.syncSoon(file).then(() => order.push(number));
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      expect(order).toEqual([]);
      while (disk.release()) await Promise.resolve();
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      orders.add(order.join());
    }
    expect([...orders].sort()).toEqual(["1,2", "2,1"]);
  });

  test("tells of files that are closed too early or used too late", async () => {
    const disk = create();
    const file = put(disk, "/one", "x");
    const sync = disk.syncSoon(file);
    disk.close(file);
    await sync;
    expect(codeOf(() => disk.sizeOf(file))).toBe("EBADF");
    expect(disk.misuses).toEqual([
      "close of /one while a call on it is under way",
      `use of file ${file}, which is closed`,
    ]);
  });
});
