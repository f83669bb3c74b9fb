import { write } from "node:fs";
import { IngestError } from "../../domain/ingest-error.ts";
import { delay, settlesWithin } from "../../runtime/abortable.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { CurrentWait } from "../../runtime/current-wait.ts";
import type { BatchTransport, LanePort, ProducerIdentity, SendResult } from "../batch-transport.ts";
import { forEachRecord } from "../record-batch-reader.ts";
import type { SealedBatch } from "../sealed-batch.ts";
import { ACKED, LOCAL_PARTITIONS, LOCAL_PRODUCER, STOPPED } from "./local-sink.ts";

const STDOUT_FD = 1;
/** One attempt waits so long for a slow reader, ms; the lines then go on where they stood. */
export const ATTEMPT_MAX_MS = 10_000;
/** A full pipe that does not block is looked at again after this, ms: 64 KiB each time are 13 MB/s. */
const FULL_PIPE_WAIT_MS = 5;
/** After trouble that may pass (a full disk behind a redirection) the next try comes after this, ms. */
const TROUBLE_WAIT_MS = 1000;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;

/** Writes bytes off the event loop and tells how many were taken, or why none; as `fs.write` does. */
export type WriteAsync = (fd: number, bytes: Buffer, offset: number) => Promise<{ written: number; errorCode: string }>;

/** What a {@link StdoutTransport} needs. */
export interface StdoutTransportOptions {
  /** The topic whose values are written; events and rejected messages are acknowledged and not shown. */
  readonly quotesTopic: string;
  readonly clock: Clock;
  /** Called once when nobody reads any more (`| head`): nothing can ever be written again, so the program may end. */
  onReaderGone(error: IngestError): void;
  /** Standard output when absent. */
  readonly fd?: number;
  /** `fs.write` when absent. */
  readonly writeAsync?: WriteAsync;
}

/** The lines of one batch on their way out. */
interface Writing {
  readonly batch: SealedBatch;
  readonly lines: Buffer;
  offset: number;
  isDone: boolean;
  done: Promise<void>;
}

/**
 * `SINK=stdout`: the value of each quote record, one JSON a line, and nothing else. Writes go through the thread pool,
 * so a reader that is slow blocks no timer and no venue. A batch that was begun is finished before anything else is
 * written, also over several attempts, so a line is never torn and never written twice.
 */
export class StdoutTransport implements BatchTransport {
  readonly #options: StdoutTransportOptions;
  readonly #fd: number;
  readonly #writeAsync: WriteAsync;
  readonly #stop = new AbortController();
  #writing: Writing | null = null;
  #trouble = "";
  #isReaderGone = false;

  constructor(options: StdoutTransportOptions) {
    this.#options = options;
    this.#fd = options.fd ?? STDOUT_FD;
    this.#writeAsync = options.writeAsync ?? writeToDescriptor;
  }

  get trouble(): string {
    return this.#trouble;
  }

  async start(): Promise<void> {}

  partitionCount(): number {
    return LOCAL_PARTITIONS;
  }

  async acquireProducer(): Promise<ProducerIdentity> {
    return LOCAL_PRODUCER;
  }

  portFor(wait: CurrentWait): LanePort {
    const { clock } = this.#options;
    return {
      acquireProducer: () => this.acquireProducer(),
      send: (topic, partition, batch) => {
        wait.until(clock.monotonicMs() + ATTEMPT_MAX_MS);
        return this.send(topic, partition, batch);
      },
    };
  }

  async send(topic: string, _partition: number, batch: SealedBatch): Promise<SendResult> {
    if (topic !== this.#options.quotesTopic) return ACKED;
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + ATTEMPT_MAX_MS;
    while (!this.#isReaderGone && !this.#stop.signal.aborted) {
      const writing = this.#begin(batch);
      if (writing === null) return { outcome: "rejected", code: "unreadable_batch", message: "Cannot read the batch" };
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0 || !(await settlesWithin(writing.done, leftMs, clock))) return this.#late();
      if (!writing.isDone || writing.batch !== batch) continue;
      this.#writing = null;
      return ACKED;
    }
    return this.#isReaderGone ? retry("reader_gone", this.#trouble) : STOPPED;
  }

