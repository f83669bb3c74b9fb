import type { DropReason, FeedEventSink } from "../domain/feed-event.ts";
import type { Instrument } from "../domain/instrument.ts";
import { GapNote } from "./gap-note.ts";
import { venueSequenceText } from "./venue-sequence.ts";

/**
 * Dropped quotes of one instrument that no event has told of yet: all numbers of the range, unless an event found no room
 * meanwhile; then accepted quotes may lie between.
 */
interface DropRun {
  readonly reason: DropReason;
  count: number;
  readonly fromSequence: number;
  toSequence: number;
}

/** A hole in the venue's numbers that was found outside the pipeline. */
export interface VenueHole {
  readonly instruments: readonly Instrument[];
  /** True when the numbers are those of the connection, not of one symbol. */
  readonly isWhole: boolean;
  readonly from: string;
  readonly to: string;
  readonly timeUs: number;
}

/**
 * Remembers per instrument what the next accepted quote must tell, and publishes gaps and drops as events. Empty
 * nearly always, so the hot path asks `isQuiet` first. Bounded by the number of instruments.
 */
export class GapLog {
  readonly #events: FeedEventSink;
  readonly #notes = new Map<Instrument, GapNote>();
  /** One run per reason. */
  readonly #runs = new Map<Instrument, Map<DropReason, DropRun>>();

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
    const from = venueSequenceText(instrument.gapFromHigh, instrument.gapFromLow);
    const to = venueSequenceText(instrument.venueSequenceHigh, instrument.venueSequenceLow);
    this.#noteHole(instrument, { from, to, timeUs });
    const { source, symbol } = instrument;
    this.#events.publishEvent({ type: "market-data.sequence-gap", source, symbol, timeUs, from, to });
  }

  /** An adapter has found a hole in the venue's numbers: one event, and a note for each instrument it may concern. */
  noteVenueGap(gap: VenueHole): void {
    const { instruments, isWhole, from, to, timeUs } = gap;
    for (const instrument of instruments) if (instrument.sequence > 0) this.#noteHole(instrument, gap);
    for (const { source, symbol } of isWhole ? instruments.slice(0, 1) : instruments) {
      const whose = isWhole ? { source } : { source, symbol };
      this.#events.publishEvent({ type: "market-data.sequence-gap", ...whose, timeUs, from, to });
    }
  }

  /** The instrument's quote with its present number was accepted and is lost. */
  noteDropped(instrument: Instrument, reason: DropReason, timeUs: number): void {
    this.noteLost(instrument, instrument.sequence, instrument.sequence, timeUs);
    const run = this.#runs.get(instrument)?.get(reason);
    if (run !== undefined) {
      run.count++;
      run.toSequence = instrument.sequence;
      return;
    }
    this.#publishRuns(instrument, timeUs);
    const runs = this.#runs.get(instrument) ?? new Map<DropReason, DropRun>();
    runs.set(reason, { reason, count: 1, fromSequence: instrument.sequence, toSequence: instrument.sequence });
    this.#runs.set(instrument, runs);
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
    this.#publishRuns(instrument, timeUs);
  }

  /** Publishes all runs that are still open. */
  flushDropped(timeUs: number): void {
    for (const instrument of this.#runs.keys()) this.#publishRuns(instrument, timeUs);
  }

  /** Several gaps before one accepted quote (all between were dropped) are one hole to the reader. */
  #noteHole(instrument: Instrument, hole: { from: string; to: string; timeUs: number }): void {
    const note = this.#noteOf(instrument, hole.timeUs);
    if (!note.reasons.has("sequence")) note.fromVenueSequence = hole.from;
    note.toVenueSequence = hole.to;
    note.reasons.add("sequence");
  }

  #noteOf(instrument: Instrument, timeUs: number): GapNote {
    let note = this.#notes.get(instrument);
    if (note === undefined) {
      note = new GapNote(timeUs);
      this.#notes.set(instrument, note);
    }
    return note;
  }

  /** Memory that is full of quotes may have no room for the event either: such a run stays, and grows, until it is told. */
  #publishRuns(instrument: Instrument, timeUs: number): void {
    const runs = this.#runs.get(instrument);
    if (runs === undefined) return;
    const { source, symbol } = instrument;
    for (const [reason, run] of runs) {
      const isTold = this.#events.publishEvent({ type: "market-data.dropped", source, symbol, timeUs, ...run });
      if (isTold) runs.delete(reason);
    }
    if (runs.size === 0) this.#runs.delete(instrument);
  }
}
