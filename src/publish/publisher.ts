import { settlesWithin } from "../runtime/abortable.ts";
import type { Clock, RandomSource, Timer } from "../runtime/clock.ts";
import { LatencyHistogram } from "../runtime/latency-histogram.ts";
import { appendRecord, recordBytesMax } from "./batch-split.ts";
import type { BatchTransport } from "./batch-transport.ts";
import type { Lane } from "./lane.ts";
import type { LaneDropReason, LaneOptions } from "./lane-options.ts";
import { addCounts } from "./lane-queue.ts";
import { LaneSet } from "./lane-set.ts";
import { type LostQuotes, lostQuotes } from "./lost-quotes.ts";
import { MemoryBudget } from "./memory-budget.ts";
import type { Compression } from "./record-batch.ts";
import { type BatchRecord, readBatch } from "./record-batch-reader.ts";
import { Redealer } from "./redeal.ts";
import type { SealedBatch } from "./sealed-batch.ts";
import { type BatchLog, type Spool, UNASSIGNED } from "./spool/batch-log.ts";

/** A lane's batch is never made smaller than this, however many partitions share the memory, bytes. */
const BATCH_MIN_BYTES = 16 * 1024;
/** The lanes are looked at this often, ms: see the limits in `lane.ts`. */
const LOOK_EVERY_MS = 50;
/** One look takes no longer than this, and goes on with the next lanes after the event loop has turned, ms. */
const LOOK_SLICE_MS = 50;
/** Open batches of all lanes may take this share of the memory budget. */
const OPEN_SHARE = 0.5;

/** One record of the events or the rejected topic. */
export interface ColdRecord {
  readonly timestampMs: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: readonly { readonly key: string; readonly value: Buffer }[];
}

/** Quotes that wait, by feed index. */
export interface HeldQuotes {
  /** In open and sealed batches. */
  readonly inMemory: Float64Array;
  readonly onSpool: Float64Array;
  /** Of those in memory: not on the disk yet, and so not accepted yet (`SPOOL_MODE=write`); zeros otherwise. */
  readonly notYetAccepted: Float64Array;
}

/** What a publisher needs. */
export interface PublisherOptions {
  readonly transport: BatchTransport;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly topics: PublisherTopics;
  readonly compression: Compression;
  readonly isStamped: boolean;
  readonly batchMaxBytes: number;
  readonly lingerMs: number;
  readonly memoryMaxBytes: number;
  /** By feed index; with a spool, its `feedNames`. */
  readonly feedNames: readonly string[];
  /** Instruments of all feeds: no more lanes than these come to exist for quotes. */
  readonly instrumentCount: number;
  /** Null: what waits lives and dies in memory. */
  readonly spool: Spool | null;
  readonly spoolMode: "overflow" | "write" | "off";
  /** Quotes per feed index are acknowledged. */
  onAcked(countsByFeed: Int32Array): void;
  /** Quotes per feed index are lost; `lost` says which (nothing for `shutdown`). */
  onDropped(countsByFeed: Int32Array, reason: LaneDropReason, lost: readonly LostQuotes[]): void;
  /** The broker takes these quotes never: they have been told as dropped, and can be kept elsewhere. */
  onRejected(records: readonly BatchRecord[]): void;
  /** The lanes of keys are other ones than before: ask for them anew. */
  onAssigned(): void;
  /** An attempt failed; rate-limiting is the listener's. */
  onTrouble(lane: Lane, code: string, message: string): void;
}

/** Where records go. */
interface PublisherTopics {
  readonly quotes: string;
  /** Null: quotes that waited go where the others go. */
  readonly backfill: string | null;
  readonly events: string;
  readonly rejected: string;
}

/** All lanes of the process and the memory they share. */
export class Publisher {
  readonly budget: MemoryBudget;
  /** First record of a batch in hand to the ack of the batch, counted for each of its quotes: an upper bound. */
  readonly ackLatency = new LatencyHistogram();
  /** Failed attempts, by feed index of the quotes in the batch. */
  readonly publishErrorsByFeed: Float64Array;
  /** Events and rejected messages that found no room. */
  coldDropped = 0;
  coldAcked = 0;

