import { IngestError } from "../../domain/ingest-error.ts";
import type { SpoolStatus } from "../../domain/spool-status.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { BatchLog, LogName, Spool } from "./batch-log.ts";
import { CHECKPOINT_NAME, Checkpoint } from "./checkpoint.ts";
import { DiskLog } from "./disk-log.ts";
import { DiskRoom } from "./disk-room.ts";
import { DiskSync } from "./disk-sync.ts";
import { FileHandles } from "./file-handles.ts";
import { folderOf } from "./log-folder.ts";
import { LostBatches } from "./lost-batches.ts";
import { type FoundLog, type LogStart, recoverLog, toSegment } from "./recovery.ts";
import { SegmentRemover } from "./segment-remover.ts";
import { type SpoolCore, type SpoolFigures, tellLoss } from "./spool-core.ts";
import type { SpoolOptions } from "./spool-options.ts";
import { SpoolTroubles } from "./spool-troubles.ts";
import { type Survey, survey } from "./survey.ts";
import { errorCode } from "./write-fully.ts";

/** Old batches are looked for, empty files removed and failed removals tried again this often, ms. */
const HOUSEKEEPING_EVERY_MS = 1000;
/** One append gives up at most this many segments: a budget that was made smaller is reached over several. */
const DROPS_PER_APPEND_MAX = 64;

/**
 * Opens the spool of this process: takes the folder, reads what is there, and is ready. Synchronous: nothing else runs
 * before it is known what an earlier life has left.
 * @throws IngestError naming SPOOL_DIR when the folder cannot be used, or another process uses it
 */
export function openSpool(options: SpoolOptions): Spool {
  const { fileSystem, directory } = options;
  claim(options);
  try {
    return new DiskSpool(options);
  } catch (error) {
    fileSystem.releaseFolder(directory);
    throw refusal(directory, errorCode(error), error);
  }
}

function claim({ fileSystem, directory }: SpoolOptions): void {
  let holder: number | null;
  try {
    holder = fileSystem.claimFolder(directory);
  } catch (error) {
    throw refusal(directory, errorCode(error), error);
  }
  if (holder !== null) throw refusal(directory, `process ${holder} uses it`, undefined);
}

function refusal(directory: string, state: string, cause: unknown): IngestError {
  const message = `Cannot use SPOOL_DIR '${directory}': ${state}`;
  return new IngestError(message, { code: "config_invalid", retry: "never", cause });
}

const NO_START: LogStart = { offset: 0, position: 0, timeMs: -1 };

