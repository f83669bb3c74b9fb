import type { LoadedBatch, Spool, SpoolLossReason } from "../../../src/publish/spool/batch-log.ts";
import type { SpoolLoss, SpoolOptions } from "../../../src/publish/spool/spool-options.ts";
import type { RandomSource } from "../../../src/runtime/clock.ts";
import { type FakeClock, settle } from "../../harness/fake-clock.ts";
import { below, pick } from "../../harness/fake-disk.ts";
import type { FakeFileSystem } from "../../harness/fake-file-system.ts";
import { sealModelBatch } from "./model-batches.ts";
import { checkSpool } from "./model-checks.ts";
import { ModelFaults } from "./model-faults.ts";
import { idOf, type ModelBatch, type ModelLog, quotesOf } from "./spool-model.ts";

/** Rounds of waiting for the disk before something counts as stuck. */
const ROUNDS_MAX = 2000;
/** Longer than the spool waits before it tries a disk again, ms. */
const RECOVERED_AFTER_MS = 60_000;

/** By so many segments the files may exceed their bound for a while: those on their way out, and the checkpoints. */
const OVERRUN_SEGMENTS = 3;

/** What one life of the process is made of. */
export interface LifeParts {
  readonly disk: FakeFileSystem;
  readonly clock: FakeClock;
  readonly spool: Spool;
  readonly logs: readonly ModelLog[];
  readonly random: RandomSource;
  readonly options: Pick<SpoolOptions, "maxBytes" | "fsyncMs" | "segmentBytes" | "maxAgeMs" | "whenFull">;
  /** The number of the next batch. */
  nextId(): number;
  trace(line: string): void;
}

