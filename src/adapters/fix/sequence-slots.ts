import { crc32 } from "node:zlib";

/** Form of the file; another one is not read. */
const VERSION = 1;
/** Bytes of one slot's text; the identity of any session fits many times over. */
const SLOT_BYTES = 2048;
/** A slot has a page of its own, so that writing one cannot tear the other. */
const SLOT_STRIDE = 4096;
/** Hex digits of the checksum, and the end of the line. */
const TAIL_BYTES = 9;

/** How large the file may be: two slots. */
export const SEQUENCE_FILE_BYTES = SLOT_STRIDE + SLOT_BYTES;

/** What one slot says. */
export interface SequenceRecord {
  /** Rising by one with each write: the newest good slot counts. */
  readonly generation: number;
  /** Whose numbers these are. */
  readonly identity: string;
  readonly nextOutgoing: number;
  readonly nextIncoming: number;
  /** Wall clock, ms since the epoch; 0 = never. */
  readonly lastResetMs: number;
}

/** Where a slot begins in the file. */
export function slotOffset(slot: 0 | 1): number {
  return slot * SLOT_STRIDE;
}

/** One slot as it is written: a line of JSON, spaces, and the CRC-32 of all before it. Null when it does not fit. */
export function encodeSlot(record: SequenceRecord): Uint8Array | null {
  const text = JSON.stringify({ version: VERSION, ...record });
  const body = Buffer.alloc(SLOT_BYTES - TAIL_BYTES, " ");
  if (Buffer.byteLength(text) > body.length) return null;
  body.write(text);
  return Buffer.concat([body, Buffer.from(`${checksum(body)}\n`)]);
}

/** The slot that counts: the newest whose checksum is right. Null when there is none. */
export function newestSlot(file: Uint8Array): { readonly slot: 0 | 1; readonly record: SequenceRecord } | null {
  const first = decodeSlot(file, 0);
  const second = decodeSlot(file, 1);
  if (first === null && second === null) return null;
  if (second === null || (first !== null && first.generation > second.generation)) {
    return { slot: 0, record: first as SequenceRecord };
  }
  return { slot: 1, record: second };
}

function decodeSlot(file: Uint8Array, slot: 0 | 1): SequenceRecord | null {
  const offset = slotOffset(slot);
  if (file.length < offset + SLOT_BYTES) return null;
  const body = Buffer.from(file.buffer, file.byteOffset + offset, SLOT_BYTES - TAIL_BYTES);
  const tail = Buffer.from(file.buffer, file.byteOffset + offset + body.length, TAIL_BYTES);
  if (tail.toString("latin1") !== `${checksum(body)}\n`) return null;
  const record: unknown = JSON.parse(body.toString("utf8"));
  return isRecord(record) ? record : null;
}

/** The checksum is right, so this can only be the file of another version. */
function isRecord(value: unknown): value is SequenceRecord {
  if (typeof value !== "object" || value === null) return false;
  const record = value as Record<string, unknown>;
  const numbers = [record["nextOutgoing"], record["nextIncoming"], record["generation"]];
  return (
    record["version"] === VERSION &&
    typeof record["identity"] === "string" &&
    typeof record["lastResetMs"] === "number" &&
    numbers.every((number) => Number.isSafeInteger(number) && (number as number) >= 1)
  );
}

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, "0");
}
