import type { Clock, RandomSource, Timer } from "../runtime/clock.ts";
import { splitBatch } from "./batch-split.ts";
import type { BatchTransport, ProducerIdentity, SendResult } from "./batch-transport.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { BATCH_HEADER_BYTES, type Compression, nextSequence, RecordBatchBuilder, stampBatch } from "./record-batch.ts";
import type { SealedBatch } from "./sealed-batch.ts";

/** Retries of one batch wait between these, full jitter, ms: a broker that is back is noticed within a second. */
const RETRY_INITIAL_MS = 50;
const RETRY_MAX_MS = 1000;

/** A topic that takes no batch of this size gets single records split off, but batches are made no smaller, bytes. */
const SPLIT_MIN_BYTES = 16 * 1024;
/** A record's stamp is written as a 32-bit difference to the batch's first: one farther away needs a batch of its own. */
const TIMESTAMP_DELTA_MAX_MS = 0x7fff_ffff;

/** Why a lane gave up a batch. */
export type LaneDropReason = "record_too_large" | "broker_rejected" | "shutdown";

/** What every lane of a publisher shares. */
export interface LaneOptions {
  readonly transport: BatchTransport;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly budget: MemoryBudget;
  readonly compression: Compression;
  /** Batches carry producer id, sequence and CRC: a broker wants them, a local sink reads none of them. */
  readonly isStamped: boolean;
  /** Bound of one batch before compression, bytes. */
  readonly batchMaxBytes: number;
  /** Wait this long for more before an idle lane sends, ms; 0 = send at once. */
  readonly lingerMs: number;
  /** By feed index. */
  readonly feedNames: readonly string[];
  onAcked(batch: SealedBatch, lane: Lane): void;
  onDropped(batch: SealedBatch, reason: LaneDropReason, message: string): void;
  /** An attempt that did not end in an ack. */
  onTrouble(lane: Lane, code: string, message: string): void;
}

/**
 * The one ordered path to one partition. At most one batch is in flight; the same batch goes again with the same
 * sequence until the broker has answered for it, so an idempotent broker writes it once. While it is in flight the
 * next batch fills, so batches grow by themselves over a slow link.
 */
export class Lane {
  readonly topic: string;
  readonly partition: number;
  /** Sealed batches in order; the first may be in flight. */
  readonly sealed: SealedBatch[] = [];
  readonly open: RecordBatchBuilder;
  /** Bytes of `sealed`. */
  sealedBytes = 0;
  ackedBatches = 0;
  retries = 0;
  /** Batches that were sent again under a new producer id: each may stand twice in the log. */
  possibleDuplicates = 0;
  isInFlight = false;
  /** Monotonic ms of the last attempt, ack, or arrival of work: what `/healthz` watches. */
  lastProgressMs: number;
  lastAckMs = -1;

  readonly #options: LaneOptions;
  #producer: ProducerIdentity | null = null;
  #sequence = 0;
  #isRunning = false;
  #isStopped = false;
  #wait: { readonly timer: Timer; readonly finish: () => void } | null = null;
  /** Until it fires the lane waits for more; null when it does not. */
  #linger: Timer | null = null;
  #openCapacity = 0;
  readonly #idleWaiters: (() => void)[] = [];

  constructor(topic: string, partition: number, options: LaneOptions) {
    this.topic = topic;
    this.partition = partition;
    this.#options = options;
    this.open = new RecordBatchBuilder(options.batchMaxBytes, options.feedNames.length);
    this.lastProgressMs = options.clock.monotonicMs();
    this.#chargeOpen();
  }

  /** A record above this fits no batch of this lane, bytes. */
  get recordBytesMax(): number {
    return this.open.maxBytes - BATCH_HEADER_BYTES;
  }

  /** Nothing open, sealed or in flight. */
  get isEmpty(): boolean {
    return this.sealed.length === 0 && this.open.recordCount === 0;
  }

