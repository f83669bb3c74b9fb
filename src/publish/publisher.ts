import type { DropReason } from "../domain/feed-event.ts";
import type { Clock, RandomSource } from "../runtime/clock.ts";
import { LatencyHistogram } from "../runtime/latency-histogram.ts";
import { appendRecord, headerText, recordBytesMax } from "./batch-split.ts";
import type { BatchTransport } from "./batch-transport.ts";
import { Lane, type LaneDropReason, type LaneOptions } from "./lane.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { partitionOf } from "./murmur2.ts";
import type { Compression } from "./record-batch.ts";
import { readBatch } from "./record-batch-reader.ts";
import type { SealedBatch } from "./sealed-batch.ts";

/** A lane's batch is never made smaller than this, however many partitions share the memory, bytes. */
const BATCH_MIN_BYTES = 16 * 1024;
/** Open batches of all lanes may take this share of the memory budget. */
const OPEN_SHARE = 0.5;

/** One record of the events or the rejected topic. */
export interface ColdRecord {
  readonly timestampMs: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: readonly { readonly key: string; readonly value: Buffer }[];
}

/** Accepted quotes of one instrument that are lost for good. */
export interface LostQuotes {
  readonly source: string;
  readonly symbol: string;
  readonly reason: DropReason;
  readonly count: number;
  readonly fromSequence: number;
  readonly toSequence: number;
}

