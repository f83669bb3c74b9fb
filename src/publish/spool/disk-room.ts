import type { SpoolOptions } from "./spool-options.ts";
import type { SpoolTroubles } from "./spool-troubles.ts";
import { errorCode } from "./write-fully.ts";

/** The free space of the disk is looked at again after this long or this much written, whichever comes first. */
const LOOK_EVERY_MS = 1000;
const LOOK_EVERY_BYTES = 8 * 1024 * 1024;
/** After a failed write the disk is left alone this long, ms: each try costs calls to a disk that is in trouble. */
const REST_AFTER_FAILURE_MS = 100;
/** The spool counts as full this long after it last dropped something or wanted room, ms. */
const FULL_FOR_MS = 5000;
/** Codes of a disk that has no room, as against one that is broken. */
const NO_ROOM_CODES: readonly string[] = ["ENOSPC", "EDQUOT"];

/** By so many segments the files may exceed the budget while others are on their way out. */
const LEAVING_SEGMENTS_MAX = 2;

/** Why there is no room. */
export type Shortage = "none" | "budget" | "floor";

/** What the spool may take of its disk, and what it has taken. */
export class DiskRoom {
  /** Bytes of all files. */
  usedBytes = 0;
  /** Of these: on their way out (given up and being handed over, or delivered and about to be removed). */
  leavingBytes = 0;
  /** Free on the disk when last looked at. */
  freeBytes = Number.POSITIVE_INFINITY;
  /** No log has become empty since the empty ones were last removed: with thousands of logs looking for one takes long. */
  isSwept = false;
  readonly #options: SpoolOptions;
  readonly #troubles: SpoolTroubles;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #writtenSinceLook = 0;
  #restsUntilMs = Number.NEGATIVE_INFINITY;
  #droppedAtMs = Number.NEGATIVE_INFINITY;
  #fullAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: SpoolOptions, troubles: SpoolTroubles) {
    this.#options = options;
    this.#troubles = troubles;
  }

  /** A write has failed just now: no other is tried. */
  get isResting(): boolean {
    return this.#options.clock.monotonicMs() < this.#restsUntilMs;
  }

  /** Enough is on its way out: nothing more is given up before it has gone. */
  get isLeavingMuch(): boolean {
    return this.leavingBytes >= this.#leavingMax;
  }

  /** What keeps so many more bytes from being written. */
  shortage(bytes: number): Shortage {
    const { maxBytes, minFreeBytes } = this.#options;
    if (this.usedBytes - Math.min(this.leavingBytes, this.#leavingMax) + bytes > maxBytes) return "budget";
    if (minFreeBytes <= 0) this.#look(LOOK_EVERY_MS);
    else {
      const isNear = this.freeBytes - this.#writtenSinceLook - bytes < minFreeBytes;
      // The first refusal is never by an old figure.
      const isFull = this.#troubles.state !== "ok";
      this.#look(!isNear ? LOOK_EVERY_MS : isFull ? REST_AFTER_FAILURE_MS : 0);
      if (this.freeBytes - this.#writtenSinceLook - bytes < minFreeBytes) return "floor";
    }
    return "none";
  }

  /** Files grew by so much. */
  take(bytes: number): void {
    this.usedBytes += bytes;
    this.#writtenSinceLook += bytes;
  }

  /** Bytes noted as leaving are gone. */
  giveBack(bytes: number): void {
    this.usedBytes -= bytes;
    this.leavingBytes -= bytes;
    // Until the next look the disk counts as having no more than it had.
    this.#lookedAtMs = Number.NEGATIVE_INFINITY;
  }

  noteFull(shortage: Shortage): void {
    const { maxBytes, minFreeBytes } = this.#options;
    const text =
      shortage === "budget"
        ? `Cannot spool more: SPOOL_MAX_BYTES (${maxBytes}) are used`
        : `Cannot spool more: the disk has ${this.freeBytes} bytes free, SPOOL_MIN_FREE is ${minFreeBytes}`;
    this.#fullAtMs = this.#options.clock.monotonicMs();
    this.#troubles.begin("full", text);
  }

  /** Something was given up for want of room: it will be again. */
  noteDropped(): void {
    this.#droppedAtMs = this.#options.clock.monotonicMs();
  }

  /** A write failed. True when the disk is merely full. */
  noteFailure(error: unknown): boolean {
    const code = errorCode(error);
    const isFull = NO_ROOM_CODES.includes(code);
    this.#restsUntilMs = this.#options.clock.monotonicMs() + REST_AFTER_FAILURE_MS;
    this.#lookedAtMs = Number.NEGATIVE_INFINITY;
    if (isFull) this.#fullAtMs = this.#options.clock.monotonicMs();
    if (isFull) this.#troubles.begin("full", `Cannot spool more: the disk is full (${code})`);
    else this.#troubles.begin("write", `Cannot write the spool: ${code}`);
    return isFull;
  }

  /** A write went well. */
  noteWritten(): void {
    this.#restsUntilMs = Number.NEGATIVE_INFINITY;
    this.#troubles.end("write");
    if (this.#options.clock.monotonicMs() - this.#droppedAtMs >= FULL_FOR_MS) this.#troubles.end("full");
  }

  /** Now and then: `full` is over when there is room and none was wanting for a while. */
  noteQuiet(): void {
    const wantedMs = Math.max(this.#droppedAtMs, this.#fullAtMs);
    if (this.#options.clock.monotonicMs() - wantedMs < FULL_FOR_MS) return;
    if (this.shortage(1) === "none") this.#troubles.end("full");
  }

  get #leavingMax(): number {
    return this.#options.segmentBytes * LEAVING_SEGMENTS_MAX;
  }

  #look(everyMs: number): void {
    const { clock, fileSystem, directory } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lookedAtMs < everyMs && this.#writtenSinceLook < LOOK_EVERY_BYTES) return;
    this.#lookedAtMs = nowMs;
    this.#writtenSinceLook = 0;
    try {
      this.freeBytes = fileSystem.freeBytes(directory);
    } catch (error) {
      // A disk that does not tell its space is tried: a full one says so when it is written.
      this.freeBytes = Number.POSITIVE_INFINITY;
      this.#troubles.begin("read", `Cannot see the free space of the spool's disk: ${errorCode(error)}`);
    }
  }
}
