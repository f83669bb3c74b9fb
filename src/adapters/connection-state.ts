import type { FeedState } from "../domain/feed-event.ts";
import type { ConnectionStatus } from "../domain/feed-status.ts";
import type { IngestError } from "../domain/ingest-error.ts";
import type { FeedParts } from "./feed-parts.ts";

/** Why a state changed; all but the attempt have quiet defaults. */
export interface StateChange {
  readonly attempt: number;
  readonly code?: string;
  readonly message?: string;
  readonly retryInMs?: number;
}

/** Where one connection stands; every change is published as an event. */
export class ConnectionState {
  current: FeedState = "stopped";
  lastError: ConnectionStatus["lastError"] = null;
  readonly #parts: FeedParts;
  readonly #index: number;
  /** Monotonic ms of the next try; null when none is planned. */
  #retryAtMs: number | null = null;

  constructor(parts: FeedParts, index: number) {
    this.#parts = parts;
    this.#index = index;
  }

  /** Time until the next try, whole ms; null when none is planned. */
  get retryInMs(): number | null {
    if (this.#retryAtMs === null) return null;
    return Math.max(0, Math.round(this.#retryAtMs - this.#parts.clock.monotonicMs()));
  }

  /**
   * Moves to a state. A failed connection stays failed while it is probed, until it serves again; each further failed
   * probe is published anew, so that the failure stays loud.
   */
  change(to: FeedState, change: StateChange): void {
    const retryInMs = change.retryInMs ?? 0;
    this.#retryAtMs = retryInMs > 0 ? this.#parts.clock.monotonicMs() + retryInMs : null;
    if (this.current === "failed" && (to === "connecting" || to === "subscribing")) return;
    if (to === this.current && to !== "failed") return;
    this.#publish(to, change);
  }

  /** A new session has taken over: told even when the state is the same. */
  handOver(to: FeedState, change: StateChange): void {
    this.#publish(to, change);
  }

  /** Told once; a connection that has failed for good stays failed until it is stopped. */
  stop(): void {
    this.change("stopped", { attempt: 0 });
  }

  noteError(error: IngestError): void {
    const timeMs = Math.floor(this.#parts.clock.wallUs() / 1000);
    this.lastError = { code: error.code, message: error.message, timeMs };
  }

  #publish(to: FeedState, change: StateChange): void {
    const from = this.current;
    this.current = to;
    this.#parts.events.publishEvent({
      type: "market-data.feed-status",
      source: this.#parts.name,
      timeUs: this.#parts.clock.wallUs(),
      connection: this.#index,
      from,
      to,
      code: change.code ?? "ok",
      message: change.message ?? "",
      attempt: change.attempt,
      retryInMs: Math.round(change.retryInMs ?? 0),
    });
  }
}
