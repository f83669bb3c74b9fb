import type { SessionHealth } from "./session-health.ts";

/** What a feed counts over all its sessions; the metrics read it through the feed's status. */
export class FeedTally {
  parseErrors = 0;
  errors = 0;
  disconnections = 0;
  pauses = 0;
  /** Wall clock of the last frame as the watchdog saw it, ms since the epoch; null before the first. */
  lastFrameTimeMs: number | null = null;
  #frames = 0;
  #bytes = 0;
  readonly #running = new Set<SessionHealth>();

  get messagesReceived(): number {
    let sum = this.#frames;
    for (const health of this.#running) sum += health.frames;
    return sum;
  }

  get bytesReceived(): number {
    let sum = this.#bytes;
    for (const health of this.#running) sum += health.bytes;
    return sum;
  }

  /** Counts a session's frames from now on. */
  open(health: SessionHealth): void {
    this.#running.add(health);
  }

  /** Keeps what a session that is over has counted. */
  close(health: SessionHealth): void {
    if (!this.#running.delete(health)) return;
    this.#frames += health.frames;
    this.#bytes += health.bytes;
  }
}
