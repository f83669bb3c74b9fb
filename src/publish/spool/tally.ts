import { type Frame, frameBytes } from "./frame.ts";

/** Frames summed up: of a segment, of a log, of what is lost. */
export class Tally {
  batches = 0;
  records = 0;
  /** With the headers of the frames. */
  bytes = 0;
  /** Quotes by feed index. */
  readonly counts: Int32Array;

  constructor(feedCount: number) {
    this.counts = new Int32Array(feedCount);
  }

  get isEmpty(): boolean {
    return this.batches === 0 && this.records === 0;
  }

  /** @param sign 1 to add the frame, −1 to take it off */
  addFrame(frame: Frame, sign: 1 | -1): void {
    this.batches += sign;
    this.records += sign * frame.recordCount;
    this.bytes += sign * frameBytes(frame);
    const { pairs } = frame;
    for (let i = 0; i < pairs.length; i += 2) {
      if (pairs[i] >= 0 && pairs[i] < this.counts.length) this.counts[pairs[i]] += sign * pairs[i + 1];
    }
  }

  /** @param sign 1 to add the other, −1 to take it off */
  add(other: Tally, sign: 1 | -1): void {
    this.batches += sign * other.batches;
    this.records += sign * other.records;
    this.bytes += sign * other.bytes;
    for (let feed = 0; feed < other.counts.length; feed++) this.counts[feed] += sign * other.counts[feed];
  }

  copy(): Tally {
    const copy = new Tally(this.counts.length);
    copy.add(this, 1);
    return copy;
  }
}