/** One life of the process: operations drawn by chance, each compared with the model. */
export class ModelLife {
  readonly #parts: LifeParts;
  readonly #faults: ModelFaults;
  #trouble = "";
  #problem: unknown = null;
  readonly #reading = new Set<ModelLog>();
  readonly #handedOver = new Set<number>();
  readonly #usedAtStart: number;
  /** Batches that ended in this step: in doubt when the process dies or the disk fails in it. */
  #ended = new Set<ModelBatch>();

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.#usedAtStart = parts.disk.usedBytes;
    parts.disk.isHolding = true;
    this.#faults = new ModelFaults(parts);
    parts.disk.fault = (call) => this.#faults.draw(call);
  }

  /** The process dies at the call this many calls from now. */
  dieAfterCalls(calls: number): void {
    this.#faults.crashAt = this.#parts.disk.calls + calls;
  }

  get isDead(): boolean {
    return this.#parts.disk.isCrashed;
  }

  onLoss({ topic, reason, recordCount, countsByFeed }: SpoolLoss): void {
    const { spool, logs, trace } = this.#parts;
    if (this.isDead) return;
    trace(`  lost ${recordCount} of ${topic} (${reason}) [${countsByFeed.join()}]`);
    for (const log of logs.filter(({ name }) => name.topic === topic)) {
      const index = spool.feedNames.indexOf(log.feed);
      const others = countsByFeed.some((count, feed) => count > 0 && feed !== index);
      const lost = log.oldestOf(recordCount);
      if (others || lost === null || quotesOf(lost) !== (index < 0 ? 0 : countsByFeed[index])) continue;
      log.lose(lost, reason);
      for (const batch of lost) this.#ended.add(batch);
      return;
    }
    throw new Error(`${recordCount} records of ${topic} are told as ${reason}: no oldest batches are that many`);
  }

  /** Bytes are handed over of what was told as lost for that reason, once each. */
  onLostBatch(bytes: Buffer, reason: SpoolLossReason): void {
    if (this.isDead) return;
    const id = idOf({ bytes });
    const batch = this.#parts.logs.flatMap((log) => log.batches).find((candidate) => candidate.id === id);
    const isThat = batch !== undefined && batch.fate === reason && batch.batch.bytes.equals(bytes);
    if (!isThat) this.#problem ??= new Error(`onLostBatch gives batch ${id} as ${reason}; it is ${batch?.fate}`);
    if (this.#handedOver.has(id)) this.#problem ??= new Error(`onLostBatch gives batch ${id} twice`);
    this.#handedOver.add(id);
  }

  onTrouble(text: string): void {
    if (this.isDead) return;
    this.#parts.trace(`  trouble '${text}'`);
    this.#trouble = text;
  }

  /** One operation drawn by chance. */
  async step(): Promise<void> {
    const { random } = this.#parts;
    const log = pick(random, this.#parts.logs);
    const choice = random();
    if (choice < 0.36) await this.#run(() => this.#append(log));
    else if (choice < 0.52) await this.#run(() => this.#read(log));
    else if (choice < 0.62) await this.#run(() => this.#settle(log));
    else if (choice < 0.66) await this.#run(() => this.#rewind(log));
    else if (choice < 0.76) await this.#run(() => this.#release());
    else if (choice < 0.84) await this.#run(() => this.#pass(below(random, 400)));
    else if (choice < 0.88) await this.sync();
    else if (choice < 0.92) await this.rest();
    else if (choice < 0.94) await this.#run(() => this.#parts.clock.stepWall(below(random, 4000) - 2000));
    else if (choice < 0.97) this.#faults.change();
    else this.#changeRoom();
  }

  /** Asks for everything to be on the disk, and checks later that it was. */
  async sync(): Promise<void> {
    this.#parts.trace("sync()");
    await this.#untilDurable(async () => await this.#finish(this.#parts.spool.sync()));
  }

  /** Lets time pass until the disk must have everything without being asked. */
  async rest(): Promise<void> {
    this.#parts.trace("rest");
    await this.#untilDurable(async () => {
      await this.#pass(this.#parts.options.fsyncMs);
      await this.#drainCalls();
    });
  }

  /** Ends all faults and waits until the spool must have seen it. */
  async heal(): Promise<void> {
    this.#parts.trace("heal");
    this.#faults.end();
    this.#parts.disk.capacityBytes = Number.POSITIVE_INFINITY;
    await this.#run(async () => {
      // What was under way when the faults ended may yet fail, and is then tried again in its time.
      await this.#drainCalls();
      await this.#pass(RECOVERED_AFTER_MS);
      await this.#drainCalls();
    });
    // A budget stays used up until something is delivered, and a bad read is forgotten with the next good one.
    const isLasting = /SPOOL_MAX_BYTES|^Cannot read/.test(this.#trouble);
    if (!this.isDead && this.#trouble !== "" && !isLasting) {
      throw new Error(`The disk is well again and there is still trouble: ${this.#trouble}`);
    }
  }

  /** Everything was delivered: no segment is left, and the spool knows how much the rest takes. */
  checkEmpty(): void {
    const { disk, spool } = this.#parts;
    const segments = disk.files().filter((path) => !path.endsWith("/checkpoint"));
    if (segments.length > 0) throw new Error(`Everything is delivered and these are left: ${segments.join(" ")}`);
    const { usedBytes, segments: count } = spool.status();
    if (usedBytes !== disk.usedBytes || count !== 0) {
      throw new Error(`status() tells ${usedBytes} bytes in ${count} segments, the disk has ${disk.usedBytes}`);
    }
  }

  async close(): Promise<void> {
    this.#parts.trace("close()");
    await this.#untilDurable(async () => await this.#finish(this.#parts.spool.close()));
    if (this.isDead) return;
    const { disk } = this.#parts;
    if (disk.openFiles > 0) throw new Error(`${disk.openFiles} files are open after close()`);
    if (disk.pendingCalls > 0) throw new Error(`${disk.pendingCalls} calls are under way after close()`);
  }

  /** Reads every log to its end. */
  async readAll(): Promise<void> {
    for (const log of this.#parts.logs) {
      for (let last = -1; log.unread.length !== last && log.unread.length > 0; ) {
        last = log.unread.length;
        await this.#run(async () => {
          this.#read(log);
          await this.#untilRead(log);
        });
        if (this.isDead) return;
      }
      if (log.unread.length > 0)
        throw new Error(`${log.text} gives no more, and ${log.unread.length} batches are unread`);
    }
  }

  /** Puts every cursor back to the first batch. */
  async rewindAll(): Promise<void> {
    for (const log of this.#parts.logs) {
      const first = log.inHand[0];
      if (first !== undefined) await this.#run(() => this.#rewindTo(log, first));
    }
  }

  /** Settles everything there is. */
  async settleAll(): Promise<void> {
    for (const log of this.#parts.logs) {
      for (const batch of log.inHand) await this.#run(() => this.#settleTo(log, batch));
    }
  }

  async #run(work: () => void | Promise<void>): Promise<void> {
    if (this.isDead) return;
    const faultsBefore = this.#faults.count;
    this.#ended = new Set();
    try {
      await work();
    } catch (error) {
      if (!this.isDead) throw error;
    }
    await settle();
    if (!this.isDead && this.#problem !== null) throw this.#problem;
    if (this.isDead || this.#faults.count > faultsBefore) for (const batch of this.#ended) batch.isFateDoubtful = true;
    if (this.isDead) return;
    checkSpool(this.#parts.spool, this.#parts.logs, () => this.#trouble);
    const { disk, options } = this.#parts;
    const { misuses, usedBytes } = disk;
    if (usedBytes > Math.max(this.#usedAtStart, options.maxBytes) + OVERRUN_SEGMENTS * options.segmentBytes) {
      throw new Error(`${usedBytes} bytes are used, SPOOL_MAX_BYTES is ${options.maxBytes}`);
    }
    if (misuses.length > 0) throw new Error(misuses.join("; "));
  }

  #append(log: ModelLog): void {
    const { spool, clock, random, trace, disk, options } = this.#parts;
    const id = this.#parts.nextId();
    const timeMs = Math.floor(clock.wallUs() / 1000);
    const feedIndex = log.feed === "" ? -1 : spool.feedNames.indexOf(log.feed);
    if (feedIndex < 0 && log.feed !== "") throw new Error(`The feed ${log.feed} is on the disk and has no name`);
    const batch = sealModelBatch(random, { id, timeMs, feedCount: spool.feedNames.length, feedIndex });
    const keep = random() < 0.5 ? "in_memory" : "on_disk";
    trace(`append ${log.text} #${id} ${batch.recordCount} records, ${batch.bytes.length} bytes, ${keep}`);
    const faultsBefore = this.#faults.count;
    const troubleBefore = this.#trouble;
    const usedBefore = disk.usedBytes;
    const added: ModelBatch = {
      id,
      batch,
      timeMs,
      quotes: feedIndex < 0 ? 0 : batch.recordCount,
      location: null,
      fate: "stored",
      isSynced: false,
      isFateSynced: false,
      isDoubtful: false,
      isFateDoubtful: false,
      isErased: false,
    };
    added.location = spool.log(log.name).append(batch, keep);
    trace(`  ${added.location === null ? "refused" : `position ${added.location.position}`}`);
    if (this.isDead) log.append({ ...added, location: null, isDoubtful: true }, keep);
    else if (added.location !== null) log.append(added, keep);
    else if (
      this.#faults.count === faultsBefore &&
      troubleBefore === "" &&
      disk.capacityBytes === Number.POSITIVE_INFINITY &&
      usedBefore + 2 * options.segmentBytes + 16_384 < options.maxBytes
    ) {
      throw new Error(`A batch was refused with ${usedBefore} of ${options.maxBytes} bytes used and no trouble`);
    }
  }

  #read(log: ModelLog): void {
    if (this.#reading.has(log)) return;
    this.#parts.trace(`readNext ${log.text}`);
    const faultsBefore = this.#faults.count;
    this.#reading.add(log);
    const take = (loaded: LoadedBatch | null) => {
      if (this.isDead) return;
      this.#reading.delete(log);
      this.#parts.trace(`  read ${log.text}: ${loaded === null ? "null" : loaded.location.position}`);
      if (loaded !== null) log.read(loaded);
      else if (log.unread.length > 0 && this.#faults.count === faultsBefore && this.#trouble === "") {
        throw new Error(`${log.text} gave null, and batch ${log.unread[0].id} is unread`);
      }
    };
    this.#watch(this.#parts.spool.log(log.name).readNext().then(take));
  }

  #settle(log: ModelLog): void {
    const { random } = this.#parts;
    const { inHand } = log;
    if (inHand.length === 0) return;
    this.#settleTo(log, random() < 0.8 ? inHand[0] : pick(random, inHand));
  }

  #settleTo(log: ModelLog, batch: ModelBatch): void {
    this.#parts.trace(`settle ${log.text} #${batch.id}`);
    const before = log.stored;
    log.settle(batch);
    for (const settled of before) if (settled.fate !== "stored") this.#ended.add(settled);
    if (batch.location !== null) this.#parts.spool.log(log.name).settle(batch.location, batch.batch.recordCount);
  }

  #rewind(log: ModelLog): void {
    if (log.inHand.length > 0) this.#rewindTo(log, pick(this.#parts.random, log.inHand));
  }

  #rewindTo(log: ModelLog, batch: ModelBatch): void {
    if (batch.location === null) return;
    this.#parts.trace(`rewind ${log.text} #${batch.id}`);
    this.#parts.spool.log(log.name).rewind(batch.location);
    log.rewind(batch);
  }

  #release(): void {
    const { disk, random } = this.#parts;
    for (let count = below(random, 4); count >= 0; count--) disk.release();
  }

  async #pass(ms: number): Promise<void> {
    this.#parts.trace(`${ms} ms pass`);
    await this.#parts.clock.advance(ms);
  }

  #changeRoom(): void {
    const { disk, random, trace } = this.#parts;
    const isTight = random() < 0.5;
    disk.capacityBytes = isTight ? disk.usedBytes + below(random, 20_000) : Number.POSITIVE_INFINITY;
    trace(`capacity ${disk.capacityBytes}`);
  }

  /** Runs `work`; what was there before it is on the disk for good when nothing went wrong in it. */
  async #untilDurable(work: () => Promise<void>): Promise<void> {
    const faultsBefore = this.#faults.count;
    const batches = this.#parts.logs.flatMap((log) => log.batches);
    const ended = batches.filter(({ fate }) => fate !== "stored");
    await this.#run(work);
    if (this.isDead || this.#faults.count > faultsBefore || this.#trouble !== "") return;
    for (const batch of batches) batch.isSynced = true;
    for (const batch of ended) {
      batch.isFateSynced = true;
      batch.isFateDoubtful = false;
    }
  }

  async #finish(promise: Promise<void>): Promise<void> {
    let isDone = false;
    this.#watch(
      promise.then(() => {
        isDone = true;
      }),
    );
    for (let round = 0; !isDone && !this.isDead; round++) {
      await settle();
      if (isDone || this.#problem !== null) return;
      if (round > ROUNDS_MAX) throw new Error("A call of the spool never comes back");
      if (!this.#parts.disk.release()) await this.#parts.clock.advance(1);
    }
  }

  async #untilRead(log: ModelLog): Promise<void> {
    for (let round = 0; this.#reading.has(log) && !this.isDead; round++) {
      await settle();
      if (this.#problem !== null || !this.#reading.has(log)) return;
      if (round > ROUNDS_MAX) throw new Error(`readNext of ${log.text} never comes back`);
      if (!this.#parts.disk.release()) await this.#parts.clock.advance(1);
    }
  }

  /** Until no call is under way. */
  async #drainCalls(): Promise<void> {
    for (let round = 0; !this.isDead; round++) {
      await this.#parts.clock.advance(0);
      if (!this.#parts.disk.release()) return;
      if (round > ROUNDS_MAX) throw new Error("The spool calls the disk without end");
    }
  }

  #watch(promise: Promise<unknown>): void {
    promise.catch((error) => {
      if (!this.isDead) this.#problem ??= error;
    });
  }
}
