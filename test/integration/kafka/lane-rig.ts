import { appendRecord, recordBytesMax } from "../../../src/publish/batch-split.ts";
import type { KafkaTransport } from "../../../src/publish/kafka/kafka-transport.ts";
import { Lane } from "../../../src/publish/lane.ts";
import { MemoryBudget } from "../../../src/publish/memory-budget.ts";
import type { Compression } from "../../../src/publish/record-batch.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { startWithin, testEndpoint, testTransport, until } from "../../publish/kafka/kafka-test-kit.ts";

/** Shorter than any budget of retries under test, ms. */
const REQUEST_TIMEOUT_MS = 400;
/**
 * Today's: a broker that loads its producer state after a crash forgets producers whose last record is more than a day old
 * (`producer.id.expiration.ms`), and with them that a batch was written already.
 */
const TIMESTAMP_MS = Date.now();

/** What a rig may be told. */
export interface LaneRigOptions {
  readonly compression?: Compression;
  /** Of a connection and of a request, ms. */
  readonly timeoutMs?: number;
}

/** Our producer on a real broker: a transport and its lanes, with what happened to them. */
export class LaneRig {
  readonly transport: KafkaTransport;
  readonly dropped: string[] = [];
  /** Codes of the attempts that did not end in an ack. */
  readonly codes: string[] = [];
  readonly #budget = new MemoryBudget(64 * 1024 * 1024);
  readonly #compression: Compression;
  readonly #lanes: Lane[] = [];
  acked = 0;

  private constructor(transport: KafkaTransport, compression: Compression) {
    this.transport = transport;
    this.#compression = compression;
  }

  /**
   * A started rig.
   * @param brokers addresses, separated by commas
   */
  static async open(brokers: string, topics: readonly string[], options: LaneRigOptions = {}): Promise<LaneRig> {
    const { compression = "zstd", timeoutMs = REQUEST_TIMEOUT_MS } = options;
    const limits = { brokers: brokers.split(","), connectTimeoutMs: timeoutMs, requestTimeoutMs: timeoutMs };
    const rig = new LaneRig(testTransport(testEndpoint("", limits)), compression);
    await startWithin(rig.transport, topics);
    return rig;
  }

  lane(topic: string, partition = 0): Lane {
    const lane = new Lane(
      { topic, partition, log: null, backfill: null, isThroughDisk: false },
      {
        transport: this.transport,
        clock: new SystemClock(),
        random: Math.random,
        budget: this.#budget,
        compression: this.#compression,
        isStamped: true,
        batchMaxBytes: 256 * 1024,
        lingerMs: 0,
        feedNames: ["feed"],
        spoolMode: "off",
        onAcked: (batch) => {
          this.acked += batch.recordCount;
        },
        onDropped: (_batch, reason, message) => this.dropped.push(`${reason}: ${message}`),
        onTrouble: (_lane, code) => this.codes.push(code),
      },
    );
    this.#lanes.push(lane);
    return lane;
  }

  /** Writes the values as one batch when the lane is idle; they join the batch that fills when it is not. */
  write(lane: Lane, values: readonly string[]): void {
    for (const value of values) {
      const record = { timestampMs: TIMESTAMP_MS, key: null, value: Buffer.from(value), headers: [] };
      const open = lane.reserve(recordBytesMax(record), TIMESTAMP_MS);
      if (open === null) throw new Error("Cannot write record: no room in the lane");
      appendRecord(open, record);
    }
    lane.kick();
  }

  /** Waits until all that was written is acknowledged. */
  async whenAcked(count: number, limitMs = 20_000): Promise<void> {
    await until(
      () => this.acked >= count,
      limitMs,
      `${this.acked} of ${count} acked; trouble: ${this.transport.trouble}`,
    );
  }

  async close(): Promise<void> {
    for (const lane of this.#lanes) lane.stop();
    await this.transport.stop(1000);
  }
}

/** Numbered values. */
export function values(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
}
