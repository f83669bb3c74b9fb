import { mkdtempSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSystem, whyNoNamespaces } from "./namespaces.ts";

/** Why no disk of a size of our own can be mounted here; null when it can. */
export function whyNoSmallDisk(): string | null {
  const refusal = whyNoNamespaces();
  if (refusal !== null) return refusal;
  try {
    new SmallDisk(2 ** 20).close();
    return null;
  } catch (error) {
    return `no disk can be mounted: ${(error as Error).message}`;
  }
}

/** A disk in memory (tmpfs) of so many bytes; beyond them a write fails as on any disk that is full (ENOSPC). */
export class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), "edge-ingester-disk-"));

  constructor(bytes: number) {
    runSystem("mount", "-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "edge-ingester-test", this.folder);
  }

  /** Makes it larger: what freeing its space does. */
  resize(bytes: number): void {
    runSystem("mount", "-o", `remount,size=${bytes}`, this.folder);
  }

  /** Whether a file of so many bytes finds no room. */
  isFullFor(bytes: number): boolean {
    const probe = join(this.folder, "probe");
    try {
      writeFileSync(probe, Buffer.alloc(bytes));
      return false;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      return true;
    } finally {
      runSystem("rm", "-f", probe);
    }
  }

  close(): void {
    // Lazily: a program that was killed may not have let go of its files yet.
    runSystem("umount", "-l", this.folder);
    rmdirSync(this.folder);
  }
}
