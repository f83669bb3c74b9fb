import type { Instrument } from "../../../domain/instrument.ts";

/** Why a symbol's book cannot be trusted any more: closed list, also the reason of the resubscription. */
export type DistrustReason =
  /** The venue's numbers of the session jumped and the hole was not filled. */
  | "sequence_gap"
  /** RptSeq (83) of the symbol jumped. */
  | "rpt_seq_gap"
  /** An increment before any snapshot. */
  | "no_snapshot"
  /** Change or Delete of an entry that is not there. */
  | "unknown_entry"
  /** The best bid is above the best offer (equal is allowed: locked). */
  | "crossed"
  /** An increment came before the last fragment of the snapshot (893). */
  | "unfinished"
  /** More entries than the profile allows. */
  | "too_many_entries"
  /** The message could be read by neither way. */
  | "unreadable";

/** What books tell the session. */
export interface BookListener {
  /** The book is marked and quotes nothing until a snapshot of a newer request heals it: ask the venue anew. */
  onDistrust(instrument: Instrument, reason: DistrustReason): void;
  /** RptSeq (83) of the instrument jumped from `from` to `to`: messages between were never seen. */
  onSymbolGap(instrument: Instrument, from: string, to: string): void;
}

/** Counters of books; those of all sessions of a feed when they share one. */
export interface BookCounts {
  /** Entries applied. */
  entries: number;
  /** Messages or entries of a request that is no longer ours. */
  late: number;
  /** Updates whose RptSeq (83) was seen before. */
  duplicates: number;
  /** Change or Delete of an entry that is not there. */
  unknownEntries: number;
  crossed: number;
  /** Symbols we did not ask for. */
  unknownSymbols: number;
}

/** Counters that have counted nothing yet. */
export function newBookCounts(): BookCounts {
  return { entries: 0, late: 0, duplicates: 0, unknownEntries: 0, crossed: 0, unknownSymbols: 0 };
}
