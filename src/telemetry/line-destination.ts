import { writeSync } from "node:fs";

/** Text that may wait while the reader of the descriptor is slow, UTF-8 bytes; lines beyond it are lost and counted. */
export const WAITING_BYTES_MAX = 256 * 1024;

/** Writes bytes to a descriptor and returns how many it took, as `fs.writeSync` does. */
export type WriteBytes = (fd: number, bytes: Uint8Array, offset: number, length: number) => number;

/**
 * Whole lines to a descriptor, synchronously, so that the last line before a crash is there. Never throws: a full pipe
 * keeps up to {@link WAITING_BYTES_MAX} bytes waiting for the next line, a reader that is gone takes nothing more.
 */
export class LineDestination {
  readonly #fd: number;
  readonly #writeBytes: WriteBytes;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #offset = 0;
  #isGone = false;
  #linesLost = 0;

  constructor(fd: number, writeBytes: WriteBytes = writeSync) {
    this.#fd = fd;
    this.#writeBytes = writeBytes;
  }

  /** Lines that could not be written since the program began. */
  get linesLost(): number {
    return this.#linesLost;
  }

  /** Takes one line with its line end; called by pino. */
  write(line: string): void {
    if (this.#isGone) {
      this.#linesLost++;
      return;
    }
    this.flush();
    const bytes = Buffer.from(line, "utf8");
    if (this.#waitingBytes + bytes.length > WAITING_BYTES_MAX) {
      this.#linesLost++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.flush();
  }

  /** Writes what waits, as far as the descriptor takes it now. */
  flush(): void {
    while (this.#waiting.length > 0) {
      const bytes = this.#waiting[0] as Uint8Array;
      const taken = this.#writeSome(bytes);
      if (taken === 0) return;
      this.#offset += taken;
      this.#waitingBytes -= taken;
      if (this.#offset < bytes.length) continue;
      this.#waiting.shift();
      this.#offset = 0;
    }
  }

  #writeSome(bytes: Uint8Array): number {
    try {
      return this.#writeBytes(this.#fd, bytes, this.#offset, bytes.length - this.#offset);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // A full pipe, an interrupted call or a full disk may pass; anything else (EPIPE, EBADF, EIO) does not.
      if (code === "EAGAIN" || code === "EINTR" || code === "ENOSPC") return 0;
      this.#isGone = true;
      this.#linesLost += this.#waiting.length;
      this.#waiting = [];
      this.#waitingBytes = 0;
      this.#offset = 0;
      return 0;
    }
  }
}
