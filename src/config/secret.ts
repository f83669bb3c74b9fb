/** What stands wherever a secret would have been printed. */
export const REDACTED = "[redacted]";

/** Text that must not be printed: every usual way of turning it into text gives `[redacted]`. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, for the one call that needs it; never for a log, a metric or an error. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  /** `console.log`, `util.inspect` and `Bun.inspect` ask for this. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
