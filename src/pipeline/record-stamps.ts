// Hot path.
import type { QuoteView } from "../domain/quote.ts";
import { digitCount, writeDigits, writeSlice } from "../publish/byte-writer.ts";

const SOURCE_TIMESTAMP = Buffer.from(',"sourceTimestamp":');
const BY_VENUE = Buffer.from(',"timestampSource":"venue","receivedTimestampUs":');
const BY_RECEIPT = Buffer.from(',"timestampSource":"received","receivedTimestampUs":');

/** In place of a stamp: none stands there. */
const NOTHING = Number.NaN;
const NO_BYTES = Buffer.alloc(0);

/**
 * Writes both stamps of a quote over those of the quote before, and only what differs: often nothing (all messages of one
 * read of a socket have one stamp of ours), else the digits.
 */
export class RecordStamps {
  /** Where the last ones stand, and what they say. */
  #target: Buffer = NO_BYTES;
  #start = 0;
  #end = 0;
  #receivedStart = 0;
  #source: Buffer = BY_VENUE;
  #venueTimeMs = NOTHING;
  #receivedTimeUs = NOTHING;

  /** Writes them to `target` at `start`, where nothing else may write; returns where they end. */
  write(target: Buffer, start: number, quote: QuoteView): number {
    const { venueTimeMs, receivedTimeUs } = quote;
    const isHere = target === this.#target && start === this.#start;
    if (isHere && receivedTimeUs === this.#receivedTimeUs && venueTimeMs === this.#venueTimeMs) return this.#end;
    const isByVenue = venueTimeMs >= 0;
    const timestampMs = isByVenue ? venueTimeMs : Math.floor(receivedTimeUs / 1000);
    const source = isByVenue ? BY_VENUE : BY_RECEIPT;
    const timestamp = start + SOURCE_TIMESTAMP.length;
    const timestampEnd = timestamp + digitCount(timestampMs);
    const received = timestampEnd + source.length;
    if (!isHere || source !== this.#source || received !== this.#receivedStart) {
      writeSlice(target, start, SOURCE_TIMESTAMP, 0, SOURCE_TIMESTAMP.length);
      writeSlice(target, timestampEnd, source, 0, source.length);
    }
    writeDigits(target, timestamp, timestampMs, timestampEnd - timestamp);
    this.#end = writeDigits(target, received, receivedTimeUs, digitCount(receivedTimeUs));
    this.#target = target;
    this.#start = start;
    this.#receivedStart = received;
    this.#source = source;
    this.#venueTimeMs = venueTimeMs;
    this.#receivedTimeUs = receivedTimeUs;
    return this.#end;
  }
}
