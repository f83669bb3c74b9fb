import { dataTagOf } from "./data-fields.ts";
import { Tag } from "./tags.ts";

/** Longest message taken from a log, characters: of a longer one the rest is skipped. */
const MESSAGE_CHARS_MAX = 1 << 20;
/** What a message begins with. */
const BEGIN = "8=FIX";
/** BeginString (8) as it stands before a delimiter. */
const FIRST_FIELD = /^8=FIX[\w.]{0,12}/;
/** Characters in which the first field must have ended. */
const FIRST_FIELD_CHARS = 24;
const FIELD = /^(\d{1,9})=/;
const SOH = "\u0001";
/** What logs delimit fields with. */
const DELIMITERS: readonly string[] = [SOH, "|", "^A"];

/** Tag and value; bytes that are no `tag=value` have tag 0. */
export type LoggedField = readonly [tag: number, value: string];

/** What a message says of itself and is not so. */
export interface LoggedFault {
  readonly what: "BodyLength" | "CheckSum";
  /** As it stands there; empty when it is missing. */
  readonly stated: string;
  readonly counted: string;
}

/** One message as it was found in a log. */
export interface LoggedMessage {
  /** In order, a character per byte. */
  readonly fields: readonly LoggedField[];
  /** False when the log ends, or another message begins, before CheckSum (10). */
  readonly isWhole: boolean;
  readonly faults: readonly LoggedFault[];
}

/**
 * Finds FIX messages in a log that comes in pieces of any size: delimited by SOH, `|` or `^A`, with anything before and
 * between them, ended by CheckSum (10) or the end of the line. Unlike on the wire a bad message is told like a good one.
 */
export class LogReader {
  readonly #onMessage: (message: LoggedMessage) => void;
  #text = "";

  constructor(onMessage: (message: LoggedMessage) => void) {
    this.#onMessage = onMessage;
  }

  /** Takes the next characters of the log, one per byte. */
  feed(text: string): void {
    this.#text += text;
    this.#read(false);
  }

  /** The log is over: what is left is told too. */
  end(): void {
    this.#read(true);
    this.#text = "";
  }

  #read(isLast: boolean): void {
    const text = this.#text;
    let at = 0;
    let start = text.indexOf(BEGIN);
    while (start >= 0) {
      at = start;
      const delimiter = delimiterOf(text.slice(start, start + FIRST_FIELD_CHARS));
      if (delimiter === undefined) {
        if (!isLast && text.length - start < FIRST_FIELD_CHARS) break;
        at = start + BEGIN.length;
      } else {
        const walk = new MessageWalk(text, delimiter, isLast);
        if (!walk.read(start)) break;
        this.#onMessage({ fields: walk.fields, isWhole: walk.isWhole, faults: findFaults(walk) });
        at = walk.end;
      }
      start = text.indexOf(BEGIN, at);
    }
    // Without a begin in sight only the start of one may be left.
    this.#text = text.slice(start < 0 ? Math.max(at, text.length - BEGIN.length + 1) : at);
  }
}

/** The delimiter behind the first field of a message; undefined when the text begins none. */
function delimiterOf(text: string): string | undefined {
  const length = FIRST_FIELD.exec(text)?.[0].length;
  return length === undefined ? undefined : DELIMITERS.find((delimiter) => text.startsWith(delimiter, length));
}

/** Takes the fields of one message out of the text. */
class MessageWalk {
  readonly fields: LoggedField[] = [];
  isWhole = false;
  /** Behind the message. */
  end = 0;
  readonly #text: string;
  readonly #delimiter: string;
  readonly #isLast: boolean;
  /** The data field that must come next, and its length; tag 0 = none. */
  #dataTag = 0;
  #dataLength = 0;

  constructor(text: string, delimiter: string, isLast: boolean) {
    this.#text = text;
    this.#delimiter = delimiter;
    this.#isLast = isLast;
  }

  /** Reads the message that begins at `start`; false when more text is needed. */
  read(start: number): boolean {
    const text = this.#text;
    this.end = start;
    while (!this.isWhole) {
      const at = this.end;
      const isOver = at - start > MESSAGE_CHARS_MAX || (at === text.length && this.#isLast);
      if (isOver || (at > start && text.startsWith(BEGIN, at))) return true;
      const data = this.#dataEnd(at);
      if (data >= text.length && !this.#isLast) return false;
      const end = data >= 0 ? data : text.indexOf(this.#delimiter, at);
      if (end < 0 && !this.#isLast && text.length - start <= MESSAGE_CHARS_MAX && !this.#endsHere(at)) return false;
      const field = text.slice(at, end < 0 ? text.length : end);
      const lineEnd = data >= 0 ? -1 : this.#lineEnd(field);
      this.#take(lineEnd < 0 ? field : field.slice(0, lineEnd));
      this.end = lineEnd < 0 ? Math.min(text.length, at + field.length + this.#delimiter.length) : at + lineEnd;
      if (lineEnd >= 0) return true;
    }
    return true;
  }

  /** Where the data field at `at` ends, which may be beyond the text; −1 when there is none. */
  #dataEnd(at: number): number {
    const head = `${this.#dataTag}=`;
    if (this.#dataTag === 0 || !this.#text.startsWith(head, at)) return -1;
    const end = at + head.length + this.#dataLength;
    const isInReach = end < this.#text.length || this.#isLast || this.#dataLength > MESSAGE_CHARS_MAX;
    return isInReach && !this.#text.startsWith(this.#delimiter, end) ? -1 : end;
  }

  /** True when the rest of the text, which has no delimiter, has the end of the message's last line. */
  #endsHere(at: number): boolean {
    return this.#lineEnd(this.#text.slice(at)) >= 0;
  }

  /** Where the line ends within a field and the message with it; −1 when it does not. Where SOH delimits, a text may have lines. */
  #lineEnd(field: string): number {
    const end = field.search(/\r?\n/);
    const isEnd = this.#delimiter !== SOH || field.startsWith(`${Tag.checkSum}=`) || field.includes(BEGIN, end);
    return end >= 0 && isEnd ? end : -1;
  }

  #take(field: string): void {
    const match = FIELD.exec(field);
    const tag = match === null ? 0 : Number(match[1]);
    const value = match === null ? field : field.slice(match[0].length);
    this.fields.push([tag, value]);
    this.isWhole = tag === Tag.checkSum;
    this.#dataTag = this.#dataTag === 0 ? dataTagOf(tag) : 0;
    this.#dataLength = /^\d{1,7}$/.test(value) ? Number(value) : 0;
  }
}

function findFaults({ fields, isWhole }: MessageWalk): LoggedFault[] {
  if (!isWhole) return [];
  const front = fields.slice(0, -1).map(([tag, value]) => (tag === 0 ? `${value}${SOH}` : `${tag}=${value}${SOH}`));
  const faults: LoggedFault[] = [];
  const length = String(front.slice(2).join("").length);
  const statedLength = fields[1]?.[0] === Tag.bodyLength ? fields[1][1] : "";
  if (statedLength.replace(/^0+(?=\d)/, "") !== length) {
    faults.push({ what: "BodyLength", stated: statedLength, counted: length });
  }
  const sum = String(Buffer.from(front.join(""), "latin1").reduce((total, byte) => total + byte, 0) % 256).padStart(
    3,
    "0",
  );
  const statedSum = fields[fields.length - 1][1];
  if (statedSum !== sum) faults.push({ what: "CheckSum", stated: statedSum, counted: sum });
  return faults;
}