  async stop(timeoutMs: number): Promise<void> {
    const writing = this.#writing;
    if (writing !== null && !writing.isDone) await settlesWithin(writing.done, timeoutMs, this.#options.clock);
    this.#stop.abort();
  }

  /** The batch under way, or this one begun; null when it cannot be read. */
  #begin(batch: SealedBatch): Writing | null {
    const current = this.#writing;
    if (current !== null && (!current.isDone || current.batch === batch)) return current;
    const lines = linesOf(batch);
    if (lines === null) return null;
    const writing: Writing = { batch, lines, offset: 0, isDone: false, done: Promise.resolve() };
    writing.done = this.#writeOut(writing);
    this.#writing = writing;
    return writing;
  }

  async #writeOut(writing: Writing): Promise<void> {
    const { signal } = this.#stop;
    while (writing.offset < writing.lines.length && !signal.aborted) {
      const { written, errorCode } = await this.#writeAsync(this.#fd, writing.lines, writing.offset);
      writing.offset += written;
      if (written > 0) this.#trouble = "";
      if (errorCode === "" || errorCode === "EINTR") continue;
      if (errorCode === "EAGAIN") {
        await delay(FULL_PIPE_WAIT_MS, signal, this.#options.clock);
      } else if (mayPass(errorCode)) {
        this.#trouble = `Cannot write to standard output: the system answers ${errorCode}`;
        await delay(TROUBLE_WAIT_MS, signal, this.#options.clock);
      } else {
        this.#readerGone(errorCode);
        return;
      }
    }
    writing.isDone = writing.offset === writing.lines.length;
  }

  #late(): SendResult {
    if (this.#trouble === "") {
      this.#trouble = `Cannot write to standard output: its reader has not taken a batch for ${ATTEMPT_MAX_MS / 1000} s`;
    }
    return retry("reader_slow", this.#trouble);
  }

  #readerGone(errorCode: string): void {
    this.#isReaderGone = true;
    this.#trouble = `Cannot write to standard output: its reader is gone (${errorCode})`;
    const context = { errorCode };
    this.#options.onReaderGone(new IngestError(this.#trouble, { code: "sink_failed", retry: "never", context }));
  }
}

/** A full disk or quota may be freed; a broken pipe or a closed descriptor does not come back. */
function mayPass(errorCode: string): boolean {
  return errorCode === "ENOSPC" || errorCode === "EDQUOT" || errorCode === "EIO" || errorCode === "ENOBUFS";
}

function retry(code: string, message: string): SendResult {
  return { outcome: "retry", code, message };
}

/** The values with a line end each; null when the batch is not well formed. */
function linesOf(batch: SealedBatch): Buffer | null {
  const parts: Uint8Array[] = [];
  try {
    forEachRecord(batch.bytes, ({ value }) => {
      if (value !== null) parts.push(oneLine(value), LINE_END);
    });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return Buffer.concat(parts);
}

const LINE_END = Uint8Array.of(LINE_FEED);

/** A venue may send its JSON over several lines, and we splice it in unchanged: between tokens a space means the same. */
function oneLine(value: Uint8Array): Uint8Array {
  if (value.indexOf(LINE_FEED) < 0 && value.indexOf(CARRIAGE_RETURN) < 0) return value;
  return value.map((byte) => (byte === LINE_FEED || byte === CARRIAGE_RETURN ? SPACE : byte));
}

function writeToDescriptor(fd: number, bytes: Buffer, offset: number): Promise<{ written: number; errorCode: string }> {
  return new Promise((resolve) => {
    write(fd, bytes, offset, bytes.length - offset, null, (error, written) => {
      resolve(
        error === null || error === undefined
          ? { written, errorCode: "" }
          : { written: 0, errorCode: error.code ?? "EIO" },
      );
    });
  });
}
