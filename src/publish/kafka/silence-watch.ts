import { IngestError } from "../../domain/ingest-error.ts";
import { settlesWithin } from "../../runtime/abortable.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { BrokerLink } from "./broker-link.ts";
import type { BrokerLinks } from "./broker-links.ts";
import type { ClusterMetadata } from "./cluster-metadata.ts";
import { formatAddress } from "./kafka-endpoint.ts";

/** While a batch waits longer than this for its answer, the cluster is asked who leads, this often, ms. */
const LOOK_EVERY_MS = 1000;
/** That question is small and needs no replicas: unanswered after this long, nothing gets through, ms. */
const QUESTION_LIMIT_MS = 3000;

/** One batch that is with its leader. */
export interface WaitingBatch {
  readonly topic: string;
  readonly partition: number;
  readonly link: BrokerLink;
  readonly sinceMs: number;
}

/** What a watch looks at. */
export interface SilenceWatchOptions {
  readonly clock: Clock;
  readonly metadata: ClusterMetadata;
  readonly links: BrokerLinks;
  readonly requestTimeoutMs: number;
}

/**
 * Ends vain waits long before the request timeout, which must be generous for slow links. Two waits are known to be vain:
 *
 * - for a broker that does not lead the partition any more: it hangs, and the others have elected another;
 * - on a connection that was open while nothing got through. TCP sends again in ever longer pauses, so after an
 *   outage of 20 s the connection may rest for another 20 s, while a new one works at once.
 *
 * To end a wait too early does no harm but to the link: the same batch goes again with the same sequence.
 */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  readonly #waiting = new Set<WaitingBatch>();
  #timer: Timer | null = null;
  /** When the question was asked that found nobody first; null while somebody answers. */
  #outageSinceMs: number | null = null;
  #lastCutMs = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  /** A batch was sent; `end` takes the same object. */
  begin(batch: WaitingBatch): void {
    this.#waiting.add(batch);
    this.#schedule();
  }

  /** Its answer has come, or its connection has ended. */
  end(batch: WaitingBatch): void {
    this.#waiting.delete(batch);
  }

  /** Looks no more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** One timer at a time, and none while nothing waits: a batch that is answered soon costs none of its own. */
  #schedule(): void {
    if (this.#timer !== null || this.#isStopped || this.#waiting.size === 0) return;
    this.#timer = this.#options.clock.schedule(LOOK_EVERY_MS, () => {
      this.#look().then(
        () => {
          this.#timer = null;
          this.#schedule();
        },
        (error: unknown) => {
          // A bug, not trouble: nothing in #look may throw. Let the process see it.
          queueMicrotask(() => {
            throw error;
          });
        },
      );
    });
  }

  async #look(): Promise<void> {
    const { clock, metadata, links } = this.#options;
    const nowMs = clock.monotonicMs();
    if (![...this.#waiting].some(({ sinceMs }) => sinceMs + LOOK_EVERY_MS <= nowMs)) {
      this.#outageSinceMs = null;
      return;
    }
    let isAnswered = false;
    const asking = metadata.refresh().then(() => {
      isAnswered = true;
    });
    await settlesWithin(asking, QUESTION_LIMIT_MS, clock);
    if (this.#isStopped) return;
    if (isAnswered) {
      this.#leaveDeposedLeaders();
      this.#cutRestingLinks();
      return;
    }
    this.#outageSinceMs ??= nowMs;
    // The next question must not wait for the pauses of TCP either.
    links.closeSilentControl(clock.monotonicMs() - LOOK_EVERY_MS, vainWait("nobody answers"));
  }

  #leaveDeposedLeaders(): void {
    for (const { topic, partition, link } of this.#waiting) {
      const leader = this.#options.metadata.leader(topic, partition);
      if (leader === null || formatAddress(leader) === formatAddress(link.address)) continue;
      link.close(vainWait(`${formatAddress(link.address)} does not lead "${topic}" ${partition} any more`));
    }
  }

  /** At most once in a request timeout: what looked like an outage may have been a link filled by our own batches. */
  #cutRestingLinks(): void {
    const { clock, links, requestTimeoutMs } = this.#options;
    const sinceMs = this.#outageSinceMs;
    this.#outageSinceMs = null;
    const nowMs = clock.monotonicMs();
    if (sinceMs === null || nowMs < this.#lastCutMs + requestTimeoutMs) return;
    this.#lastCutMs = nowMs;
    links.closeSilent(sinceMs, vainWait("the connection is older than the outage"));
  }
}

function vainWait(reason: string): IngestError {
  return new IngestError(`Cannot wait for KAFKA_BROKERS on this connection: ${reason}`, {
    code: "kafka_unavailable",
    retry: "backoff",
  });
}
