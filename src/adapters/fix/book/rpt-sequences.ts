// Hot path.

/** What RptSeq (83) says of an update. */
export const RptVerdict = {
  /** The next one; also when none is sent. */
  next: 0,
  /** Seen before. */
  duplicate: 1,
  /** Updates before it were never seen. */
  gap: 2,
} as const;

/** See {@link RptVerdict}. */
export type RptVerdict = (typeof RptVerdict)[keyof typeof RptVerdict];

/** Digits a double holds exactly; longer numbers are not checked. */
const DIGITS_MAX = 15;
const ZERO = 0x30;
const NINE = 0x39;
const NO_NUMBER = -1;

/** The last RptSeq (83) of each symbol. All entries of one symbol in one message may bear one number, or one each. */
export class RptSequences {
  /** {@link NO_NUMBER} before the first. */
  readonly #last: Float64Array;
  /** The message in which the last one came. */
  readonly #cameIn: Float64Array;

  constructor(symbolCount: number) {
    this.#last = new Float64Array(symbolCount).fill(NO_NUMBER);
    this.#cameIn = new Float64Array(symbolCount);
  }

  /** Takes the number of a snapshot as the last one; −1 = it has none, and the next update says where it is. */
  restart(symbol: number, number: number): void {
    this.#last[symbol] = number;
    this.#cameIn[symbol] = 0;
  }

  /** Judges a number of this symbol (−1 = none was sent) in the `message`-th message; a gap leaves the last one as it was. */
  check(symbol: number, number: number, message: number): RptVerdict {
    if (number === NO_NUMBER) return RptVerdict.next;
    const last = this.#last[symbol];
    const isNext = last === NO_NUMBER || number === last + 1;
    if (!isNext) {
      if (number > last) return RptVerdict.gap;
      return number === last && this.#cameIn[symbol] === message ? RptVerdict.next : RptVerdict.duplicate;
    }
    this.#last[symbol] = number;
    this.#cameIn[symbol] = message;
    return RptVerdict.next;
  }

  /** The last number of the symbol as text, for the event that tells of a gap. */
  lastText(symbol: number): string {
    return String(this.#last[symbol]);
  }
}

/** The number `bytes[start, end)` says; −1 when it says none that can be compared. */
export function wholeNumber(bytes: Uint8Array, start: number, end: number): number {
  if (start < 0 || end <= start || end - start > DIGITS_MAX) return NO_NUMBER;
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte < ZERO || byte > NINE) return NO_NUMBER;
    value = value * 10 + byte - ZERO;
  }
  return value;
}
