/** Above this share of the budget memory is short. */
const SHORT_SHARE = 0.6;

/**
 * Bytes that waiting batches may take in all lanes together: open buffers by their capacity, sealed ones by their
 * compressed size. The budget only counts and tells; who asks decides.
 */
export class MemoryBudget {
  usedBytes = 0;
  readonly limitBytes: number;
  #listener: (usedBytes: number) => void = ignoreUse;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** One listener hears every change; it must be cheap. */
  onChange(listener: (usedBytes: number) => void): void {
    this.#listener = listener;
  }

  /** So much is used that batches which are on the disk as well should not be kept. */
  get isShort(): boolean {
    return this.usedBytes >= this.limitBytes * SHORT_SHARE;
  }

  get isFull(): boolean {
    return this.usedBytes >= this.limitBytes;
  }

  /** @param deltaBytes positive when memory is taken, negative when given back */
  add(deltaBytes: number): void {
    this.usedBytes += deltaBytes;
    this.#listener(this.usedBytes);
  }
}

function ignoreUse(): void {}
