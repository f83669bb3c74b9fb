/** The token of a feed over all its sessions: as configured, and later as it was last read from its file. */
export class TokenStore {
  readonly #configured: () => string | null;
  readonly #reread: (() => Promise<string | null>) | null;
  #latest: string | null = null;

  /** @param reread reads the file the token came from; null when it came from none */
  constructor(configured: () => string | null, reread: (() => Promise<string | null>) | null) {
    this.#configured = configured;
    this.#reread = reread;
  }

  /** Reveals the token; null when the feed has none. */
  reveal(): string | null {
    return this.#latest ?? this.#configured();
  }

  /** Reads the token anew; true when it is another one. A file that cannot be read now has no other. */
  async refresh(): Promise<boolean> {
    if (this.#reread === null) return false;
    const before = this.reveal();
    const text = (await this.#reread())?.trim() ?? "";
    if (text === "" || text === before) return false;
    this.#latest = text;
    return true;
  }
}