  readonly #options: PublisherOptions;
  readonly #lanes: LaneSet;
  readonly #dealing = new AbortController();
  #redealers: Redealer[] = [];
  #lookTimer: Timer | null = null;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.budget = new MemoryBudget(options.memoryMaxBytes);
    this.publishErrorsByFeed = new Float64Array(options.feedNames.length);
    this.#lanes = new LaneSet({
      options: this.#makeLaneOptions(options.batchMaxBytes),
      spool: options.spool,
      quotesTopic: options.topics.quotes,
      backfillTopic: options.topics.backfill,
    });
    if (options.spool !== null) this.#look();
  }

  /** Bound of one batch, bytes; set by `start`, once the number of partitions is known. */
  get batchMaxBytes(): number {
    return this.#lanes.options.batchMaxBytes;
  }

  /**
   * Waits for the transport to know its partitions. Records may be written from then on, or before it after {@link accept}.
   * What the spool has goes first.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { topics, transport, batchMaxBytes, memoryMaxBytes } = this.#options;
    const names = this.#topicNames();
    await transport.start(names, signal);
    if (this.#dealing.signal.aborted) return;
    // A lane exists for a key: of a thousand partitions, three instruments use three.
    const { instrumentCount, feedNames } = this.#options;
    const lanes =
      Math.min(transport.partitionCount(topics.quotes), instrumentCount) * (topics.backfill === null ? 1 : 2) +
      Math.min(transport.partitionCount(topics.events), feedNames.length) +
      Math.min(transport.partitionCount(topics.rejected), feedNames.length);
    const share = Math.floor((memoryMaxBytes * OPEN_SHARE) / lanes);
    this.#lanes.options = this.#makeLaneOptions(Math.max(BATCH_MIN_BYTES, Math.min(batchMaxBytes, share)));
    for (const topic of names) this.#lanes.assign(topic, transport.partitionCount(topic));
    for (const topic of names) this.#startTopic(topic, transport.partitionCount(topic));
  }

  /** From now on records are taken although no partition is known: they wait on the disk to be dealt out. Needs a spool. */
  accept(): void {
    for (const topic of this.#topicNames()) this.#lanes.hold(topic);
  }

  /** Topics of logs on the disk that are no topic of this configuration: they stay where they are. */
  strangeTopics(): string[] {
    const names = this.#topicNames();
    const found = this.#options.spool?.logs().map((log) => log.name.topic) ?? [];
    return [...new Set(found)].filter((topic) => !names.includes(topic));
  }

  /** Every lane that exists. */
  lanes(): Lane[] {
    return this.#lanes.all();
  }

  /** The lane of a key on the quotes topic. */
  quoteLane(key: Buffer): Lane {
    return this.#lanes.of(this.#options.topics.quotes, key);
  }

  /**
   * Writes a record to the events topic; false when memory is full.
   * @param whenFull `lost` counts the record as dropped, `kept` leaves it to the caller, who tries again
   */
  publishEvent(record: ColdRecord, whenFull: "lost" | "kept" = "lost"): boolean {
    const isWritten = this.#publishCold(this.#options.topics.events, record);
    if (!isWritten && whenFull === "lost") this.coldDropped++;
    return isWritten;
  }

  /** Writes a record to the rejected topic; false (and counted) when memory is full. */
  publishRejected(record: ColdRecord): boolean {
    const isWritten = this.#publishCold(this.#options.topics.rejected, record);
    if (!isWritten) this.coldDropped++;
    return isWritten;
  }

  /** Quotes that wait, by feed index, counted now. */
  held(): HeldQuotes {
    const { feedNames, spool, spoolMode } = this.#options;
    const inMemory = new Float64Array(feedNames.length);
    const onSpool = spool?.unreadByFeed() ?? new Float64Array(feedNames.length);
    const notYetAccepted = new Float64Array(feedNames.length);
    for (const lane of this.lanes()) {
      addCounts(inMemory, lane.open.countsByFeed);
      lane.queue.addInMemory(inMemory);
      lane.queue.subtractDone(onSpool);
      if (spoolMode !== "write") continue;
      addCounts(notYetAccepted, lane.open.countsByFeed);
      lane.queue.addNotStored(notYetAccepted);
    }
    for (const redealer of this.#redealers) redealer.addInHand(inMemory);
    return { inMemory, notYetAccepted, onSpool };
  }

  /** Waits until every lane is empty or what it has is safe on the disk, at most `timeoutMs`; true when that is so. */
  drain(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#options;
    return settlesWithin(Promise.all(this.lanes().map((lane) => lane.whenSafe())), timeoutMs, clock);
  }

  /** Ends all lanes; what they still hold goes to the disk, or is dropped as `shutdown`, counted. */
  async stop(timeoutMs: number): Promise<void> {
    this.#lookTimer?.cancel();
    this.#dealing.abort();
    for (const redealer of this.#redealers) redealer.finish();
    for (const lane of this.lanes()) lane.stop();
    await this.#options.transport.stop(timeoutMs);
  }

  #topicNames(): string[] {
    const { quotes, backfill, events, rejected } = this.#options.topics;
    return [quotes, ...(backfill === null ? [] : [backfill]), events, rejected];
  }

  /** Opens the lanes of what is on the disk; what was written for other partitions is dealt out first. */
  #startTopic(topic: string, partitionCount: number): void {
    const logs = this.#options.spool?.logs().filter((log) => log.name.topic === topic) ?? [];
    const others = logs.filter(({ name }) => name.partition !== UNASSIGNED && name.partitionCount !== partitionCount);
    const hasUnassigned = logs.some(({ name }) => name.partition === UNASSIGNED);
    for (const { name } of logs)
      if (name.partitionCount === partitionCount) this.#lanes.at(topic, name.partition).kick();
    const held = this.#lanes.held(topic);
    if (others.length === 0 && !hasUnassigned && held === null) return;
    // New records wait behind the old ones, in one place, until those have been dealt out.
    const waiting = held ?? this.#lanes.hold(topic);
    this.#deal(topic, others, waiting).catch((error: unknown) => {
      // A bug, not trouble: let the process see it.
      queueMicrotask(() => {
        throw error;
      });
    });
  }

  async #deal(topic: string, logs: readonly BatchLog[], waiting: Lane): Promise<void> {
    const redealer = this.#makeRedealer(topic, waiting);
    this.#redealers.push(redealer);
    for (const log of inOrderOfAge(logs)) await redealer.emptyLog(log);
    await redealer.emptyLane(waiting, () => {
      this.#lanes.release(topic);
      waiting.stop();
      this.#options.onAssigned();
    });
    if (this.#dealing.signal.aborted) return;
    this.#redealers = this.#redealers.filter((other) => other !== redealer);
  }

  #makeRedealer(topic: string, { wait }: Lane): Redealer {
    const { clock, compression, feedNames, spool } = this.#options;
    return new Redealer({
      clock,
      budget: this.budget,
      compression,
      batchMaxBytes: this.batchMaxBytes,
      feedNames,
      wait,
      laneOf: (key) => this.#lanes.assigned(topic, key),
      sync: async () => await spool?.sync(),
      signal: this.#dealing.signal,
      onUnreadable: (countsByFeed) => this.#options.onDropped(countsByFeed, "spool_damaged", []),
    });
  }

  #look(): void {
    this.#lookTimer = this.#options.clock.schedule(LOOK_EVERY_MS, () => this.#lookAt(this.lanes(), 0));
  }

  /** Thousands of lanes that go to the disk at once each make a file: that must not hold up the event loop. */
  #lookAt(lanes: readonly Lane[], from: number): void {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    for (let i = from; i < lanes.length; i++) {
      const nowMs = clock.monotonicMs();
      if (nowMs - startedMs >= LOOK_SLICE_MS) {
        this.#lookTimer = clock.scheduleSoon(() => this.#lookAt(lanes, i));
        return;
      }
      lanes[i].look(nowMs);
      if (this.budget.isShort) lanes[i].relieve();
    }
    this.#look();
  }

  #publishCold(topic: string, record: ColdRecord): boolean {
    const lane = this.#lanes.of(topic, record.key);
    const batch = lane.reserve(recordBytesMax(record), record.timestampMs);
    if (batch === null) return false;
    appendRecord(batch, record);
    lane.kick();
    return true;
  }

  #makeLaneOptions(batchMaxBytes: number): LaneOptions {
    const { transport, clock, random, compression, isStamped, lingerMs, feedNames, spoolMode } = this.#options;
    return {
      transport,
      clock,
      random,
      budget: this.budget,
      compression,
      isStamped,
      batchMaxBytes,
      lingerMs,
      feedNames,
      spoolMode,
      onAcked: (batch) => this.#acked(batch),
      onDropped: (batch, reason) => this.#dropped(batch, reason),
      onTrouble: (lane, code, message) => this.#trouble(lane, code, message),
    };
  }

  #acked(batch: SealedBatch): void {
    const quotes = sum(batch.countsByFeed);
    if (quotes === 0) {
      this.coldAcked += batch.recordCount;
      return;
    }
    const latencyUs = (this.#options.clock.monotonicMs() - batch.openedAtMs) * 1000;
    this.ackLatency.record(latencyUs, quotes);
    this.#options.onAcked(batch.countsByFeed);
  }

  #dropped(batch: SealedBatch, reason: LaneDropReason): void {
    if (sum(batch.countsByFeed) === 0) {
      this.coldDropped += batch.recordCount;
      return;
    }
    // At the end nobody can be told any more which quotes it were, and there may be a full memory of them to read.
    const lost = reason === "shutdown" ? [] : lostQuotes(batch.bytes, reason);
    this.#options.onDropped(batch.countsByFeed, reason, lost);
    if (reason === "broker_rejected") this.#options.onRejected(readBatch(batch.bytes).records);
  }

  #trouble(lane: Lane, code: string, message: string): void {
    const first = lane.queue.first?.batch;
    if (first !== undefined) {
      for (let feed = 0; feed < this.publishErrorsByFeed.length; feed++) {
        if (first.countsByFeed[feed] > 0) this.publishErrorsByFeed[feed]++;
      }
    }
    this.#options.onTrouble(lane, code, message);
  }
}

/** A log that was begun later holds later records of a key: no two lives of the process wrote at the same time. */
function inOrderOfAge(logs: readonly BatchLog[]): BatchLog[] {
  return logs.toSorted((one, other) => one.oldestUnreadMs - other.oldestUnreadMs);
}

function sum(counts: Int32Array): number {
  let total = 0;
  for (let feed = 0; feed < counts.length; feed++) total += counts[feed];
  return total;
}
