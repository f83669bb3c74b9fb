import type { BookSides } from "./lp-book.ts";
import type { LpSubscription, MarketDataDraft } from "./lp-subscription.ts";
import type { LpVenue } from "./lp-venue.ts";
import type { RenderTimes } from "./market-data-fields.ts";
import { type MessageStamp, type StampTimes, stampsOf, writeChecksumDigits, writeDigits } from "./message-stamps.ts";
import type { SessionOutput } from "./session-output.ts";

/** Updates of a book that are rendered once and sent in turn for ever. */
const RING_UPDATES = 63;

/** A number may take so many digits more than when its message was rendered. */
const MAX_SEQUENCE_DIGITS = 16;

interface RingMessage {
  readonly draft: MarketDataDraft;
  /** The book as the client knows it behind this message. */
  readonly sides: BookSides;
  bytes: Buffer;
  stamps: readonly MessageStamp[];
  /** Sum of the bytes that are never stamped. */
  fixedSum: number;
  /** Digits of MsgSeqNum (34) there is room for. */
  sequenceDigits: number;
}

/**
 * The updates of one subscription at full speed: rendered once, as a circle that leads the book back to where it began, and
 * stamped with number, time and checksum when sent. So a message costs the simulator a copy and a few digits.
 */
export class FixRing {
  readonly subscription: LpSubscription;
  readonly #output: SessionOutput;
  readonly #times: RenderTimes;
  readonly #messages: RingMessage[] = [];
  #next = 0;
  #rptSeq = 0;

  /** Takes the book `RING_UPDATES` steps on. */
  constructor(subscription: LpSubscription, output: SessionOutput, venue: LpVenue) {
    this.subscription = subscription;
    this.#output = output;
    this.#times = venue.times();
    const firstRptSeq = subscription.rptSeq;
    const start = subscription.told;
    for (let update = 0; update < RING_UPDATES; update++) {
      subscription.book.step(venue.clock.wallUs(), venue.clock.monotonicMs());
      this.#render(subscription.now);
    }
    this.#render(start);
    this.#rptSeq = firstRptSeq;
  }

  /** The book as the client knows it now. */
  get sides(): BookSides {
    return this.#messages[(this.#next + this.#messages.length - 1) % this.#messages.length].sides;
  }

  /** RptSeq (83) of the last message. */
  get rptSeq(): number {
    return this.#rptSeq;
  }

  /** Length of the message that comes next, at most. */
  get nextBytes(): number {
    return this.#messages[this.#next].bytes.length + MAX_SEQUENCE_DIGITS;
  }

  /**
   * Writes the next message under a number.
   *
   * @returns its end in `target`
   */
  write(target: Buffer, at: number, sequence: number, times: StampTimes): number {
    const message = this.#messages[this.#next];
    this.#next = this.#next + 1 === this.#messages.length ? 0 : this.#next + 1;
    this.#rptSeq++;
    if (sequence >= 10 ** message.sequenceDigits || sequence < 10 ** (message.sequenceDigits - 1)) {
      this.#encode(message, sequence);
    }
    target.set(message.bytes, at);
    const { updates, sequence: bookSequence } = this.subscription.book.market;
    let sum = message.fixedSum;
    for (const { kind, at: offset, length } of message.stamps) {
      const place = at + offset;
      if (kind === "timestamp") {
        target.set(times.timestamp, place);
        sum += times.timestampSum;
      } else if (kind === "date") {
        target.set(times.date, place);
        sum += times.dateSum;
      } else if (kind === "timeOfDay") {
        target.set(times.timeOfDay, place);
        sum += times.timeOfDaySum;
      } else {
        const isOwn = kind === "sequence";
        const value = isOwn ? sequence : kind === "rptSeq" ? this.#rptSeq : kind === "updates" ? updates : bookSequence;
        sum += writeDigits(target, place, { length, value });
      }
    }
    const end = at + message.bytes.length;
    writeChecksumDigits(target, end, sum);
    return end;
  }

  #render(sides: BookSides): void {
    const draft = this.subscription.tellNew(this.#times, sides);
    if (draft === null) return;
    const message: RingMessage = {
      draft,
      sides,
      bytes: Buffer.alloc(0),
      stamps: [],
      fixedSum: 0,
      sequenceDigits: 0,
    };
    this.#encode(message, 1);
    this.#messages.push(message);
  }

  #encode(message: RingMessage, sequence: number): void {
    const { msgType, fields } = message.draft;
    message.bytes = this.#output.encode(msgType, sequence, fields);
    message.sequenceDigits = String(sequence).length;
    const { stamps, fixedSum } = stampsOf(message.bytes);
    message.stamps = stamps;
    message.fixedSum = fixedSum;
  }
}
