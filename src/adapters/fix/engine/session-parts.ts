import { AsciiParserState } from "jspurefix/dist/buffer/ascii/ascii-parser-state.js";
import { AsciiSegmentParser } from "jspurefix/dist/buffer/ascii/ascii-segment-parser.js";
import { ElasticBuffer } from "jspurefix/dist/buffer/elastic-buffer.js";
import type { SessionContainer } from "jspurefix/dist/config/js-fix-config.js";
import type { FixDefinitions } from "jspurefix/dist/dictionary/definition/fix-definitions.js";

/** Room for a message behind which the trailer still fits: jspurefix writes past the end of a buffer without a word. */
const TRAILER_ROOM_BYTES = 64;

/**
 * The parts of one session, by jspurefix's tokens. Stands where jspurefix has a dependency container; it asks for these few
 * things alone.
 */
export class SessionParts implements SessionContainer {
  /** What a parser writes messages into; its state reads them there. */
  readonly parseBuffer: ElasticBuffer;
  readonly #makers = new Map<unknown, () => unknown>();

  constructor(definitions: FixDefinitions, maxMessageBytes: number) {
    const size = maxMessageBytes + TRAILER_ROOM_BYTES;
    this.parseBuffer = new ElasticBuffer(size, size);
    this.#makers.set(AsciiSegmentParser, () => new AsciiSegmentParser(definitions));
    this.#makers.set(AsciiParserState, () => new AsciiParserState(this.parseBuffer));
  }

  /** Says what makes a part; made anew each time it is asked for. */
  register(token: unknown, make: () => unknown): void {
    this.#makers.set(token, make);
  }

  registerInstance(token: unknown, instance: unknown): void {
    this.#makers.set(token, () => instance);
  }

  resolve(token: unknown): unknown {
    const make = this.#makers.get(token);
    if (make === undefined)
      throw new Error(`Cannot make a part of a FIX session: nothing is registered as ${String(token)}`);
    return make();
  }
}