/** What a publisher needs. */
export interface PublisherOptions {
  readonly transport: BatchTransport;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly topics: { readonly quotes: string; readonly events: string; readonly rejected: string };
  readonly compression: Compression;
  readonly isStamped: boolean;
  readonly batchMaxBytes: number;
  readonly lingerMs: number;
  readonly memoryMaxBytes: number;
  /** By feed index. */
  readonly feedNames: readonly string[];
  /** Instruments of all feeds: no more lanes than these come to exist for quotes. */
  readonly instrumentCount: number;
  /** Quotes per feed index are acknowledged. */
  onAcked(countsByFeed: Int32Array): void;
  /** Quotes per feed index are lost; `lost` says which (nothing for `shutdown`). */
  onDropped(countsByFeed: Int32Array, reason: LaneDropReason, lost: readonly LostQuotes[]): void;
  /** An attempt failed; rate-limiting is the listener's. */
  onTrouble(lane: Lane, code: string, message: string): void;
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
  readonly #lanes = new Map<string, Lane[]>();
  #laneOptions: LaneOptions;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.budget = new MemoryBudget(options.memoryMaxBytes);
    this.publishErrorsByFeed = new Float64Array(options.feedNames.length);
    this.#laneOptions = this.#makeLaneOptions(options.batchMaxBytes);
  }

  /** Bound of one batch, bytes; set by `start`, once the number of partitions is known. */
  get batchMaxBytes(): number {
    return this.#laneOptions.batchMaxBytes;
  }

  /** Waits for the transport to know its partitions. Records may be written from then on. */
  async start(signal: AbortSignal): Promise<void> {
    const { topics, transport, batchMaxBytes, memoryMaxBytes } = this.#options;
    const names = [topics.quotes, topics.events, topics.rejected];
    await transport.start(names, signal);
    // A lane exists for a key: of a thousand partitions, three instruments use three.
    const { instrumentCount, feedNames } = this.#options;
    const lanes =
      Math.min(transport.partitionCount(topics.quotes), instrumentCount) +
      Math.min(transport.partitionCount(topics.events), feedNames.length) +
      Math.min(transport.partitionCount(topics.rejected), feedNames.length);
    const share = Math.floor((memoryMaxBytes * OPEN_SHARE) / lanes);
    this.#laneOptions = this.#makeLaneOptions(Math.max(BATCH_MIN_BYTES, Math.min(batchMaxBytes, share)));
  }

  /** Every lane that exists. */
  lanes(): Lane[] {
    return [...this.#lanes.values()].flat();
  }

  /** The lane of a key on the quotes topic. */
  quoteLane(key: Buffer): Lane {
    return this.#lane(this.#options.topics.quotes, key);
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

  /** Quotes in open and sealed batches per feed index, counted now. */
  inMemoryByFeed(): Float64Array {
    const counts = new Float64Array(this.#options.feedNames.length);
    for (const lane of this.lanes()) {
      addCounts(counts, lane.open.countsByFeed);
      for (const batch of lane.sealed) addCounts(counts, batch.countsByFeed);
    }
    return counts;
  }

  /** Waits until every lane is empty, at most `timeoutMs`; true when all is acked. */
  async drain(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const all = Promise.all(this.lanes().map((lane) => lane.whenEmpty())).then(() => true);
    let finish: (isDrained: boolean) => void = () => {};
    const late = new Promise<boolean>((resolve) => {
      finish = resolve;
    });
    const timer = clock.schedule(timeoutMs, () => finish(false));
    const isDrained = await Promise.race([all, late]);
    timer.cancel();
    return isDrained;
  }

  /** Ends all lanes; what they still hold is dropped as `shutdown`, counted. */
  async stop(timeoutMs: number): Promise<void> {
    for (const lane of this.lanes()) lane.stop();
    await this.#options.transport.stop(timeoutMs);
  }

  #lane(topic: string, key: Buffer): Lane {
    const partition = partitionOf(key, this.#options.transport.partitionCount(topic));
    let lanes = this.#lanes.get(topic);
    if (lanes === undefined) {
      lanes = [];
      this.#lanes.set(topic, lanes);
    }
    let lane = lanes.find((candidate) => candidate.partition === partition);
    if (lane === undefined) {
      lane = new Lane(topic, partition, this.#laneOptions);
      lanes.push(lane);
    }
    return lane;
  }

  #publishCold(topic: string, record: ColdRecord): boolean {
    const lane = this.#lane(topic, record.key);
    const batch = lane.reserve(recordBytesMax(record), record.timestampMs);
    if (batch === null) return false;
    appendRecord(batch, record);
    lane.kick();
    return true;
  }

  #makeLaneOptions(batchMaxBytes: number): LaneOptions {
    const { transport, clock, random, compression, isStamped, lingerMs, feedNames } = this.#options;
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
    const lost = reason === "shutdown" ? [] : lostQuotes(batch, reason);
    this.#options.onDropped(batch.countsByFeed, reason, lost);
  }

  #trouble(lane: Lane, code: string, message: string): void {
    const first = lane.sealed[0];
    if (first !== undefined) {
      for (let feed = 0; feed < this.publishErrorsByFeed.length; feed++) {
        if (first.countsByFeed[feed] > 0) this.publishErrorsByFeed[feed]++;
      }
    }
    this.#options.onTrouble(lane, code, message);
  }
}

/** Reads out of a lost batch which instruments lost which of our numbers. */
function lostQuotes(batch: SealedBatch, reason: DropReason): LostQuotes[] {
  const runs = new Map<string, { source: string; symbol: string; count: number; from: number; to: number }>();
  for (const record of readBatch(batch.bytes).records) {
    const source = headerText(record, "source");
    const symbol = headerText(record, "symbol");
    const sequence = Number(headerText(record, "seq"));
    const key = `${source}:${symbol}`;
    const run = runs.get(key);
    if (run === undefined) runs.set(key, { source, symbol, count: 1, from: sequence, to: sequence });
    else {
      run.count++;
      run.to = sequence;
    }
  }
  return [...runs.values()].map(({ source, symbol, count, from, to }) => {
    return { source, symbol, reason, count, fromSequence: from, toSequence: to };
  });
}

function addCounts(target: Float64Array, counts: Int32Array): void {
  for (let feed = 0; feed < counts.length; feed++) target[feed] += counts[feed];
}

function sum(counts: Int32Array): number {
  let total = 0;
  for (let feed = 0; feed < counts.length; feed++) total += counts[feed];
  return total;
}
