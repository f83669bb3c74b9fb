import { delay } from "../runtime/abortable.ts";
import { backoffDelayMs } from "../runtime/backoff.ts";
import type { Timer } from "../runtime/clock.ts";
import { CurrentWait } from "../runtime/current-wait.ts";
import { splitBatch } from "./batch-split.ts";
import type { LanePort, ProducerIdentity, SendResult } from "./batch-transport.ts";
import type { LaneOptions, LaneParts, LaneState } from "./lane-options.ts";
import { LaneQueue, type QueuedBatch, type QueueWay } from "./lane-queue.ts";
import { BATCH_HEADER_BYTES, nextSequence, RecordBatchBuilder, stampBatch } from "./record-batch.ts";
import type { SealedBatch } from "./sealed-batch.ts";

/** Retries of one batch: a broker that is back is noticed within a second. */
const RETRY_BACKOFF = { initialDelayMs: 50, maxDelayMs: 1000 };
/** Of this many attempts and more the delay is at its longest. */
const RETRY_ATTEMPTS_LATE = 5;
/** A topic that takes no batch of this size gets single records split off, but batches are made no smaller, bytes. */
const SPLIT_MIN_BYTES = 16 * 1024;
/**
 * A lane whose oldest record has waited so long goes through the disk; there an open batch waits so long at most. Both and
 * one look of the publisher together stay below the second of promise P2, ms.
 */
const SPILL_AFTER_MS = 600;
const SEAL_AFTER_MS = 600;
/** With `SPOOL_MODE=write` an open batch is not on the disk: it waits no longer than this, ms. */
const WRITE_AFTER_MS = 50;
/** Brought to the disk at a time, so that a full memory does not hold up the event loop, bytes. */
const SPILL_SLICE_BYTES = 4 * 1024 * 1024;

/**
 * The one ordered path to one partition. At most one batch is in flight; the same batch goes again with the same
 * sequence until the broker has answered for it, so an idempotent broker writes it once. While it is in flight the
 * next batch fills, so batches grow by themselves over a slow link. What cannot be delivered soon goes through the disk, oldest first,
 * until the lane has caught up.
 */
export class Lane {
  readonly topic: string;
  readonly partition: number;
  readonly queue: LaneQueue;
  readonly open: RecordBatchBuilder;
  ackedBatches = 0;
  retries = 0;
  /** Batches that were sent again under a new producer id: each may stand twice in the log. */
  possibleDuplicates = 0;
  isInFlight = false;
  /** Monotonic ms of the last attempt, ack, or arrival of work. */
  lastProgressMs: number;
  /** Until when what the lane waits for now may take: what `/healthz` watches. */
  readonly wait = new CurrentWait();
  lastAckMs = -1;

  readonly #options: LaneOptions;
  readonly #port: LanePort;
  readonly #backfill: (() => Lane) | null;
  /** Batches go to the disk until the lane has caught up. */
  #isThroughDisk: boolean;
  #producer: ProducerIdentity | null = null;
  #sequence = 0;
  #isRunning = false;
  #isStopped = false;
  readonly #stopping = new AbortController();
  /** Until it fires the lane waits for more; null when it does not. */
  #linger: Timer | null = null;
  #openCapacity = 0;
  /** The last attempt did not end in an ack. */
  #isFailing = false;
  readonly #idleWaiters: (() => void)[] = [];

  constructor(parts: LaneParts, options: LaneOptions) {
    this.topic = parts.topic;
    this.partition = parts.partition;
    this.queue = new LaneQueue(parts.log, options.budget);
    this.#backfill = parts.backfill;
    this.#isThroughDisk = parts.isThroughDisk;
    this.#options = options;
    this.#port = options.transport.portFor?.(this.wait) ?? options.transport;
    this.open = new RecordBatchBuilder(options.batchMaxBytes, options.feedNames.length);
    this.lastProgressMs = options.clock.monotonicMs();
    // Until somebody begins to deal its batches out there is nothing to end by itself.
    if (this.isHeld) this.wait.until(Number.POSITIVE_INFINITY);
    this.#chargeOpen();
  }

  /** A record above this fits no batch of this lane, bytes. */
  get recordBytesMax(): number {
    return this.open.maxBytes - BATCH_HEADER_BYTES;
  }

  /** Nothing open, sealed, in flight or on the disk. */
  get isEmpty(): boolean {
    return this.queue.isEmpty && this.open.recordCount === 0;
  }

  /** Its batches are kept for others to deliver. */
  get isHeld(): boolean {
    return this.partition < 0;
  }

