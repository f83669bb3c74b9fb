import type { DropReason, FeedEventSink } from "../domain/feed-event.ts";
import type { Instrument } from "../domain/instrument.ts";
import { GapNote } from "./gap-note.ts";
import { venueSequenceText } from "./venue-sequence.ts";

/** A run of dropped quotes of one instrument that no event has told of yet. */
interface DropRun {
  readonly reason: DropReason;
  count: number;
  readonly fromSequence: number;
  toSequence: number;
}

/**
 * Remembers per instrument what the next accepted quote must tell, and publishes gaps and drops as events. Empty
 * nearly always, so the hot path asks `isQuiet` first. Bounded by the number of instruments.
 */
export class GapLog {
  readonly #events: FeedEventSink;
  readonly #notes = new Map<Instrument, GapNote>();
  readonly #runs = new Map<Instrument, DropRun>();

  constructor(events: FeedEventSink) {
    this.#events = events;
  }

  /** True when no instrument has anything to tell. */
  get isQuiet(): boolean {
    return this.#notes.size === 0;
  }

  /** The stream of the instrument was broken or silent. */
  note(instrument: Instrument, reason: "disconnect" | "stale", timeUs: number): void {
    this.#noteOf(instrument, timeUs).reasons.add(reason);
  }

  /** The venue's numbers jumped; the instrument holds the numbers on either side. */
  noteSequence(instrument: Instrument, timeUs: number): void {
    const note = this.#noteOf(instrument, timeUs);
    const from = venueSequenceText(instrument.gapFromHigh, instrument.gapFromLow);
    const to = venueSequenceText(instrument.venueSequenceHigh, instrument.venueSequenceLow);
    // Several gaps before one accepted quote (all between were dropped) are one hole to the reader.
    if (!note.reasons.has("sequence")) note.fromVenueSequence = from;
    note.toVenueSequence = to;
    note.reasons.add("sequence");
    this.#events.publishEvent({
      type: "market-data.sequence-gap",
      source: instrument.source,
      symbol: instrument.symbol,
      timeUs,
      from,
      to,
    });
  }

  /** The instrument's quote with its present number was accepted and is lost. */
  noteDropped(instrument: Instrument, reason: DropReason, timeUs: number): void {
    this.noteLost(instrument, instrument.sequence, instrument.sequence, timeUs);
    const run = this.#runs.get(instrument);
    if (run !== undefined && run.reason === reason) {
      run.count++;
      run.toSequence = instrument.sequence;
      return;
    }
    if (run !== undefined) this.#publishRun(instrument, run, timeUs);
    this.#runs.set(instrument, {
      reason,
      count: 1,
      fromSequence: instrument.sequence,
      toSequence: instrument.sequence,
    });
  }

  /** Our numbers `from..to` of the instrument are lost; whoever calls publishes the event. */
  noteLost(instrument: Instrument, from: number, to: number, timeUs: number): void {
    const note = this.#noteOf(instrument, timeUs);
    const isFirst = !note.reasons.has("dropped");
    note.fromInstrumentSequence = isFirst ? from : Math.min(note.fromInstrumentSequence, from);
    note.toInstrumentSequence = isFirst ? to : Math.max(note.toInstrumentSequence, to);
    note.reasons.add("dropped");
  }

  /** The bytes the next quote's metadata carries, or null. Nothing is forgotten before {@link clear}. */
  bytesFor(instrument: Instrument): Buffer | null {
    return this.#notes.get(instrument)?.toBytes() ?? null;
  }

  /** The quote that tells of the gap has room: what was dropped is published, before it, and then forgotten. */
  clear(instrument: Instrument, timeUs: number): void {
    this.#notes.delete(instrument);
    const run = this.#runs.get(instrument);
    if (run === undefined) return;
    this.#runs.delete(instrument);
    this.#publishRun(instrument, run, timeUs);
  }

  /** Publishes all runs that are still open. */
  flushDropped(timeUs: number): void {
    for (const [instrument, run] of this.#runs) this.#publishRun(instrument, run, timeUs);
    this.#runs.clear();
  }

  #noteOf(instrument: Instrument, timeUs: number): GapNote {
    let note = this.#notes.get(instrument);
    if (note === undefined) {
      note = new GapNote(timeUs);
      this.#notes.set(instrument, note);
    }
    return note;
  }

  #publishRun(instrument: Instrument, run: DropRun, timeUs: number): void {
    this.#events.publishEvent({
      type: "market-data.dropped",
      source: instrument.source,
      symbol: instrument.symbol,
      timeUs,
      ...run,
    });
  }
}
