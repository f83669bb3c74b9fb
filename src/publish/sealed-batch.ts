/**
 * One Kafka record batch (magic 2) closed for good: the bytes that go to the broker, and later to the spool.
 * Producer id, epoch, base sequence and CRC are stamped in place before each first send (`stampBatch`).
 */
export interface SealedBatch {
  /** The whole batch from `baseOffset` on, compressed as its attributes say. */
  readonly bytes: Buffer;
  /** Records within. */
  readonly recordCount: number;
  /** Bytes of the records before compression. */
  readonly uncompressedBytes: number;
  /** Quotes per feed index, for the ledger. */
  readonly countsByFeed: Int32Array;
  /** Monotonic ms when the first record went in, for the edge→ack latency. */
  readonly openedAtMs: number;
}
