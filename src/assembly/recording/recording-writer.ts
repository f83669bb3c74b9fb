import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { IngestError } from "../../domain/ingest-error.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { RecordedStep, RecordingHeader } from "./recording-format.ts";

/** Lines are compressed in pieces of about this size: large enough to compress well, small enough to be lost, characters. */
const PIECE_CHARACTERS = 256 * 1024;
/** A piece waits no longer than this, ms: what a crash costs. */
const WRITE_EVERY_MS = 1000;
const ZSTD_LEVEL = 3;

/** Where a recording is written to. */
export interface RecordingWriterOptions {
  readonly path: string;
  readonly header: RecordingHeader;
  readonly clock: Clock;
  /** Nothing is written beyond it, compressed bytes. */
  readonly bytesMax: number;
  /** The file has reached its bound, or cannot be written any more (`error`): told once. */
  onEnd(error: IngestError | null): void;
}

/** Writes one recording. A file that is there already is never touched. */
export class RecordingWriter {
  /** Frames and answers written. */
  frames = 0;
  /** Compressed bytes in the file. */
  bytes = 0;
  readonly #options: RecordingWriterOptions;
  readonly #file: number;
  #lines: string[] = [];
  #characters = 0;
  #timer: Timer | null = null;
  #isOver = false;

  /** @throws IngestError when the file cannot be made */
  constructor(options: RecordingWriterOptions) {
    this.#options = options;
    try {
      this.#file = openSync(options.path, "wx", 0o640);
    } catch (cause) {
      throw writeError(options.path, cause);
    }
    // At once and by itself: however little follows it, the file can be told for what it is.
    this.#add(options.header);
    const error = this.#writePiece();
    if (error !== null) throw error;
  }

  /** Adds a step; does nothing once over. */
  write(step: RecordedStep): void {
    if (this.#isOver) return;
    if (step.kind === "frame" || step.kind === "answer") this.frames++;
    this.#add(step);
  }

  /** Writes the last line and closes the file. */
  close(timeUs: number): void {
    this.write({ kind: "end", timeUs, frames: this.frames });
    this.#flush();
    this.#end();
    fsyncSync(this.#file);
    closeSync(this.#file);
  }

  #add(line: RecordingHeader | RecordedStep): void {
    const text = `${JSON.stringify(line)}\n`;
    this.#lines.push(text);
    this.#characters += text.length;
    if (this.#characters >= PIECE_CHARACTERS) this.#flush();
    else this.#timer ??= this.#options.clock.schedule(WRITE_EVERY_MS, () => this.#flush());
  }

  #flush(): void {
    const error = this.#writePiece();
    const isFull = this.bytes >= this.#options.bytesMax;
    if (this.#isOver || (error === null && !isFull)) return;
    this.#end();
    this.#options.onEnd(error);
  }

  #writePiece(): IngestError | null {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#lines.length === 0 || this.#isOver) return null;
    const piece = Bun.zstdCompressSync(this.#lines.join(""), { level: ZSTD_LEVEL });
    this.#lines = [];
    this.#characters = 0;
    try {
      for (let at = 0; at < piece.length; ) at += writeSync(this.#file, piece, at);
    } catch (cause) {
      return writeError(this.#options.path, cause);
    }
    this.bytes += piece.length;
    return null;
  }

  #end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#lines = [];
  }
}

function writeError(path: string, cause: unknown): IngestError {
  const code = (cause as { code?: unknown }).code;
  const why = code === "EEXIST" ? "it is there already" : `the system answers ${String(code ?? cause)}`;
  return new IngestError(`Cannot write the recording '${path}': ${why}`, {
    code: "config_invalid",
    retry: "never",
    cause,
  });
}
