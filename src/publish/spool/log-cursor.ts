import type { SpoolLossReason } from "./batch-log.ts";
import { type Frame, frameBytes } from "./frame.ts";
import { type FoundFrame, type FramePlace, peekFrame, readFrameAt } from "./frame-reader.ts";
import type { LogSegments, WrittenFrame } from "./log-segments.ts";
import type { Hole } from "./position-holes.ts";
import { type Recount, recount } from "./recount.ts";
import type { LogStart } from "./recovery.ts";
import type { Segment } from "./segment.ts";
import { type LossReason, type SpoolCore, tellLoss } from "./spool-core.ts";
import { Tally } from "./tally.ts";
import { errorCode } from "./write-fully.ts";

/** A place that the disk does not give for this long is given up as damaged, ms: one bad sector must not hold a lane for ever. */
const UNREADABLE_AFTER_MS = 60_000;
/** And not before it was asked for this often. */
const UNREADABLE_AFTER_TRIES = 10;

/** A frame found at the cursor. */
export type ReadFrame = Extract<FoundFrame, { kind: "frame" }>;

/** A stretch of a segment that was taken out of what is unread. */
export interface TakenStretch {
  readonly lost: Tally;
  readonly from: number;
  readonly to: number;
  readonly hole: Hole;
}

/**
 * Where reading stands in a log, and what lies behind it. What turns out damaged is told here and passed over: always in the order
 * memory, telling, checkpoint, because what the checkpoint calls lost is never told again.
 */
export class LogCursor {
  /** Everything at and behind the cursor. */
  readonly unread: Tally;
  /** Null: the log has none. */
  segment: Segment | null;
  offset: number;
  /** Records of the log before the cursor. */
  position: number;
  /** Changes when the cursor moves by other hands than the reader's, which then begins anew. */
  moves = 0;
  readonly #core: SpoolCore;
  readonly #topic: string;
  readonly #files: LogSegments;
  /** Of the first record at the cursor; −1: not known. */
  #timeMs: number;
  /** The frame at the cursor, when it was met already. */
  #known: Frame | null = null;
  /** The frame behind the first unread one, when it was written behind it. */
  #second: WrittenFrame | null = null;
  #failingSinceMs = -1;
  #failures = 0;

  constructor(core: SpoolCore, files: LogSegments, start: LogStart) {
    this.#core = core;
    this.#files = files;
    this.#topic = files.name.topic;
    this.unread = new Tally(core.feedNames.length);
    for (const segment of files.list) this.unread.add(segment.unread, 1);
    this.segment = files.list[0] ?? null;
    this.offset = start.offset;
    this.position = start.position;
    this.#timeMs = start.timeMs;
  }

  /** Wall clock of the first unread record, ms; −1 when there is none. */
  get oldestMs(): number {
    if (this.unread.isEmpty || this.segment === null) return -1;
    return this.#timeMs >= 0 ? this.#timeMs : this.segment.oldestMs;
  }

  /** The segment with the next unread frame; null when nothing is left. */
  segmentToRead(): Segment | null {
    this.#findNext();
    const { segment } = this;
    return segment !== null && this.offset < segment.dataEnd ? segment : null;
  }

