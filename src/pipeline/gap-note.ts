/** What a consumer must know of the time between the last quote of an instrument and this one. */
export type GapReason = "sequence" | "disconnect" | "stale" | "dropped";

/** Reasons gathered since the last accepted quote of one instrument, written into the next one's metadata. */
export class GapNote {
  readonly reasons = new Set<GapReason>();
  /** When the first of the reasons was seen, µs. */
  readonly sinceUs: number;
  /** Venue sequences on either side of the hole; empty when the reason is another. */
  fromVenueSequence = "";
  toVenueSequence = "";
  /** Our own numbers that were accepted and then dropped; 0 when none. */
  fromInstrumentSequence = 0;
  toInstrumentSequence = 0;

  constructor(sinceUs: number) {
    this.sinceUs = sinceUs;
  }

  /** The `gap` member with its comma, as it stands in the record's metadata. */
  toBytes(): Buffer {
    const gap: Record<string, unknown> = { reasons: [...this.reasons], sinceUs: this.sinceUs };
    if (this.reasons.has("sequence")) {
      gap["fromVenueSequence"] = this.fromVenueSequence;
      gap["toVenueSequence"] = this.toVenueSequence;
    }
    if (this.reasons.has("dropped")) {
      gap["fromInstrumentSequence"] = this.fromInstrumentSequence;
      gap["toInstrumentSequence"] = this.toInstrumentSequence;
    }
    return Buffer.from(`,"gap":${JSON.stringify(gap)}`);
  }
}
