import type { FeedEventSink } from "../domain/feed-event.ts";
import type { Clock } from "../runtime/clock.ts";

/** Bytes of a rejected message that are kept. */
const REJECT_BYTES_MAX = 4096;
/** Rejected messages published per second and feed; the others are only counted. */
const REJECTS_PER_SECOND = 10;

/** Publishes a bounded part of what could not be decoded: a venue that sends garbage must not cost more than garbage. */
export class RejectReporter {
  readonly #source: string;
  readonly #events: FeedEventSink;
  readonly #clock: Clock;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #inWindow = 0;

  constructor(source: string, events: FeedEventSink, clock: Clock) {
    this.#source = source;
    this.#events = events;
    this.#clock = clock;
  }

  /** @param frame borrowed: what is kept is copied */
  report(reason: string, frame: Uint8Array): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#windowStartMs >= 1000) {
      this.#windowStartMs = nowMs;
      this.#inWindow = 0;
    }
    if (this.#inWindow >= REJECTS_PER_SECOND) return;
    this.#inWindow++;
    this.#events.publishRejected({
      source: this.#source,
      timeUs: this.#clock.wallUs(),
      reason,
      bytes: new Uint8Array(frame.subarray(0, REJECT_BYTES_MAX)),
    });
  }
}
