import { existsSync } from "node:fs";
import type { SpoolConfig } from "../config/config.ts";
import type { Spool } from "../publish/spool/batch-log.ts";
import { inspectSpool } from "../publish/spool/inspection.ts";
import { createNodeFileSystem } from "../publish/spool/node-file-system.ts";
import { openSpool } from "../publish/spool/spool.ts";
import type { SpoolOptions } from "../publish/spool/spool-options.ts";
import type { Clock } from "../runtime/clock.ts";

/** Bound of one segment file: what is given up at a time when the disk is full, bytes. */
const SEGMENT_BYTES = 16 * 1024 * 1024;

/**
 * Opens the spool the configuration asks for; null when it asks for none.
 * @throws IngestError when its directory cannot be used
 */
export function createSpool(
  config: SpoolConfig,
  clock: Clock,
  parts: Pick<SpoolOptions, "feedNames" | "yieldLast" | "onLoss" | "onLostBatch" | "onTrouble">,
): Spool | null {
  if (config.mode === "off") return null;
  return openSpool({
    ...parts,
    fileSystem: createNodeFileSystem(),
    clock,
    directory: config.directory,
    maxBytes: config.maxBytes,
    minFreeBytes: config.minFreeBytes,
    whenFull: config.whenFull,
    maxAgeMs: config.maxAgeMs,
    fsyncMs: config.fsyncMs,
    segmentBytes: SEGMENT_BYTES,
  });
}

/** Records that wait in the directory of a spool that is off: they stay there until it is on again, or `edge-ingester spool` takes them. */
export function recordsLeftBehind({ mode, directory }: SpoolConfig): number {
  if (mode !== "off" || !existsSync(directory)) return 0;
  const { logs } = inspectSpool(createNodeFileSystem(), directory);
  return logs.flatMap(({ segments }) => segments).reduce((sum, { unread }) => sum + unread.records, 0);
}
