import type { ExpectedQuote } from "../../src/simulator/venue-dialect.ts";
import { countAfter, covers, EventIndex, type NumberRange } from "./event-index.ts";
import type { KcatRecord } from "./kcat.ts";
import type { LedgerAccount } from "./metrics-text.ts";
import {
  countTrue,
  firstOfSame,
  identityOfIntent,
  newTops,
  noteRange,
  type QuoteRecord,
  readQuote,
  sourceOf,
} from "./quote-record.ts";

/** Findings of one kind beyond this are only counted. */
const FINDINGS_MAX = 20;
/** Reasons in a gap note that explain why a quote of the venue is missing; `stale` alone explains nothing. */
const EXPLAINS_MISSING: readonly string[] = ["disconnect", "sequence", "dropped"];

/** What can be wrong between a venue and the topic. */
export type FindingKind =
  /** The venue sent it (or Kafka acknowledged it), the topic has it not, and nothing tells of it. */
  | "lost"
  /** The same number of the same instrument and session stands twice. */
  | "duplicated"
  /** Offsets do not follow the order of sending, once duplicates are taken out. */
  | "reordered"
  /** A record of a quote that no venue sent. */
  | "invented"
  /** Our numbers, or the venue's, jump without a note in the record and an event. */
  | "undeclared_gap"
  /** The ledger does not balance, in itself or against the topic. */
  | "imbalance";

/** One thing that is wrong. */
export interface Finding {
  readonly kind: FindingKind;
  readonly where: string;
  readonly message: string;
}

/** The ledger of one life of the process as /metrics (or the last log line) told it. */
export interface LedgerSnapshot {
  readonly session: string;
  /** Taken when nothing came any more: then the topic must hold exactly what was acked. */
  readonly isFinal: boolean;
  readonly accounts: readonly LedgerAccount[];
}

/** Everything the oracle judges by. */
export interface Evidence {
  /** By `source:symbol`, in order of sending. A key that is absent is judged by our own numbers alone. */
  readonly intents: ReadonlyMap<string, readonly ExpectedQuote[]>;
  /** The quotes topic, by offset within each partition. */
  readonly records: readonly KcatRecord[];
  readonly events: readonly KcatRecord[];
  readonly ledgers: readonly LedgerSnapshot[];
  /** Sources whose venue numbers every quote +1, so that each jump must be told. */
  readonly contiguousSources?: readonly string[];
  /** Sources whose intents are the tops of books after each message: only a new top must be published, and no crossed one. */
  readonly bookSources?: readonly string[];
  /** Quotes the spool misses without knowing whose they were, as /metrics tells. */
  readonly missingOnSpool?: number;
  /** The program was stopped while venues sent: its `stopped` event tells of the quotes that came after. */
  readonly isCutWhileSending?: boolean;
  /** So many duplicates a lost ack or a restart explains; none when absent. */
  readonly duplicatesMax?: number;
}

/** What the oracle found; a good run has no findings. */
export interface Verdict {
  readonly findings: readonly Finding[];
  readonly sent: number;
  readonly records: number;
  /** Records without the duplicates. */
  readonly distinct: number;
  readonly duplicates: number;
  /** Quotes a venue sent that are missing, as a gap note, a new session or the ledger's last word tells. */
  readonly declaredMissing: number;
  /** Our own numbers that are missing and told. */
  readonly declaredDropped: number;
}

/** Judges one run of the program. Pure: the same evidence gives the same verdict. */
export function judge(evidence: Evidence): Verdict {
  return new Judge(evidence).run();
}

