import type { BatchTransport, ProducerIdentity, SendResult } from "../../src/publish/batch-transport.ts";
import { readBatch } from "../../src/publish/record-batch-reader.ts";
import type { SealedBatch } from "../../src/publish/sealed-batch.ts";

/** One attempt as the fake broker saw it. */
export interface Attempt {
  readonly topic: string;
  readonly partition: number;
  readonly producerId: bigint;
  readonly baseSequence: number;
  readonly values: readonly string[];
}

/** A broker of our own making: keeps a log per partition with Kafka's rule for idempotent producers. */
export class FakeTransport implements BatchTransport {
  readonly attempts: Attempt[] = [];
  /** `topic/partition` → values in the log. */
  readonly log = new Map<string, string[]>();
  /** The same in order of arrival over all partitions. */
  readonly arrivals: { readonly topic: string; readonly value: string }[] = [];
  /** Answers to the next sends, before the default `acked`; `lost-ack` writes and then answers `retry`. */
  readonly script: (SendResult | "lost-ack")[] = [];
  /** When set, no send is answered until `release`. */
  isHeld = false;
  producers = 0;
  failingProducers = 0;
  trouble = "";
  readonly #partitions: number;
  readonly #sequences = new Map<string, { next: number; recent: { sequence: number; count: number }[] }>();
  #held: (() => void)[] = [];

  constructor(partitions = 1) {
    this.#partitions = partitions;
  }

  async start(): Promise<void> {}

  partitionCount(): number {
    return this.#partitions;
  }

  async acquireProducer(): Promise<ProducerIdentity> {
    if (this.failingProducers > 0) {
      this.failingProducers--;
      throw new Error("Cannot get a producer id: the broker is away");
    }
    this.producers++;
    return { producerId: BigInt(this.producers), epoch: 0 };
  }

  async send(topic: string, partition: number, batch: SealedBatch): Promise<SendResult> {
    const read = readBatch(batch.bytes);
    if (!read.isCrcGood) return { outcome: "rejected", code: "CORRUPT_MESSAGE", message: "bad CRC" };
    const values = read.records.map((record) => Buffer.from(record.value ?? []).toString());
    this.attempts.push({ topic, partition, producerId: read.producerId, baseSequence: read.baseSequence, values });
    const answer = this.script.shift() ?? { outcome: "acked" as const };
    const result = this.#answer(answer, `${topic}/${partition}`, read.producerId, read.baseSequence, values);
    if (this.isHeld) await new Promise<void>((resolve) => this.#held.push(resolve));
    return result;
  }

  release(): void {
    this.isHeld = false;
    for (const resolve of this.#held.splice(0)) resolve();
  }

  async stop(): Promise<void> {}

  #answer(
    answer: SendResult | "lost-ack",
    path: string,
    producerId: bigint,
    sequence: number,
    values: string[],
  ): SendResult {
    if (answer !== "lost-ack" && answer.outcome !== "acked") return answer;
    const key = `${path}/${producerId}`;
    const state = this.#sequences.get(key) ?? { next: 0, recent: [] };
    this.#sequences.set(key, state);
    const isDuplicate = state.recent.some((batch) => batch.sequence === sequence && batch.count === values.length);
    if (!isDuplicate) {
      if (sequence !== state.next) {
        return { outcome: "new_producer_id", code: "OUT_OF_ORDER_SEQUENCE_NUMBER", message: `expected ${state.next}` };
      }
      state.next += values.length;
      state.recent = [...state.recent, { sequence, count: values.length }].slice(-5);
      const log = this.log.get(path) ?? [];
      log.push(...values);
      const topic = path.slice(0, path.lastIndexOf("/"));
      this.arrivals.push(...values.map((value) => ({ topic, value })));
      this.log.set(path, log);
    }
    return answer === "lost-ack" ? { outcome: "retry", code: "REQUEST_TIMED_OUT", message: "no answer" } : answer;
  }
}
