import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BatchLog, LoadedBatch, LogName, Spool, SpoolLossReason } from "../../../src/publish/spool/batch-log.ts";
import { createNodeFileSystem } from "../../../src/publish/spool/node-file-system.ts";
import { openSpool } from "../../../src/publish/spool/spool.ts";
import type { SpoolLoss, SpoolOptions } from "../../../src/publish/spool/spool-options.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { sealModelBatch } from "./model-batches.ts";
import { idOf } from "./spool-model.ts";

/** A lane of the tests. */
export const LANE: LogName = { topic: "quotes", partition: 3, partitionCount: 8 };

/** A spool on real files in a folder of its own, and all it tells. */
export class SpoolRig {
  readonly folder = join(mkdtempSync(join(tmpdir(), "spool-")), "spool");
  readonly losses: SpoolLoss[] = [];
  readonly lostBatches: { readonly id: number; readonly reason: SpoolLossReason }[] = [];
  readonly troubles: string[] = [];
  #nextId = 1;
  #spools: Spool[] = [];

  open(options: Partial<SpoolOptions> = {}): Spool {
    const spool = openSpool({
      fileSystem: createNodeFileSystem(),
      clock: new SystemClock(),
      directory: this.folder,
      maxBytes: 1e9,
      minFreeBytes: 0,
      whenFull: "drop_oldest",
      yieldLast: [],
      maxAgeMs: 0,
      fsyncMs: 20,
      segmentBytes: 16_384,
      feedNames: ["alpha", "beta"],
      onLoss: (loss) => this.losses.push(loss),
      onLostBatch: (bytes, reason) => this.lostBatches.push({ id: idOf({ bytes } as never), reason }),
      onTrouble: (text) => this.troubles.push(text),
      ...options,
    });
    this.#spools.push(spool);
    return spool;
  }

  /** Appends numbered batches; returns the numbers of those that were taken. */
  fill(log: BatchLog, count: number, options: FillOptions = {}): number[] {
    const { keep = "on_disk", timeMs = Date.now(), feedIndex = 0, feedCount = 2 } = options;
    const taken: number[] = [];
    for (let n = 0; n < count; n++) {
      const id = this.#nextId++;
      const batch = sealModelBatch(() => 0.7, { id, timeMs, feedCount, feedIndex });
      if (log.append(batch, keep) !== null) taken.push(id);
    }
    return taken;
  }

  /** Closes what is open and removes all files. */
  async end(): Promise<void> {
    for (const spool of this.#spools) await spool.close();
    rmSync(join(this.folder, ".."), { recursive: true, force: true });
  }
}

/** How batches are appended. */
export interface FillOptions {
  readonly keep?: "in_memory" | "on_disk";
  readonly timeMs?: number;
  readonly feedIndex?: number;
  readonly feedCount?: number;
}

/** Reads a log to its end. */
export async function readOut(log: BatchLog): Promise<LoadedBatch[]> {
  const loaded: LoadedBatch[] = [];
  for (let next = await log.readNext(); next !== null; next = await log.readNext()) loaded.push(next);
  return loaded;
}

/** The numbers of batches. */
export function idsOf(loaded: readonly LoadedBatch[]): number[] {
  return loaded.map(({ batch }) => idOf(batch));
}
