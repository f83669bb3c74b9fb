/** Opcodes of RFC 6455, section 11.8. */
export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The largest header a server writes. */
export const MAX_HEADER_BYTES = 10;
/** A client's message may not be larger: requests are small. */
const MAX_CLIENT_MESSAGE_BYTES = 1 << 20;
const FIN_BIT = 0x80;
const RESERVED_BITS = 0x70;
const MASK_BIT = 0x80;

/**
 * Writes the header of an unmasked, unfragmented frame.
 *
 * @returns the offset behind the header
 */
export function writeFrameHeader(target: Buffer, at: number, frame: { opcode: number; length: number }): number {
  const { opcode, length } = frame;
  target[at] = FIN_BIT | opcode;
  if (length < 126) {
    target[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    target[at + 1] = 126;
    target[at + 2] = length >>> 8;
    target[at + 3] = length & 255;
    return at + 4;
  }
  target[at + 1] = 127;
  target.writeBigUInt64BE(BigInt(length), at + 2);
  return at + 10;
}

/** What a client sent: whole messages and control frames. */
export interface FrameListener {
  onMessage(opcode: number, payload: Buffer): void;
  /** The client broke RFC 6455; the connection must be closed with this code. */
  onViolation(code: number, reason: string): void;
}

interface ParsedHeader {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly payloadStart: number;
  readonly length: number;
}

/** Cuts a client's bytes into frames, unmasks them and joins fragments. */
export class ClientFrameReader {
  #pending: Buffer = Buffer.alloc(0);
  #fragments: Buffer[] = [];
  #fragmentOpcode = 0;
  #fragmentBytes = 0;
  #isBroken = false;
  readonly #listener: FrameListener;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  /** @param chunk borrowed: copied where it is kept */
  push(chunk: Uint8Array): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (!this.#isBroken) {
      const header = this.#parseHeader();
      if (header === null) return;
      const end = header.payloadStart + header.length;
      if (this.#pending.length < end) return;
      const payload = this.#unmask(header.payloadStart, end);
      this.#pending = this.#pending.subarray(end);
      this.#take(header, payload);
    }
  }

  #parseHeader(): ParsedHeader | null {
    const bytes = this.#pending;
    if (bytes.length < 2) return null;
    if ((bytes[0] & RESERVED_BITS) !== 0) return this.#violate(1002, "Reserved bits are set");
    if ((bytes[1] & MASK_BIT) === 0) return this.#violate(1002, "Client frame is not masked");
    const short = bytes[1] & 127;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const payloadStart = 2 + lengthBytes + 4;
    if (bytes.length < payloadStart) return null;
    let length = short;
    if (lengthBytes === 2) length = bytes.readUInt16BE(2);
    else if (lengthBytes === 8) length = Number(bytes.readBigUInt64BE(2));
    if (length > MAX_CLIENT_MESSAGE_BYTES) return this.#violate(1009, "Message too big");
    return { isFinal: (bytes[0] & FIN_BIT) !== 0, opcode: bytes[0] & 15, payloadStart, length };
  }

  #unmask(start: number, end: number): Buffer {
    const payload = Buffer.from(this.#pending.subarray(start, end));
    for (let i = 0; i < payload.length; i++) payload[i] ^= this.#pending[start - 4 + (i & 3)];
    return payload;
  }

  #take(header: ParsedHeader, payload: Buffer): void {
    if (header.opcode >= Opcode.close) {
      this.#listener.onMessage(header.opcode, payload);
      return;
    }
    if (header.opcode !== Opcode.continuation) this.#fragmentOpcode = header.opcode;
    this.#fragments.push(payload);
    this.#fragmentBytes += payload.length;
    if (this.#fragmentBytes > MAX_CLIENT_MESSAGE_BYTES) {
      this.#violate(1009, "Message too big");
      return;
    }
    if (!header.isFinal) return;
    const whole = Buffer.concat(this.#fragments);
    this.#fragments = [];
    this.#fragmentBytes = 0;
    this.#listener.onMessage(this.#fragmentOpcode, whole);
  }

  #violate(code: number, reason: string): null {
    this.#isBroken = true;
    this.#listener.onViolation(code, reason);
    return null;
  }
}
