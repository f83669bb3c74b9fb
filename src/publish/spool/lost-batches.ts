import type { Clock } from "../../runtime/clock.ts";
import type { SpoolLossReason } from "./batch-log.ts";
import type { FileHandles } from "./file-handles.ts";
import { frameBytes, isBatchGood } from "./frame.ts";
import { readFrameAt } from "./frame-reader.ts";
import type { Hole } from "./position-holes.ts";
import type { SpoolOptions } from "./spool-options.ts";

/** A stretch of a segment that was given up. */
export interface LostStretch {
  readonly path: string;
  readonly segmentId: number;
  readonly from: number;
  readonly to: number;
  readonly reason: SpoolLossReason;
  /** What was lost before, and handed over then. */
  readonly holes: readonly Hole[];
  /** All batches were handed over, as far as they could be read. */
  onDone(): void;
}

/** Hands the bytes of batches that were given up to `onLostBatch`, one per turn of the event loop. */
export class LostBatches {
  readonly #options: SpoolOptions;
  readonly #files: FileHandles;
  /** Bounded by the bytes that may wait here (`DOOMED_SEGMENTS_MAX`, and segments that expire). */
  readonly #stretches: LostStretch[] = [];
  #work: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: SpoolOptions, files: FileHandles) {
    this.#options = options;
    this.#files = files;
  }

  get isIdle(): boolean {
    return this.#work === null;
  }

  add(stretch: LostStretch): void {
    const last = this.#stretches.at(-1);
    const isNext = last?.path === stretch.path && last.to === stretch.from && last.reason === stretch.reason;
    if (last !== undefined && isNext) this.#stretches.splice(-1, 1, joined(last, stretch));
    else this.#stretches.push(stretch);
    this.#work ??= this.#handAllOver().then(() => {
      this.#work = null;
    });
  }

  /** Hands over no more: what is left is given up unread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#work;
  }

  async #handAllOver(): Promise<void> {
    for (let next = this.#stretches.shift(); next !== undefined; next = this.#stretches.shift()) {
      await this.#handOver(next);
      next.onDone();
    }
  }

  async #handOver(stretch: LostStretch): Promise<void> {
    const { fileSystem, clock, onLostBatch } = this.#options;
    for (let at = stretch.from; at < stretch.to && !this.#isClosed; ) {
      await nextTurn(clock);
      if (this.#isClosed) return;
      const found = await readFrameAt(fileSystem, this.#files, {
        ...stretch,
        at,
        end: stretch.to,
        known: null,
        feedMap: null,
      });
      // Nothing more can be had of it; its records were told of as lost already.
      if (found.kind !== "frame") return;
      const { position } = found.frame;
      const isOld = stretch.holes.some((hole) => position >= hole.from && position < hole.to);
      if (!isOld && isBatchGood(found.bytes, found.frame)) onLostBatch(found.bytes, stretch.reason);
      at += frameBytes(found.frame);
    }
  }
}

function joined(first: LostStretch, second: LostStretch): LostStretch {
  const onDone = () => {
    first.onDone();
    second.onDone();
  };
  return { ...first, to: second.to, onDone };
}

/** Resolves after the event loop has turned. */
export function nextTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.scheduleSoon(resolve);
  });
}
