import type { Socket } from "bun";
import { ClientFrameReader, MAX_HEADER_BYTES, Opcode, writeFrameHeader } from "./websocket-frames.ts";

/** Room for frames at the start; grows while the client does not read. */
const INITIAL_BUFFER_BYTES = 64 * 1024;
/** A client that leaves this much unread is cut off: memory stays bounded whatever the dialect sends. */
const MAX_BUFFER_BYTES = 16 * 1024 * 1024;

/** What happens on one accepted WebSocket. */
export interface PeerListener {
  onText(text: string): void;
  onPing(): void;
  onPong(payload: Uint8Array): void;
  /** All that was buffered has gone out. */
  onDrain(): void;
  /** Called once, however the connection ended. */
  onClose(): void;
}

/** What the server side of one WebSocket can do, down to the things no honest server does. */
export class PeerSocket {
  readonly #socket: Socket<unknown>;
  readonly #reader: ClientFrameReader;
  #listener: PeerListener | null = null;
  #out = Buffer.allocUnsafe(INITIAL_BUFFER_BYTES);
  #start = 0;
  #end = 0;
  #corkDepth = 0;
  #isClosing = false;
  #isClosed = false;
  /** While true nothing at all is written, not even a pong: the peer looks half-open. */
  isMuted = false;
  bytesSent = 0;

  constructor(socket: Socket<unknown>) {
    this.#socket = socket;
    this.#reader = new ClientFrameReader({
      onMessage: (opcode, payload) => this.#onMessage(opcode, payload),
      onViolation: (code, reason) => this.close(code, reason),
    });
  }

  get isOpen(): boolean {
    return !this.#isClosing && !this.#isClosed;
  }

  /** Bytes the client has not taken yet (beyond what the kernel holds). */
  get bufferedBytes(): number {
    return this.#end - this.#start;
  }

  listen(listener: PeerListener): void {
    this.#listener = listener;
  }

  sendText(text: string): void {
    if (!this.isOpen || this.isMuted) return;
    const length = Buffer.byteLength(text);
    if (!this.#reserve(length + MAX_HEADER_BYTES)) return;
    const at = writeFrameHeader(this.#out, this.#end, { opcode: Opcode.text, length });
    this.#out.write(text, at, length, "utf8");
    this.#end = at + length;
    if (this.#corkDepth === 0) this.#flush();
  }

  ping(payload: string): void {
    this.#sendControl(Opcode.ping, Buffer.from(payload));
  }

  /** Writes bytes as they are, outside any frame rule: for broken frames. */
  sendBytes(bytes: Uint8Array): void {
    if (!this.isOpen || this.isMuted || !this.#reserve(bytes.length)) return;
    this.#out.set(bytes, this.#end);
    this.#end += bytes.length;
    if (this.#corkDepth === 0) this.#flush();
  }

  /** Gathers what `write` sends into as few system calls as it takes. */
  cork(write: () => void): void {
    this.#corkDepth++;
    try {
      write();
    } finally {
      this.#corkDepth--;
      if (this.#corkDepth === 0) this.#flush();
    }
  }

  /** Ends in good order: close frame, then FIN. */
  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
    payload.writeUInt16BE(code, 0);
    payload.write(reason, 2);
    this.#sendControl(Opcode.close, payload);
    this.#isClosing = true;
    if (this.bufferedBytes === 0) this.#socket.end();
  }

  /** Ends without a close frame: FIN alone. */
  drop(): void {
    if (this.#isClosed) return;
    this.#isClosing = true;
    this.#socket.end();
  }

  /** Ends by TCP reset. */
  reset(): void {
    if (this.#isClosed) return;
    this.#isClosing = true;
    this.#socket.terminate();
  }

  /** Bytes from the client; called by the listener that owns the TCP socket. */
  receive(chunk: Uint8Array): void {
    if (!this.#isClosed) this.#reader.push(chunk);
  }

  /** The TCP socket takes bytes again. */
  drain(): void {
    this.#flush();
    if (this.bufferedBytes > 0) return;
    if (this.#isClosing) this.#socket.end();
    else this.#listener?.onDrain();
  }

  /** The TCP socket is gone. */
  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener?.onClose();
  }

  #onMessage(opcode: number, payload: Buffer): void {
    if (opcode === Opcode.text) this.#listener?.onText(payload.toString("utf8"));
    else if (opcode === Opcode.ping) {
      this.#sendControl(Opcode.pong, payload);
      this.#listener?.onPing();
    } else if (opcode === Opcode.pong) this.#listener?.onPong(payload);
    else if (opcode === Opcode.close) {
      // The answer to a close carries the same code; a muted peer says nothing.
      this.#sendControl(Opcode.close, payload.subarray(0, 2));
      if (!this.isMuted) this.drop();
    } else this.close(1003, "Only text is understood");
  }

  #sendControl(opcode: number, payload: Buffer): void {
    if (!this.isOpen || this.isMuted || !this.#reserve(payload.length + MAX_HEADER_BYTES)) return;
    const at = writeFrameHeader(this.#out, this.#end, { opcode, length: payload.length });
    this.#out.set(payload, at);
    this.#end = at + payload.length;
    if (this.#corkDepth === 0) this.#flush();
  }

  /** Makes room for `bytes` more; false when the client has fallen too far behind and was cut off. */
  #reserve(bytes: number): boolean {
    if (this.#end + bytes <= this.#out.length) return true;
    const waiting = this.bufferedBytes;
    const needed = waiting + bytes;
    if (needed > MAX_BUFFER_BYTES) {
      this.reset();
      return false;
    }
    const target = needed * 2 > this.#out.length ? Buffer.allocUnsafe(needed * 2) : this.#out;
    this.#out.copy(target, 0, this.#start, this.#end);
    this.#out = target;
    this.#start = 0;
    this.#end = waiting;
    return true;
  }

  #flush(): void {
    if (this.#isClosed || this.bufferedBytes === 0) return;
    const written = this.#socket.write(this.#out, this.#start, this.bufferedBytes);
    if (written > 0) {
      this.#start += written;
      this.bytesSent += written;
    }
    if (this.#start !== this.#end) return;
    this.#start = 0;
    this.#end = 0;
  }
}
