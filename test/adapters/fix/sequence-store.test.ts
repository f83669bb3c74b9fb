import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SequenceStore, type SequenceTrouble } from "../../../src/adapters/fix/sequence-store.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

const IDENTITY = { beginString: "FIX.4.4", sender: "US", target: "LP", senderSub: null, targetSub: null };
const SLOT_STRIDE = 4096;

let folder: string;
let directory: string;
let clock: FakeClock;
let troubles: SequenceTrouble[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fix-store-"));
  directory = join(folder, "state");
  clock = new FakeClock();
  troubles = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function createStore(options: { name?: string; target?: string; directory?: string } = {}): SequenceStore {
  return new SequenceStore({
    name: options.name ?? "lp",
    directory: options.directory ?? directory,
    identity: { ...IDENTITY, target: options.target ?? IDENTITY.target },
    host: "127.0.0.1",
    port: 9880,
    clock,
    onTrouble: (trouble) => troubles.push(trouble),
  });
}

function pathOf(name = "lp"): string {
  return join(directory, `${name}.fix-numbers`);
}

/** The numbers as another process would read them now: what is only in memory is not seen. */
async function numbersOnFile(): Promise<readonly [outgoing: number, incoming: number]> {
  copyFileSync(pathOf(), pathOf("copy"));
  const copy = createStore({ name: "copy" });
  copy.lend();
  const numbers = [copy.nextOutgoing, copy.nextIncoming] as const;
  await copy.close();
  return numbers;
}

describe("SequenceStore: what is kept", () => {
  test("lend() begins at 1 and 1 when there is no file", async () => {
    const store = createStore();
    expect(store.lend()).toBe(store);
    expect([store.nextOutgoing, store.nextIncoming]).toEqual([1, 1]);
    await store.close();
    expect(troubles).toEqual([]);
  });

  test("close() keeps both numbers and the time of the last reset for the next process", async () => {
    const store = createStore();
    store.lend();
    store.noteReset();
    store.nextOutgoing = 17;
    store.nextIncoming = 90_210;
    await store.close();
    const next = createStore();
    next.lend();
    expect([next.nextOutgoing, next.nextIncoming]).toEqual([17, 90_210]);
    const calendar = {
      msUntilOpen: () => 0,
      msUntilClose: () => 1,
      tradingDayStartMs: () => 1,
      tradingWeekStartMs: () => 1,
    };
    expect(next.shouldReset("daily", calendar)).toBe(false);
    await next.close();
  });

  test("our own number is on the file before its message can go out", async () => {
    const store = createStore();
    store.lend();
    store.nextOutgoing = 2;
    expect(await numbersOnFile()).toEqual([2, 1]);
    await store.close();
  });

  test("the number expected is on the file 100 ms later", async () => {
    const store = createStore();
    store.lend();
    store.nextOutgoing = 2;
    for (let next = 2; next <= 1000; next++) store.nextIncoming = next;
    await clock.advance(99);
    expect(await numbersOnFile()).toEqual([2, 1]);
    await clock.advance(1);
    expect(await numbersOnFile()).toEqual([2, 1000]);
    await store.close();
  });

  test("close() leaves no timer and no lock", async () => {
    const store = createStore();
    store.lend();
    store.nextOutgoing = 5;
    store.nextIncoming = 5;
    expect(existsSync(`${pathOf()}.lock`)).toBe(true);
    await store.close();
    expect(clock.armedTimers).toBe(0);
    expect(existsSync(`${pathOf()}.lock`)).toBe(false);
  });

  test("the file is ours alone, and so is a folder that was made for it", async () => {
    const store = createStore();
    store.lend();
    store.nextOutgoing = 2;
    await store.close();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(pathOf()).mode & 0o777).toBe(0o600);
  });

  test("a second session beside the first gets numbers that begin anew and are kept nowhere", async () => {
    const store = createStore();
    store.lend();
    store.nextOutgoing = 7;
    const second = store.lend();
    expect([second.nextOutgoing, second.nextIncoming, second.shouldReset("never", null)]).toEqual([1, 1, true]);
    second.nextOutgoing = 3;
    await second.close();
    expect(store.nextOutgoing).toBe(7);
    await store.close();
  });
});