class DiskSpool implements Spool {
  readonly feedNames: readonly string[];
  readonly recoveredByFeed: Float64Array;
  readonly #options: SpoolOptions;
  readonly #core: SpoolCore;
  readonly #logs = new Map<string, DiskLog>();
  #recoveredRecords = 0;
  #lastSegmentId = 0;
  #housekeeping: Timer | null = null;
  #startTimer: Timer | null = null;
  #isClosed = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
    const { fileSystem, clock, directory } = options;
    const troubles = new SpoolTroubles(clock, (text) => options.onTrouble(text));
    const files = new FileHandles(fileSystem, (error) => {
      troubles.begin("write", `Cannot close a file of the spool: ${errorCode(error)}`);
    });
    const found = survey({ fileSystem, files, directory });
    const logs = [...found.logs].map(([key, log]) => ({
      key,
      ...recoverLog({ fileSystem, files, directory, wallUs: clock.wallUs() }, key, log),
    }));
    this.feedNames = namesOf(options.feedNames, logs);
    this.#core = this.#makeCore(files, troubles);
    this.recoveredByFeed = new Float64Array(this.feedNames.length);
    for (const log of logs) this.#adopt(log);
    this.#adoptRest(found);
    this.#startTimer = clock.scheduleSoon(() => this.#tellStart(logs));
    this.#keepHouseLater();
  }

  log(name: LogName): BatchLog {
    const key = folderOf(name);
    let log = this.#logs.get(key);
    if (log === undefined) {
      log = this.#makeLog(name, key);
      this.#logs.set(key, log);
    }
    return log;
  }

  logs(): BatchLog[] {
    return [...this.#logs.values()].filter((log) => log.stored.batches > 0);
  }

  unreadByFeed(): Float64Array {
    const counts = new Float64Array(this.feedNames.length);
    for (const log of this.#logs.values()) log.addUnreadCounts(counts);
    return counts;
  }

  status(): SpoolStatus {
    const { room, troubles, figures, syncer } = this.#core;
    let segments = 0;
    let oldestUnreadMs = -1;
    const unread = { batches: 0, records: 0, bytes: 0 };
    for (const log of this.#logs.values()) {
      segments += log.segmentCount;
      const { batches, records, bytes } = log.unread;
      unread.batches += batches;
      unread.records += records;
      unread.bytes += bytes;
      const oldestMs = log.oldestUnreadMs;
      if (oldestMs >= 0 && (oldestUnreadMs < 0 || oldestMs < oldestUnreadMs)) oldestUnreadMs = oldestMs;
    }
    return {
      directory: this.#options.directory,
      state: troubles.state,
      trouble: troubles.text,
      usedBytes: room.usedBytes,
      limitBytes: this.#options.maxBytes,
      freeBytes: room.freeBytes,
      segments,
      unreadBatches: unread.batches,
      unreadRecords: unread.records,
      unreadBytes: unread.bytes,
      oldestUnreadMs,
      ...figures,
      recoveredRecords: this.#recoveredRecords,
      lastSyncMs: syncer.lastSyncMs,
      syncingSinceMs: syncer.syncingSinceMs,
    };
  }

  sync(): Promise<void> {
    for (const log of this.#logs.values()) log.retryCheckpoint();
    return this.#core.syncer.sync();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#housekeeping?.cancel();
    this.#startTimer?.cancel();
    const { lost, remover, syncer, files } = this.#core;
    await lost.close();
    for (const log of this.#logs.values()) log.close();
    await syncer.sync();
    await remover.finish();
    await syncer.sync();
    syncer.close();
    files.releaseAll();
    this.#options.fileSystem.releaseFolder(this.#options.directory);
  }

  #makeCore(files: FileHandles, troubles: SpoolTroubles): SpoolCore {
    const options = this.#options;
    const { fileSystem, clock } = options;
    const syncer = new DiskSync({ fileSystem, files, clock, troubles, everyMs: options.fsyncMs });
    const room = new DiskRoom(options, troubles);
    return {
      options,
      feedNames: this.feedNames,
      files,
      syncer,
      troubles,
      room,
      remover: new SegmentRemover({ fileSystem, files, syncer, troubles, room }),
      lost: new LostBatches(options, files),
      figures: noFigures(),
      nextSegmentId: () => this.#nextSegmentId(),
      makeRoom: (bytes) => this.#makeRoom(bytes),
      noteWriteFailure: (error) => this.#noteWriteFailure(error),
    };
  }

  #makeLog(name: LogName, key: string): DiskLog {
    const { fileSystem, directory } = this.#options;
    const folder = `${directory}/${key}`;
    const checkpoint = new Checkpoint(fileSystem, this.#core.files, {
      path: `${folder}/${CHECKPOINT_NAME}`,
      logKey: key,
    });
    return new DiskLog(this.#core, { name, folder, checkpoint, segments: [] }, NO_START);
  }

  #adopt(found: FoundLog & { readonly key: string }): void {
    const { log, folder, checkpoint, key } = found;
    const segments = found.segments.map((segment) => toSegment(segment, this.feedNames));
    for (const segment of segments) {
      this.#core.room.usedBytes += segment.fileBytes;
      this.#lastSegmentId = Math.max(this.#lastSegmentId, segment.id);
    }
    const start = found.segments[0]?.start ?? NO_START;
    const made = new DiskLog(this.#core, { name: log.name, folder, checkpoint, segments }, start);
    made.adopt(found.done, found.isChanged);
    this.#logs.set(key, made);
    const { records } = made.unread;
    this.#recoveredRecords += records;
    made.addUnreadCounts(this.recoveredByFeed);
  }

  #adoptRest({ useless, leftAlone, otherBytes }: Survey): void {
    const { room, remover, troubles } = this.#core;
    room.usedBytes += otherBytes;
    for (const { path, bytes } of useless) {
      room.usedBytes += bytes;
      remover.remove({
        path,
        folder: path.slice(0, path.lastIndexOf("/")),
        bytes,
        settle: () => Promise.resolve(true),
      });
    }
    if (leftAlone.length > 0) troubles.begin("read", `Cannot use all of the spool: ${leftAlone[0]}`);
  }

  /** What the start has found lost; later, so that who listens can have asked for the names of the feeds. */
  #tellStart(logs: readonly FoundLog[]): void {
    this.#startTimer = null;
    for (const { log, damagedRecords, missingRecords } of logs) {
      tellLoss(this.#core, log.name.topic, "spool_damaged", { records: damagedRecords, counts: null });
      tellLoss(this.#core, log.name.topic, "missing", { records: missingRecords, counts: null });
    }
  }

  #nextSegmentId(): number {
    this.#lastSegmentId = Math.max(this.#lastSegmentId + 1, this.#options.clock.wallUs());
    return this.#lastSegmentId;
  }

  #makeRoom(bytes: number): boolean {
    const { room } = this.#core;
    for (let drops = 0; ; drops++) {
      const shortage = room.shortage(bytes);
      if (shortage === "none") return true;
      if (drops === 0) this.#sweep();
      if (room.shortage(bytes) === "none") return true;
      room.noteFull(shortage);
      if (this.#options.whenFull === "drop_newest" || drops >= DROPS_PER_APPEND_MAX) return false;
      // What is on its way out will make room on the disk; of the budget it takes nothing any more.
      if (room.isLeavingMuch || (shortage === "floor" && room.leavingBytes > 0)) return false;
      if (!this.#dropOldest()) return false;
    }
  }

  #sweep(): void {
    const { room } = this.#core;
    if (room.isSwept) return;
    room.isSwept = true;
    for (const log of this.#logs.values()) log.removeEmpty();
  }

  /** A full disk is made room on as a full budget is; the batch itself must come again. */
  #noteWriteFailure(error: unknown): void {
    const { room } = this.#core;
    const isFull = room.noteFailure(error);
    if (isFull && this.#options.whenFull === "drop_oldest" && room.leavingBytes === 0) this.#dropOldest();
  }

  #dropOldest(): boolean {
    const { yieldLast } = this.#options;
    const oldest = this.#oldestLog((topic) => !yieldLast.includes(topic)) ?? this.#oldestLog(() => true);
    if (oldest === null) return false;
    oldest.giveUpFirst("spool_full");
    this.#core.room.noteDropped();
    return true;
  }

  #oldestLog(isMeant: (topic: string) => boolean): DiskLog | null {
    let oldest: DiskLog | null = null;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const log of this.#logs.values()) {
      const ms = log.oldestUnreadMs;
      if (ms < 0 || ms >= oldestMs || !isMeant(log.name.topic) || !log.hasUnread()) continue;
      oldest = log;
      oldestMs = ms;
    }
    return oldest;
  }

  #keepHouseLater(): void {
    this.#housekeeping = this.#options.clock.schedule(HOUSEKEEPING_EVERY_MS, () => {
      const nowMs = this.#options.clock.monotonicMs();
      for (const log of this.#logs.values()) log.keepHouse(nowMs);
      this.#core.remover.start();
      this.#core.room.isSwept = false;
      this.#core.room.noteQuiet();
      this.#core.troubles.endOld();
      this.#keepHouseLater();
    });
  }
}

function namesOf(known: readonly string[], logs: readonly FoundLog[]): string[] {
  const names = [...known];
  const seen = new Set(known);
  for (const { segments } of logs) {
    for (const { file, unread } of segments) {
      for (const [feed, name] of file.header.feedNames.entries()) {
        if (unread.counts[feed] === 0 || seen.has(name)) continue;
        seen.add(name);
        names.push(name);
      }
    }
  }
  return names;
}

function noFigures(): SpoolFigures {
  return {
    writtenRecords: 0,
    writtenBytes: 0,
    readRecords: 0,
    readBytes: 0,
    damagedRecords: 0,
    missingRecords: 0,
    droppedRecords: 0,
    expiredRecords: 0,
  };
}
