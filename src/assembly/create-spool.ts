import type { SpoolConfig } from "../config/config.ts";
import type { Spool } from "../publish/spool/batch-log.ts";
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
  parts: Pick<SpoolOptions, "feedNames" | "onLoss" | "onLostBatch" | "onTrouble">,
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
