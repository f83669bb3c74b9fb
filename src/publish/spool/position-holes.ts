/** Holes kept; when there are more the lowest is forgotten: after a restart its records are told as missing once more. */
export const HOLES_MAX = 60;

/** A stretch of positions whose records are lost, and known to be. */
export interface Hole {
  readonly from: number;
  readonly to: number;
}

/** Stretches of a log that hold nothing any more and have been counted: dropped, expired, damaged, missing. */
export class PositionHoles {
  /** Ascending, none touching the next. */
  #holes: Hole[] = [];

  /** Never changed: a change makes another array. */
  get all(): readonly Hole[] {
    return this.#holes;
  }

  add(from: number, to: number): void {
    if (to <= from) return;
    const apart = this.#holes.filter((hole) => hole.to < from || hole.from > to);
    const joined = this.#holes.filter((hole) => hole.to >= from && hole.from <= to);
    const start = Math.min(from, ...joined.map((hole) => hole.from));
    const end = Math.max(to, ...joined.map((hole) => hole.to));
    this.#holes = [...apart, { from: start, to: end }].sort((a, b) => a.from - b.from).slice(-HOLES_MAX);
  }

  /** Forgets what lies below a position for good. */
  forgetBelow(position: number): void {
    if (this.#holes.length > 0 && this.#holes[0].to <= position) {
      this.#holes = this.#holes.filter((hole) => hole.to > position);
    }
  }

  /** How many of the positions in [from, to) lie in holes. */
  countWithin(from: number, to: number): number {
    let count = 0;
    for (const hole of this.#holes) count += Math.max(0, Math.min(to, hole.to) - Math.max(from, hole.from));
    return count;
  }
}
