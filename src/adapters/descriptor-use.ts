import { readdirSync, readFileSync } from "node:fs";

/** File descriptors (files, sockets) of this process. */
export interface DescriptorUse {
  readonly open: number;
  /** The soft limit: beyond it nothing can be opened. It may be raised while the process runs (`prlimit`). */
  readonly limit: number;
}

/** Reads anew how many descriptors are open and how many may be; null where the system does not say (no `/proc`). */
export function readDescriptorUse(): DescriptorUse | null {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return limit === null ? null : { open: readdirSync("/proc/self/fd").length, limit: Number(limit[1]) };
  } catch (error) {
    // No descriptor is left even to look: that is an answer too.
    return (error as NodeJS.ErrnoException).code === "EMFILE" ? { open: 1, limit: 1 } : null;
  }
}
