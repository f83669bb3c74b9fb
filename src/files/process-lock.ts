import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";

/** Takeovers of stale locks tried before a lock counts as held: others may take over at the same time. */
const TRIES_MAX = 5;

/** Who holds a lock. A process id alone is not enough: ids come again, in containers at every start. */
interface LockHolder {
  readonly pid: number;
  /** When the process began, as the kernel counts; empty where that cannot be known. */
  readonly startedAt: string;
}

/**
 * Takes the lock file for this process. A lock whose holder runs no more is taken over.
 *
 * @returns null when the lock is ours, else the id of the process that holds it
 * @throws the system's error when the folder cannot be written
 */
export function takeLock(path: string): number | null {
  const own: LockHolder = { pid: process.pid, startedAt: startOf(process.pid) ?? "" };
  const draft = `${path}.${own.pid}`;
  writeFileSync(draft, `${JSON.stringify(own)}\n`, { mode: 0o600 });
  try {
    for (let tries = 1; ; tries++) {
      if (tryLink(draft, path)) return null;
      const text = readIfThere(path);
      if (text === null) continue;
      const holder = readHolder(text);
      const isHeld = holder !== null && isRunning(holder) && !isSame(holder, own);
      if (isHeld || tries >= TRIES_MAX) return holder?.pid ?? 0;
      removeStale(path, text);
    }
  } finally {
    unlinkSync(draft);
  }
}

/** The id of the process that holds the lock; null when none that runs does. */
export function lockHolder(path: string): number | null {
  const text = readIfThere(path);
  const holder = text === null ? null : readHolder(text);
  return holder !== null && isRunning(holder) ? holder.pid : null;
}

/** Gives the lock back; one that is not there any more is fine. */
export function releaseLock(path: string): void {
  removeIfThere(path);
}

/** Linking fails when the name is taken, and shows the whole file at once when it is not. */
function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Moves the stale lock away: of several processes that try, one succeeds. A lock that has changed meanwhile is put back. */
function removeStale(path: string, staleText: string): void {
  const moved = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, moved);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (readIfThere(moved) === staleText) unlinkSync(moved);
  else renameSync(moved, path);
}

function readHolder(text: string): LockHolder | null {
  try {
    const { pid, startedAt } = JSON.parse(text) as Partial<LockHolder>;
    return typeof pid === "number" && typeof startedAt === "string" ? { pid, startedAt } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isSame(one: LockHolder, other: LockHolder): boolean {
  return one.pid === other.pid && one.startedAt === other.startedAt;
}

/** A process with this id runs, and it is the one that took the lock. */
function isRunning({ pid, startedAt }: LockHolder): boolean {
  const start = startOf(pid);
  return start !== null && (startedAt === "" || start === startedAt);
}

/**
 * When a process began: the boot, and the clock ticks since then (proc(5), /proc/pid/stat, field 22). Null when it does not
 * run, or where there is no /proc: a lock is always stale there.
 */
function startOf(pid: number): string | null {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field, the name, may hold spaces and brackets: what follows its last bracket is counted from the third on.
  const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  return `${readIfThere("/proc/sys/kernel/random/boot_id")?.trim() ?? ""}/${ticks}`;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isAbsence(error)) return null;
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}

/** ESRCH: the process ended while its file was read. */
function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ESRCH";
}
