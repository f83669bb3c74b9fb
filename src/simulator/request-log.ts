/** Requests kept for tests to look at; older ones are forgotten. */
const MAX_REQUESTS_KEPT = 1000;

/** One message of a client. */
export interface LoggedRequest {
  readonly connection: string;
  readonly text: string;
}

/** The latest requests of all clients, and how many there were. */
export class RequestLog {
  readonly #kept: LoggedRequest[] = [];
  count = 0;

  /** Oldest first. */
  get requests(): readonly LoggedRequest[] {
    return this.#kept;
  }

  add(connection: string, text: string): void {
    this.count++;
    this.#kept.push({ connection, text });
    if (this.#kept.length > MAX_REQUESTS_KEPT) this.#kept.shift();
  }
}