  get state(): LaneState {
    if (this.isHeld) return "held";
    if (!this.#isThroughDisk) return "direct";
    return this.#isStuck ? "spooling" : "draining";
  }

  /**
   * The open batch with room for one more record of at most `recordBytes`, or null when memory is full. The caller
   * writes, commits, and calls {@link kick}.
   */
  reserve(recordBytes: number, timestampMs: number): RecordBatchBuilder | null {
    const open = this.open;
    const capacity = open.bytes.length;
    if (!open.hasRoom(recordBytes) || !open.isNear(timestampMs)) {
      if (open.recordCount === 0 || !this.#makeRoom()) return null;
      this.sealOpen();
      this.#endLinger();
      if (!open.hasRoom(recordBytes)) return null;
    }
    if (open.bytes.length !== capacity) this.#chargeOpen();
    if (open.recordCount === 0) open.begin(timestampMs, this.#options.clock.monotonicMs());
    return open;
  }

  /** Takes over a batch that another lane sealed. */
  take(batch: SealedBatch): void {
    if (this.#options.spoolMode !== "off") this.#isThroughDisk = true;
    this.queue.push(batch, this.#way);
    this.kick();
  }

  /** Tells the lane that there is work; cheap when it knows already. */
  kick(): void {
    if (this.#isRunning || this.#isStopped || this.isHeld) return;
    this.#isRunning = true;
    const { clock, lingerMs } = this.#options;
    this.#noteProgress();
    if (lingerMs > 0 && this.#idleWaiters.length === 0) {
      this.wait.until(this.lastProgressMs + lingerMs);
      this.#linger = clock.schedule(lingerMs, () => this.#start());
    } else clock.scheduleSoon(() => this.#start());
  }

  /**
   * What must happen in time, called some 20 times a second: a record that has waited long goes to the disk, open batches with
   * it, and what found no room there is tried again.
   */
  look(nowMs: number): void {
    const { spoolMode } = this.#options;
    if (this.#isStopped || spoolMode === "off") return;
    const openMs = this.open.recordCount === 0 ? 0 : nowMs - this.open.openedAtMs;
    if (!this.#isThroughDisk) {
      const first = this.queue.first?.batch;
      const waitedMs = first === undefined ? openMs : nowMs - first.openedAtMs;
      if (waitedMs >= SPILL_AFTER_MS) this.#goThroughDisk();
    }
    if (!this.#isThroughDisk && spoolMode !== "write") return;
    const isDue = openMs >= (spoolMode === "write" ? WRITE_AFTER_MS : SEAL_AFTER_MS);
    // A full memory takes no batch that the disk does not take: the open one fills, and then quotes are refused.
    if (isDue && this.#makeRoom()) this.sealOpen();
    if (this.queue.flush(SPILL_SLICE_BYTES) && spoolMode === "overflow") this.queue.release();
    if (this.#idleWaiters.length > 0 && this.#isSafe) this.#tellWaiters();
  }

  /** Memory is short: what waits goes to the disk. False when that does not take it, or there is none. */
  relieve(): boolean {
    if (this.#options.spoolMode === "off") return false;
    if (!this.#isThroughDisk) this.#goThroughDisk();
    if (!this.queue.flush(SPILL_SLICE_BYTES)) return false;
    this.queue.release();
    return true;
  }

  /**
   * Resolves when the lane is empty, or nothing is acknowledged and what is left outlives the process on the disk. It may take
   * long, so race it with a deadline.
   */
  whenSafe(): Promise<void> {
    if (this.#isThroughDisk) this.sealOpen();
    if (this.#isSafe) return Promise.resolve();
    this.#endLinger();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Takes nothing more up. What is left goes to the disk; what finds no room there is handed to `onDropped` as `shutdown`. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#linger?.cancel();
    this.#stopping.abort();
    if (this.open.recordCount > 0) this.sealOpen();
    if (this.#options.spoolMode !== "off") this.queue.flush();
    for (const batch of this.queue.abandon()) this.#options.onDropped(batch, "shutdown", "Stopped before the ack");
    this.#options.budget.add(-this.#openCapacity);
  }

  /** Closes the open batch and queues it. */
  sealOpen(): void {
    if (this.open.recordCount === 0) return;
    const taker = this.#taker;
    const batch = this.open.seal(this.#options.compression);
    if (taker === this) this.queue.push(batch, this.#way);
    else taker.take(batch);
  }

  /** Who delivers what is sealed now. */
  get #taker(): Lane {
    const isLate = this.#isThroughDisk && !this.queue.isEmpty && !this.#isStopped;
    return isLate ? (this.#backfill?.() ?? this) : this;
  }

  get #way(): QueueWay {
    const { spoolMode } = this.#options;
    if (spoolMode === "write") return "both";
    return this.#isThroughDisk ? "disk" : "memory";
  }

  get #isSafe(): boolean {
    if (this.isEmpty && !this.#isRunning) return true;
    const isOnDisk = this.queue.isStored && this.open.recordCount === 0;
    return isOnDisk && (this.isHeld || (this.#isThroughDisk && this.#isStuck));
  }

  /** Nothing is acknowledged now: attempts fail, or the one in flight goes unanswered. */
  get #isStuck(): boolean {
    if (this.#isFailing || !this.isInFlight) return this.#isFailing;
    return this.#options.clock.monotonicMs() - this.lastProgressMs >= SPILL_AFTER_MS;
  }

  /** Room in memory for one more sealed batch, made on the disk if need be. */
  #makeRoom(): boolean {
    const { budget } = this.#options;
    // On the disk the batch takes no memory, so it does not matter whose memory is full.
    return !budget.isFull || this.#taker.relieve() || !budget.isFull;
  }

  /** From now on batches go to the disk, those in memory first. */
  #goThroughDisk(): void {
    this.#isThroughDisk = true;
    if (this.#backfill !== null) for (const batch of this.queue.takeBehindFirst()) this.#backfill().take(batch);
    if (this.queue.flush(SPILL_SLICE_BYTES)) this.queue.release();
  }

  #tellWaiters(): void {
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** A full batch, and one that is waited for, goes at once. */
  #endLinger(): void {
    if (this.#linger === null) return;
    this.#linger.cancel();
    this.#linger = null;
    this.#noteProgress();
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
    this.#tellWaiters();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const first = this.queue.first;
      if (first !== null) {
        if (this.queue.unreadBatches > 0) void this.queue.load();
        await this.#settleFirst(first);
      } else if (this.queue.isEmpty) {
        if (this.open.recordCount === 0) return;
        this.sealOpen();
      } else {
        await this.#load();
      }
    }
  }

  /** Reads the next batch from the disk; one that cannot be read is tried again later. */
  async #load(): Promise<void> {
    this.#noteProgress();
    await this.queue.load();
    if (this.queue.first === null && !this.queue.isEmpty) await this.#backoff(RETRY_ATTEMPTS_LATE);
  }

  /** Sends the first sealed batch until it is acked, split or dropped. */
  async #settleFirst(first: QueuedBatch): Promise<void> {
    const { batch } = first;
    let isStamped = false;
    for (let attempt = 0; !this.#isStopped; attempt++) {
      if (attempt > 0) await this.#backoff(attempt - 1);
      if (this.#isStopped) return;
      if (this.#producer === null) {
        await this.#takeProducer();
        isStamped = false;
        if (this.#producer === null) continue;
      }
      if (!isStamped && this.#options.isStamped) stampBatch(batch.bytes, this.#producer, this.#sequence);
      isStamped = true;
      const result = await this.#send(batch);
      if (this.queue.first?.batch !== batch) return;
      if (this.#apply(batch, result)) return;
      this.#isFailing = true;
    }
  }

  async #send(batch: SealedBatch): Promise<SendResult> {
    this.isInFlight = true;
    this.#noteProgress();
    const result = await this.#port.send(this.topic, this.partition, batch);
    this.isInFlight = false;
    this.#noteProgress();
    return result;
  }

  /** True when the batch is settled and the next one may go. */
  #apply(batch: SealedBatch, result: SendResult): boolean {
    if (result.outcome === "acked") {
      this.#sequence = nextSequence(this.#sequence, batch.recordCount);
      this.ackedBatches++;
      this.lastAckMs = this.lastProgressMs;
      this.#isFailing = false;
      this.queue.settleFirst();
      this.#noteCaughtUp();
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
    if (result.outcome === "too_large" && batch.recordCount > 1) {
      // An attempt before this one may have been written after all.
      if (this.#isFailing) this.possibleDuplicates++;
      // Without this every batch would be sent in vain first, and split.
      this.open.lowerMaxBytes(Math.max(SPLIT_MIN_BYTES, Math.ceil(batch.uncompressedBytes / 2)));
      this.queue.replaceFirst(splitBatch(batch, this.#options.compression, this.#options.feedNames));
      return true;
    }
    this.queue.settleFirst();
    const reason = result.outcome === "too_large" ? "record_too_large" : "broker_rejected";
    this.#options.onDropped(batch, reason, result.message);
    return true;
  }

  /** Nothing waits on the disk any more: new batches go from memory again. */
  #noteCaughtUp(): void {
    if (this.#isThroughDisk && this.queue.isCaughtUp && !this.isHeld) this.#isThroughDisk = false;
  }

  async #takeProducer(): Promise<void> {
    this.#noteProgress();
    try {
      this.#producer = await this.#port.acquireProducer();
      this.#sequence = 0;
    } catch (error) {
      this.retries++;
      this.#isFailing = true;
      this.#options.onTrouble(this, "producer_id", error instanceof Error ? error.message : String(error));
    }
  }

  #backoff(attempt: number): Promise<void> {
    const { clock, random } = this.#options;
    const delayMs = backoffDelayMs(RETRY_BACKOFF, attempt, random);
    this.wait.until(clock.monotonicMs() + delayMs);
    return delay(delayMs, this.#stopping.signal, clock);
  }

  /** A step begins or ends; one that may wait says so by `wait` itself. */
  #noteProgress(): void {
    this.lastProgressMs = this.#options.clock.monotonicMs();
    this.wait.until(this.lastProgressMs);
  }

  #chargeOpen(): void {
    this.#options.budget.add(this.open.bytes.length - this.#openCapacity);
    this.#openCapacity = this.open.bytes.length;
  }
}
