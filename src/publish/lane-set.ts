import { Lane } from "./lane.ts";
import type { LaneOptions } from "./lane-options.ts";
import { partitionOf } from "./murmur2.ts";
import { type Spool, UNASSIGNED } from "./spool/batch-log.ts";

/** What the lanes of a process are made of. */
export interface LaneSetParts {
  /** For lanes made from now on; may be replaced. */
  readonly options: LaneOptions;
  readonly spool: Spool | null;
  readonly quotesTopic: string;
  /** Where quotes go that waited; null: to the quotes topic, in order. */
  readonly backfillTopic: string | null;
}

interface TopicLanes {
  /** 0: not known yet. */
  partitionCount: number;
  /** By partition; made when first asked for. */
  readonly byPartition: Map<number, Lane>;
  /** Takes all keys while partitions are not known, or an older backlog has not been dealt out yet. */
  held: Lane | null;
}

/** Which lane a key goes to. Lanes come to be when they are asked for. */
export class LaneSet {
  options: LaneOptions;
  readonly #parts: LaneSetParts;
  readonly #topics = new Map<string, TopicLanes>();

  constructor(parts: LaneSetParts) {
    this.#parts = parts;
    this.options = parts.options;
  }

  /** Every lane that exists; of a topic, the one that is held first. */
  all(): Lane[] {
    const lanes: Lane[] = [];
    for (const { byPartition, held } of this.#topics.values()) {
      if (held !== null) lanes.push(held);
      lanes.push(...byPartition.values());
    }
    return lanes;
  }

  /** The lane a record with this key goes to now. */
  of(topic: string, key: Buffer): Lane {
    return this.held(topic) ?? this.assigned(topic, key);
  }

  /** The lane of the key's partition; partitions must be known. */
  assigned(topic: string, key: Buffer): Lane {
    return this.at(topic, partitionOf(key, this.#topic(topic).partitionCount));
  }

  /** The lane of a partition. */
  at(topic: string, partition: number): Lane {
    const { byPartition, partitionCount } = this.#topic(topic);
    let lane = byPartition.get(partition);
    if (lane === undefined) {
      lane = this.#make(topic, partition, partitionCount);
      byPartition.set(partition, lane);
    }
    return lane;
  }

  /** The partitions of a topic are known. */
  assign(topic: string, partitionCount: number): void {
    this.#topic(topic).partitionCount = partitionCount;
  }

  /** Lets all keys of a topic wait in one lane on the disk, which it returns. Needs a spool. */
  hold(topic: string): Lane {
    const lanes = this.#topic(topic);
    lanes.held ??= this.#make(topic, UNASSIGNED, 0);
    return lanes.held;
  }

  /** The lane in which all keys of the topic wait; null when each goes its own way. */
  held(topic: string): Lane | null {
    return this.#topic(topic).held;
  }

  /** From now on each key goes its own way; the lane that was held is empty. */
  release(topic: string): void {
    this.#topic(topic).held = null;
  }

  #topic(topic: string): TopicLanes {
    let lanes = this.#topics.get(topic);
    if (lanes === undefined) {
      lanes = { partitionCount: 0, byPartition: new Map(), held: null };
      this.#topics.set(topic, lanes);
    }
    return lanes;
  }

  #make(topic: string, partition: number, partitionCount: number): Lane {
    const { spool, quotesTopic, backfillTopic } = this.#parts;
    const log = spool?.log({ topic, partition, partitionCount }) ?? null;
    const hasBackfill = topic === quotesTopic && backfillTopic !== null && partition !== UNASSIGNED;
    const backfill = hasBackfill ? () => this.#backfillOf(backfillTopic, partition) : null;
    const isThroughDisk = log !== null && (partition === UNASSIGNED || log.unread.batches > 0);
    return new Lane({ topic, partition, log, backfill, isThroughDisk }, this.options);
  }

  /** One lane of the backfill topic for each of the quotes topic, so that the order of a symbol holds there as well. */
  #backfillOf(topic: string, partition: number): Lane {
    return this.held(topic) ?? this.at(topic, partition % this.#topic(topic).partitionCount);
  }
}