class Judge {
  readonly #evidence: Evidence;
  readonly #findings: Finding[] = [];
  readonly #counts = new Map<FindingKind, number>();
  readonly #events: EventIndex;
  /** Distinct records by session and source. */
  readonly #written = new Map<string, number>();
  /** Quotes after the last record of each source: only the ledger's `shutdown` can explain them. */
  readonly #tails = new Map<string, number>();
  /** By source: numbers missing where batches were unreadable. */
  readonly #unreadable = new Map<string, number>();
  #distinct = 0;
  #duplicates = 0;
  #declaredMissing = 0;
  #declaredDropped = 0;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#events = new EventIndex(evidence.events);
  }

  run(): Verdict {
    const { intents, records, duplicatesMax = 0 } = this.#evidence;
    const byKey = this.#recordsByKey();
    for (const key of new Set([...intents.keys(), ...byKey.keys()])) {
      const distinct = this.#withoutDuplicates(key, byKey.get(key) ?? []);
      this.#checkNumbers(key, distinct);
      this.#checkVenueNumbers(key, distinct);
      this.#checkNotes(key, distinct);
      const sent = intents.get(key);
      if (sent !== undefined) this.#checkIntents(key, sent, distinct);
    }
    this.#checkUnreadable();
    this.#checkLedgers();
    this.#checkTails();
    if (this.#duplicates > duplicatesMax)
      this.#find("duplicated", "all", `${this.#duplicates} records, at most ${duplicatesMax} are explained`);
    for (const [kind, count] of this.#counts)
      if (count > FINDINGS_MAX) this.#findings.push({ kind, where: "all", message: `${count} findings in all` });
    return {
      findings: this.#findings,
      sent: [...intents.values()].reduce((sum, quotes) => sum + quotes.length, 0),
      records: records.length,
      distinct: this.#distinct,
      duplicates: this.#duplicates,
      declaredMissing: this.#declaredMissing,
      declaredDropped: this.#declaredDropped,
    };
  }

  #recordsByKey(): Map<string, QuoteRecord[]> {
    const byKey = new Map<string, QuoteRecord[]>();
    const partitions = new Map<string, number>();
    for (const record of this.#evidence.records) {
      const key = record.key ?? "";
      const partition = partitions.get(key) ?? record.partition;
      partitions.set(key, partition);
      if (partition !== record.partition)
        this.#find("reordered", key, `is on partition ${partition} and on ${record.partition}`);
      const list = byKey.get(key);
      if (list === undefined) byKey.set(key, [readQuote(record)]);
      else list.push(readQuote(record));
    }
    return byKey;
  }

  #withoutDuplicates(key: string, records: readonly QuoteRecord[]): QuoteRecord[] {
    const seen = new Map<string, string>();
    const distinct: QuoteRecord[] = [];
    for (const record of records) {
      const id = `${record.session}/${record.sequence}`;
      const before = seen.get(id);
      if (before === undefined) {
        seen.set(id, record.value);
        distinct.push(record);
        const account = `${record.session}/${record.source}`;
        this.#written.set(account, (this.#written.get(account) ?? 0) + 1);
        continue;
      }
      this.#duplicates++;
      if (before !== record.value) this.#find("invented", key, `number ${id} stands for two different quotes`);
    }
    this.#distinct += distinct.length;
    return distinct;
  }

  /** Our own numbers: rising by one within a session, or told; a session that is over does not come back. */
  #checkNumbers(key: string, records: readonly QuoteRecord[]): void {
    const lastBySession = new Map<string, number>();
    let session = "";
    for (const record of records) {
      const last = lastBySession.get(record.session) ?? 0;
      if (record.session !== session && last > 0)
        this.#find("reordered", key, `session ${record.session} comes back after ${session}`);
      session = record.session;
      if (record.sequence < last) {
        this.#find("reordered", key, `number ${record.sequence} stands after ${last} of session ${session}`);
        continue;
      }
      if (record.sequence > last + 1) this.#checkHole(key, record, { from: last + 1, to: record.sequence - 1 });
      lastBySession.set(record.session, record.sequence);
    }
  }

  /**
   * A hole in our own numbers must be told twice: by the record after it, and by events. Of what was lost from the spool
   * events alone can tell, and of a batch that nobody can read any more only how many quotes it held.
   */
  #checkHole(key: string, record: QuoteRecord, hole: NumberRange): void {
    const where = `${key} ${hole.from}..${hole.to}`;
    const size = hole.to - hole.from + 1;
    const { gap, session, source } = record;
    const noted = gap?.reasons.includes("dropped") === true ? [noteRange(gap)] : [];
    const isNoted = covers([...noted, ...this.#events.spoolDropsOf(session, key)], hole);
    const isPublished = covers(this.#events.dropsOf(session, key), hole);
    if (!(isNoted && isPublished) && this.#mayBeUnreadable(source)) {
      this.#unreadable.set(source, (this.#unreadable.get(source) ?? 0) + size);
      return;
    }
    if (!isNoted) this.#find("undeclared_gap", where, `the next record's note is ${JSON.stringify(gap)}`);
    if (!isPublished) this.#find("undeclared_gap", where, "no `market-data.dropped` events tell of all of it");
    if (isNoted && isPublished) this.#declaredDropped += size;
  }

  /** The venue's numbers, where they rise by one. */
  #checkVenueNumbers(key: string, records: readonly QuoteRecord[]): void {
    for (let i = 1; i < records.length; i++) {
      const [before, record] = [records[i - 1], records[i]];
      if (this.#evidence.contiguousSources?.includes(record.source) !== true) return;
      if (before.session !== record.session || before.venueSequence === null || record.venueSequence === null) continue;
      if (BigInt(record.venueSequence) === BigInt(before.venueSequence) + 1n) continue;
      if (record.sequence > before.sequence + 1 && this.#isLostOnSpool(key, record, before.sequence)) continue;
      const reasons = record.gap?.reasons ?? [];
      const where = `${key} venue ${before.venueSequence}..${record.venueSequence}`;
      if (!EXPLAINS_MISSING.some((reason) => reasons.includes(reason)))
        this.#find("undeclared_gap", where, `the next record's note is ${JSON.stringify(record.gap)}`);
      else if (reasons.includes("sequence") && !this.#events.hasSequenceGap(record.session, key, record.venueSequence))
        this.#find("undeclared_gap", where, "no `market-data.sequence-gap` event tells of it");
    }
  }

  /** A hole that a record tells of was published as an event too, before it. */
  #checkNotes(key: string, records: readonly QuoteRecord[]): void {
    for (const { session, sequence, gap } of records) {
      if (gap?.reasons.includes("sequence") !== true) continue;
      if (!this.#events.hasSequenceGap(session, key, gap.toVenueSequence ?? ""))
        this.#find(
          "undeclared_gap",
          key,
          `no event tells of the hole in front of number ${sequence}: ${JSON.stringify(gap)}`,
        );
    }
  }

  /** Every record is a quote the venue sent, in its order; what is missing between two records is told. */
  #checkIntents(key: string, sent: readonly ExpectedQuote[], records: readonly QuoteRecord[]): void {
    const identities = sent.map(identityOfIntent);
    const isBook = this.#evidence.bookSources?.includes(sourceOf(key)) === true;
    const isWanted = isBook
      ? newTops(sent)
      : identities.map((identity, i) => i === 0 || identity !== identities[i - 1]);
    let next = 0;
    let before: QuoteRecord | null = null;
    for (const record of records) {
      const at = identities.indexOf(record.identity, next);
      if (at < 0) {
        const isLate = identities.lastIndexOf(record.identity, next - 1) >= 0;
        if (isLate) this.#find("reordered", key, `number ${record.sequence} repeats or follows a later quote`);
        else this.#find("invented", key, `number ${record.sequence} is no quote of the venue: ${record.identity}`);
        continue;
      }
      const missing = countTrue(isWanted, next, firstOfSame(isWanted, next, at));
      if (missing > 0) this.#judgeMissing(key, missing, record, before);
      next = at + 1;
      before = record;
    }
    const tail = countTrue(isWanted, next, identities.length);
    if (tail > 0) this.#judgeTail(key, tail, before);
  }

  /** Quotes that no record follows: what the events tell as dropped after the last record, the rest is for the ledger. */
  #judgeTail(key: string, tail: number, last: QuoteRecord | null): void {
    const told = last === null ? 0 : countAfter(this.#events.dropsOf(last.session, key), last.sequence);
    const dropped = Math.min(tail, told);
    this.#declaredDropped += dropped;
    this.#declaredMissing += dropped;
    const source = sourceOf(key);
    if (tail > dropped) this.#tails.set(source, (this.#tails.get(source) ?? 0) + tail - dropped);
  }

  #judgeMissing(key: string, missing: number, record: QuoteRecord, before: QuoteRecord | null): void {
    const reasons = record.gap?.reasons ?? [];
    const isNewSession = before !== null && before.session !== record.session;
    const isExplained = isNewSession || EXPLAINS_MISSING.some((reason) => reasons.includes(reason));
    const isOnlyDropped = !isNewSession && reasons.length === 1 && reasons[0] === "dropped";
    const last = isNewSession ? 0 : (before?.sequence ?? 0);
    const numbersMissing = record.sequence - last - 1;
    const isLeft = missing <= numbersMissing && this.#isLostOnSpool(key, record, last);
    if (isLeft) this.#declaredMissing += missing;
    else if (isExplained && (!isOnlyDropped || missing <= numbersMissing)) this.#declaredMissing += missing;
    else this.#find("lost", key, `${missing} quotes before number ${record.sequence}: ${JSON.stringify(record.gap)}`);
  }

  /** Whether events tell that all numbers between `last` and this record's were lost from the spool, or may have been. */
  #isLostOnSpool(key: string, { session, sequence, source }: QuoteRecord, last: number): boolean {
    if (this.#mayBeUnreadable(source)) return true;
    return covers(this.#events.spoolDropsOf(session, key), { from: last + 1, to: sequence - 1 });
  }

  #mayBeUnreadable(source: string): boolean {
    return this.#events.unreadableOf(source) > 0 || (this.#evidence.missingOnSpool ?? 0) > 0;
  }

  /** Holes that no event names are not larger than what is told as unreadable, and as missing of nobody knows whom. */
  #checkUnreadable(): void {
    let beyond = 0;
    for (const [source, count] of this.#unreadable) {
      const told = this.#events.unreadableOf(source);
      beyond += Math.max(0, count - told);
      this.#declaredDropped += count;
    }
    const missing = this.#evidence.missingOnSpool ?? 0;
    if (beyond > missing)
      this.#find(
        "undeclared_gap",
        "all",
        `${beyond} numbers more are missing than told as unreadable, ${missing} as missing`,
      );
  }

  #checkLedgers(): void {
    const { ledgers } = this.#evidence;
    for (const [life, { session, isFinal, accounts }] of ledgers.entries()) {
      for (const account of accounts) {
        const where = `${session}/${account.source}`;
        const written = this.#written.get(where) ?? 0;
        const { accepted, recovered, acked, inMemory, onSpool, dropped } = account;
        const droppedAll = Object.values(dropped).reduce((sum, count) => sum + count, 0);
        if (accepted + recovered !== acked + inMemory + onSpool + droppedAll)
          this.#find(
            "imbalance",
            where,
            `accepted ${accepted} + recovered ${recovered} = acked ${acked} + held ${inMemory} + on spool ${onSpool} + dropped ${droppedAll}?`,
          );
        // Recovered quotes stand in the topic under the session that accepted them.
        if (acked > written + recovered) this.#find("lost", where, `${acked} are acked, ${written} are in the topic`);
        if (!isFinal) continue;
        if (inMemory !== 0) this.#find("imbalance", where, `${inMemory} are still held at the end`);
        if (onSpool !== 0 && life === ledgers.length - 1)
          this.#find("imbalance", where, `${onSpool} are still on the spool at the end`);
        // A batch whose ack was never heard may be written and counted as lost at the end: never the other way round. What
        // is left on the spool is written by the next life.
        const atEnd = dropped["shutdown"] ?? 0;
        if (written > acked + onSpool + atEnd)
          this.#find("imbalance", where, `${acked} are acked, ${written} are in the topic`);
        const told = this.#events.droppedCount(session, account.source);
        if (told !== droppedAll - atEnd)
          this.#find("undeclared_gap", where, `${droppedAll - atEnd} were dropped, events tell of ${told}`);
      }
    }
  }

  #checkTails(): void {
    for (const [source, missing] of this.#tails) {
      const accounts = this.#evidence.ledgers.flatMap((ledger) => ledger.accounts);
      const atEnd = accounts
        .filter((account) => account.source === source)
        .reduce((sum, { dropped }) => sum + (dropped["shutdown"] ?? 0), 0);
      const isCut = this.#evidence.isCutWhileSending === true && this.#events.hasStopped(source);
      if (missing > atEnd && !isCut)
        this.#find("lost", source, `${missing} quotes at the end, the ledger tells of ${atEnd}`);
      else this.#declaredMissing += missing;
    }
  }

  #find(kind: FindingKind, where: string, message: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= FINDINGS_MAX) this.#findings.push({ kind, where, message });
  }
}