describe("SequenceStore: the slots of the file", () => {
  test("a slot that was torn costs the newest numbers alone", async () => {
    const store = createStore();
    store.lend();
    store.nextOutgoing = 5;
    await store.close();
    store.lend();
    store.nextOutgoing = 6;
    await store.close();
    const bytes = readFileSync(pathOf());
    const newest = bytes.indexOf('"nextOutgoing":6') < SLOT_STRIDE ? 0 : 1;
    bytes.fill(0, newest * SLOT_STRIDE + 100, newest * SLOT_STRIDE + 612);
    writeFileSync(pathOf(), bytes);
    const next = createStore();
    next.lend();
    expect(next.nextOutgoing).toBe(5);
    expect(troubles).toEqual([]);
    await next.close();
  });

  test("the slot that is safe on the disk is not touched until the other one is", async () => {
    const store = createStore();
    store.lend();
    store.nextOutgoing = 10;
    await store.close();
    store.lend();
    for (let next = 11; next < 20; next++) {
      store.nextOutgoing = next;
      expect(readFileSync(pathOf(), "latin1")).toContain('"nextOutgoing":10');
    }
    await store.close();
  });

  test("a file without a good slot is set aside, told of, and the numbers start anew", async () => {
    const store = createStore();
    store.lend();
    store.nextOutgoing = 50;
    await store.close();
    writeFileSync(pathOf(), "not ours");
    const next = createStore();
    next.lend();
    expect([next.nextOutgoing, next.shouldReset("weekly", null), next.shouldReset("never", null)]).toEqual([
      1,
      true,
      false,
    ]);
    expect(troubles.map(({ kind }) => kind)).toEqual(["set_aside"]);
    expect(readFileSync(`${pathOf()}.set-aside`, "utf8")).toBe("not ours");
    expect(next.setAsideCount).toBe(1);
    await next.close();
  });

  test("the numbers of another session are set aside", async () => {
    const store = createStore();
    store.lend();
    store.nextOutgoing = 50;
    await store.close();
    const other = createStore({ target: "OTHER" });
    other.lend();
    expect(other.nextOutgoing).toBe(1);
    expect(troubles[0]).toMatchObject({ kind: "set_aside", message: expect.stringContaining("another session's") });
    await other.close();
  });
});

describe("SequenceStore: a disk that fails", () => {
  test("a folder that cannot be made is told of once and costs no session", async () => {
    writeFileSync(join(folder, "file"), "");
    const store = createStore({ directory: join(folder, "file", "state") });
    store.lend();
    for (let next = 2; next < 10; next++) store.nextOutgoing = next;
    await store.close();
    expect(troubles.map(({ kind }) => kind)).toEqual(["not_locked", "not_written"]);
    store.lend();
    expect(store.nextOutgoing).toBe(9);
    await store.close();
    expect(troubles.length).toBe(2);
  });

  test("numbers that the disk did not take are written once it does", async () => {
    writeFileSync(join(folder, "state"), "in the way");
    const store = createStore();
    store.lend();
    store.nextOutgoing = 44;
    await store.close();
    rmSync(join(folder, "state"));
    store.lend();
    expect(await numbersOnFile()).toEqual([44, 1]);
    await store.close();
  });
});

describe("SequenceStore: more than one process", () => {
  test("what a killed process had written is there, and its lock is taken over", async () => {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "sequence-store-program.ts"), directory], {
      stdout: "pipe",
      stderr: "inherit",
    });
    // Not `for await`: to leave it would close the pipe, and the program would end by that.
    const reader = child.stdout.getReader();
    let output = "";
    while (output.split("\n").length < 100) output += new TextDecoder().decode((await reader.read()).value);
    const told = Number(output.split("\n").at(-2));
    expect(() => createStore().lend()).toThrow(`process ${child.pid} is using them`);
    child.kill("SIGKILL");
    await child.exited;
    const store = createStore();
    store.lend();
    // The program tells each number once it was set: the file is never behind.
    expect(store.nextOutgoing).toBeGreaterThanOrEqual(told);
    expect(store.nextIncoming).toBeGreaterThan(1);
    expect(troubles).toEqual([]);
    await store.close();
  });

  test("a lock of a process id that was given to another process since is stale", async () => {
    const store = createStore();
    store.lend();
    await store.close();
    writeFileSync(`${pathOf()}.lock`, JSON.stringify({ pid: process.ppid, startedAt: "another-boot/1" }));
    expect(store.lend()).toBe(store);
    await store.close();
  });

  test("a lock that cannot be read is stale", async () => {
    const store = createStore();
    store.lend();
    await store.close();
    writeFileSync(`${pathOf()}.lock`, "");
    expect(store.lend()).toBe(store);
    await store.close();
  });
});

describe("SequenceStore: on the machine's clock", () => {
  test("sync() writes what waits at once", async () => {
    const clock = new SystemClock();
    const place = { host: "127.0.0.1", port: 1 };
    const store = new SequenceStore({
      name: "lp",
      directory,
      identity: IDENTITY,
      ...place,
      clock,
      onTrouble: () => {},
    });
    store.lend();
    store.nextIncoming = 3;
    store.sync();
    expect(readFileSync(pathOf(), "latin1")).toContain('"nextIncoming":3');
    await store.close();
  });
});