  /**
   * The open batch with room for one more record of at most `recordBytes`, or null when memory is full. The caller
   * writes, commits, and calls {@link kick}.
   */
  reserve(recordBytes: number, timestampMs: number): RecordBatchBuilder | null {
    const open = this.open;
    const capacity = open.bytes.length;
    if (!open.hasRoom(recordBytes) || !isNear(timestampMs, open)) {
      if (open.recordCount === 0 || this.#options.budget.isFull) return null;
      this.#sealOpen();
      this.#endLinger();
      if (!open.hasRoom(recordBytes)) return null;
    }
    if (open.bytes.length !== capacity) this.#chargeOpen();
    if (open.recordCount === 0) open.begin(timestampMs, this.#options.clock.monotonicMs());
    return open;
  }

  /** Tells the lane that there is work; cheap when it knows already. */
  kick(): void {
    if (this.#isRunning || this.#isStopped) return;
    this.#isRunning = true;
    const { clock, lingerMs } = this.#options;
    this.lastProgressMs = clock.monotonicMs();
    if (lingerMs > 0 && this.#idleWaiters.length === 0) this.#linger = clock.schedule(lingerMs, () => this.#start());
    else clock.scheduleSoon(() => this.#start());
  }

  /** Resolves when the lane is empty; never when its transport is stuck, so race it with a deadline. */
  whenEmpty(): Promise<void> {
    if (this.isEmpty && !this.#isRunning) return Promise.resolve();
    this.#endLinger();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Takes nothing more up; what is left is handed to `onDropped` as `shutdown`. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#linger?.cancel();
    this.#wait?.timer.cancel();
    this.#wait?.finish();
    if (this.open.recordCount > 0) this.#sealOpen();
    for (const batch of this.sealed.splice(0)) this.#options.onDropped(batch, "shutdown", "Stopped before the ack");
    this.#options.budget.add(-this.sealedBytes);
    this.sealedBytes = 0;
  }

  /** A full batch, and one that is waited for, goes at once. */
  #endLinger(): void {
    if (this.#linger === null) return;
    this.#linger.cancel();
    this.#linger = null;
    this.#options.clock.scheduleSoon(() => this.#start());
  }

  #start(): void {
    this.#linger = null;
    this.#run().then(
      () => this.#rest(),
      (error: unknown) => {
        // A bug, not trouble: nothing in #run may throw. Let the process see it.
        queueMicrotask(() => {
          throw error;
        });
      },
    );
  }

  #rest(): void {
    this.#isRunning = false;
    // A record may have come between the last look and here.
    if (!this.isEmpty && !this.#isStopped) {
      this.kick();
      return;
    }
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      if (this.sealed.length === 0) {
        if (this.open.recordCount === 0) return;
        this.#sealOpen();
      }
      await this.#settleFirst(this.sealed[0]);
    }
  }

  /** Sends the first sealed batch until it is acked, split or dropped. */
  async #settleFirst(batch: SealedBatch): Promise<void> {
    let isStamped = false;
    for (let attempt = 0; !this.#isStopped; attempt++) {
      if (attempt > 0) await this.#backoff(attempt - 1);
      if (this.#producer === null) {
        await this.#takeProducer();
        isStamped = false;
        if (this.#producer === null) continue;
      }
      if (!isStamped && this.#options.isStamped) stampBatch(batch.bytes, this.#producer, this.#sequence);
      isStamped = true;
      const result = await this.#send(batch);
      if (this.#isStopped && this.sealed[0] !== batch) return;
      if (this.#apply(batch, result)) return;
    }
  }

  async #send(batch: SealedBatch): Promise<SendResult> {
    this.isInFlight = true;
    this.lastProgressMs = this.#options.clock.monotonicMs();
    const result = await this.#options.transport.send(this.topic, this.partition, batch);
    this.isInFlight = false;
    this.lastProgressMs = this.#options.clock.monotonicMs();
    return result;
  }

  /** True when the batch is settled and the next one may go. */
  #apply(batch: SealedBatch, result: SendResult): boolean {
    if (result.outcome === "acked") {
      this.#sequence = nextSequence(this.#sequence, batch.recordCount);
      this.ackedBatches++;
      this.lastAckMs = this.lastProgressMs;
      this.#removeFirst();
      this.#options.onAcked(batch, this);
      return true;
    }
    this.#options.onTrouble(this, result.code, result.message);
    this.retries++;
    if (result.outcome === "retry") return false;
    // Whatever was sent under this producer id may or may not be written: its numbers are never used again.
    this.#producer = null;
    if (result.outcome === "new_producer_id") {
      this.possibleDuplicates++;
      return false;
    }
    this.#removeFirst();
    if (result.outcome === "too_large" && batch.recordCount > 1) {
      // Without this every batch would be sent in vain first, and split.
      this.open.lowerMaxBytes(Math.max(SPLIT_MIN_BYTES, Math.ceil(batch.uncompressedBytes / 2)));
      const halves = splitBatch(batch, this.#options.compression, this.#options.feedNames);
      this.sealed.unshift(...halves);
      for (const half of halves) this.#charge(half.bytes.length);
      return true;
    }
    const reason = result.outcome === "too_large" ? "record_too_large" : "broker_rejected";
    this.#options.onDropped(batch, reason, result.message);
    return true;
  }

  async #takeProducer(): Promise<void> {
    this.lastProgressMs = this.#options.clock.monotonicMs();
    try {
      this.#producer = await this.#options.transport.acquireProducer();
      this.#sequence = 0;
    } catch (error) {
      this.retries++;
      this.#options.onTrouble(this, "producer_id", error instanceof Error ? error.message : String(error));
    }
  }

  #backoff(attempt: number): Promise<void> {
    const delayMs = this.#options.random() * Math.min(RETRY_MAX_MS, RETRY_INITIAL_MS * 2 ** Math.min(attempt, 16));
    return new Promise((resolve) => {
      const finish = () => {
        this.#wait = null;
        resolve();
      };
      this.#wait = { timer: this.#options.clock.schedule(delayMs, finish), finish };
    });
  }

  #sealOpen(): void {
    const batch = this.open.seal(this.#options.compression);
    this.sealed.push(batch);
    this.#charge(batch.bytes.length);
  }

  #removeFirst(): void {
    const batch = this.sealed.shift();
    if (batch !== undefined) this.#charge(-batch.bytes.length);
  }

  #charge(bytes: number): void {
    this.sealedBytes += bytes;
    this.#options.budget.add(bytes);
  }

  #chargeOpen(): void {
    this.#options.budget.add(this.open.bytes.length - this.#openCapacity);
    this.#openCapacity = this.open.bytes.length;
  }
}

function isNear(timestampMs: number, open: RecordBatchBuilder): boolean {
  return open.recordCount === 0 || Math.abs(timestampMs - open.baseTimestampMs) <= TIMESTAMP_DELTA_MAX_MS;
}