  /** Reads the frame at the cursor, which stays. Never rejects. */
  read(segment: Segment): Promise<FoundFrame> {
    const { options, files } = this.#core;
    return readFrameAt(options.fileSystem, files, this.#placeIn(segment));
  }

  moveTo(segment: Segment, offset: number, position: number): void {
    this.segment = segment;
    this.offset = offset;
    this.position = position;
    this.#timeMs = -1;
    this.#known = null;
  }

  /** Puts the cursor to a frame that is known, and counts it and all behind it as unread where `frames` says so. */
  moveToFrame(segment: Segment, offset: number, frame: Frame): void {
    this.moveTo(segment, offset, frame.position);
    this.#known = frame;
    this.#timeMs = frame.firstTimeMs;
  }

  /** Counts a frame that was just written as unread. */
  append(written: WrittenFrame): void {
    // Its header need not be read when the one before it, which may be on its way already, has been.
    if (this.unread.batches === 1) this.#second = written;
    this.add(written.segment, written.frame);
  }

  /** Counts a frame as unread. */
  add(segment: Segment, frame: Frame): void {
    this.unread.addFrame(frame, 1);
    segment.unread.addFrame(frame, 1);
  }

  /** Passes over a frame that was read. */
  pass(segment: Segment, { frame, next }: ReadFrame): void {
    this.unread.addFrame(frame, -1);
    segment.unread.addFrame(frame, -1);
    this.#moveBehind(segment, frame, next);
  }

  /** True when a frame was counted as lost before. */
  isHole({ position, recordCount }: Frame): boolean {
    return this.#files.isHole(position, position + recordCount);
  }

  /** Passes over a frame that {@link isHole}. */
  passHole(segment: Segment, { frame, next }: ReadFrame): void {
    this.#moveBehind(segment, frame, next);
  }

  /** Passes over a frame whose batch is lost, and tells it. */
  lose(segment: Segment, found: ReadFrame, reason: SpoolLossReason): void {
    const { frame } = found;
    const lost = new Tally(this.unread.counts.length);
    lost.addFrame(frame, 1);
    this.pass(segment, found);
    this.#tell(reason, lost, [{ from: frame.position, to: frame.position + frame.recordCount }]);
  }

  /** Takes all that is unread of the segment at the cursor out of the log; the cursor goes to the next. Not told yet. */
  takeRest(segment: Segment): TakenStretch {
    const lost = segment.unread.copy();
    const taken = {
      lost,
      from: this.offset,
      to: segment.dataEnd,
      hole: { from: this.position, to: segment.endPosition },
    };
    this.#forget(segment, lost);
    segment.dataEnd = this.offset;
    this.position = segment.endPosition;
    this.moves++;
    this.#findNext();
    return taken;
  }

  /** Goes on behind what is no frame, or none that can be had; false when the disk does not let it now. */
  passDamage(segment: Segment, found: Exclude<FoundFrame, ReadFrame>): boolean {
    if (found.kind !== "trouble") return this.#recount(segment);
    if (!this.#isUnreadable(found.error)) return false;
    this.#skip(segment);
    return true;
  }

  /** Moves over what is no frame to be read: the ends of segments, frames that were counted as lost before. */
  #findNext(): void {
    for (let { segment } = this; segment !== null; segment = this.segment) {
      if (this.offset < segment.dataEnd && segment.unread.isEmpty) {
        // All that is left of it was counted as lost before.
        this.moveTo(segment, segment.dataEnd, segment.endPosition);
      }
      if (this.offset < segment.dataEnd) {
        const frame = this.#known ?? this.#takeSecond(segment) ?? this.#peek(segment);
        if (frame === "none" && this.#recount(segment)) continue;
        if (frame === null || frame === "none") return;
        if (!this.isHole(frame)) {
          this.#known = frame;
          this.#timeMs = frame.firstTimeMs;
          return;
        }
        this.moveTo(segment, this.offset + frameBytes(frame), frame.position + frame.recordCount);
        continue;
      }
      // What it still counts was not found in it.
      if (!segment.unread.isEmpty) {
        this.#loseRest(segment);
        // Whoever is told may have appended, and moved the cursor with it.
        continue;
      }
      const next = this.#files.after(segment);
      if (next === null) return;
      this.moveTo(next, next.dataStart, next.basePosition);
      this.#timeMs = next.oldestMs;
    }
  }

  #takeSecond(segment: Segment): Frame | null {
    const second = this.#second;
    if (second?.segment !== segment || second.offset !== this.offset) return null;
    this.#second = null;
    return second.frame;
  }

  /** The frame at the cursor, where it must be known before it is read; null when it need not, or cannot. */
  #peek(segment: Segment): Frame | "none" | null {
    if (this.#timeMs >= 0 && this.#files.holes.length === 0) return null;
    const { options, files } = this.#core;
    return peekFrame(options.fileSystem, files, this.#placeIn(segment));
  }

  #placeIn(segment: Segment): FramePlace {
    return {
      path: segment.path,
      segmentId: segment.id,
      feedMap: segment.feedMap,
      at: this.offset,
      end: segment.dataEnd,
      known: this.#known,
    };
  }

  #moveBehind(segment: Segment, frame: Frame, next: Frame | null): void {
    this.moveTo(segment, this.offset + frameBytes(frame), frame.position + frame.recordCount);
    this.#known = next;
    this.#endFailing();
    this.#findNext();
  }

  /** Finds what is left of a segment where no frame stands at the cursor; false when the disk does not let it. */
  #recount(segment: Segment): boolean {
    const { options, files } = this.#core;
    const isHole = (from: number, to: number) => this.#files.isHole(from, to);
    const from = { offset: this.offset, position: this.position, isHole };
    let rest: Recount | null = null;
    let problem: unknown = new Error("it gives other bytes each time");
    try {
      rest = recount(options.fileSystem, files, segment, from);
    } catch (error) {
      problem = error;
    }
    // The second is a frame that is none when it is read: a disk that is unsteady is asked again later.
    if (rest === null || rest.first?.offset === this.offset) {
      if (!this.#isUnreadable(problem)) return false;
      this.#skip(segment);
      return true;
    }
    const lost = segment.unread.copy();
    lost.add(rest.found, -1);
    this.#forget(segment, lost);
    if (rest.first === null) this.moveTo(segment, segment.dataEnd, segment.endPosition);
    else this.moveToFrame(segment, rest.first.offset, rest.first.frame);
    this.#tell(rest.isGone ? "missing" : "spool_damaged", lost, rest.holes);
    return true;
  }

  /** Passes over what cannot be read: the frame when it is known, else all that is left of the segment. */
  #skip(segment: Segment): void {
    const frame = this.#known;
    if (frame === null) this.#loseRest(segment);
    else this.lose(segment, { kind: "frame", frame, bytes: NO_BYTES, next: null }, "spool_damaged");
    this.#endFailing();
  }

  #loseRest(segment: Segment): void {
    const lost = segment.unread.copy();
    const hole = { from: this.position, to: segment.endPosition };
    this.#forget(segment, lost);
    this.moveTo(segment, segment.dataEnd, segment.endPosition);
    this.#tell("spool_damaged", lost, [hole]);
  }

  #forget(segment: Segment, tally: Tally): void {
    this.unread.add(tally, -1);
    segment.unread.add(tally, -1);
  }

  #tell(reason: LossReason, lost: Tally, holes: readonly Hole[]): void {
    tellLoss(this.#core, this.#topic, reason, lost);
    for (const hole of holes) this.#files.addHole(hole);
  }

  /** Tells the trouble; true when it has lasted so long that the place counts as lost. */
  #isUnreadable(error: unknown): boolean {
    const { troubles, options } = this.#core;
    const nowMs = options.clock.monotonicMs();
    troubles.begin("read", `Cannot read the spool: ${errorCode(error)}`);
    if (this.#failures++ === 0) this.#failingSinceMs = nowMs;
    return this.#failures >= UNREADABLE_AFTER_TRIES && nowMs - this.#failingSinceMs >= UNREADABLE_AFTER_MS;
  }

  #endFailing(): void {
    this.#failures = 0;
  }
}

const NO_BYTES = Buffer.alloc(0);
