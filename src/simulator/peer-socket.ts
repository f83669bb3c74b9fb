import type { TcpLink } from "./tcp-link.ts";
import { ClientFrameReader, MAX_HEADER_BYTES, Opcode, writeFrameHeader } from "./websocket-frames.ts";

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
  readonly #link: TcpLink;
  readonly #reader: ClientFrameReader;
  #listener: PeerListener | null = null;

  constructor(link: TcpLink) {
    this.#link = link;
    this.#reader = new ClientFrameReader({
      onMessage: (opcode, payload) => this.#onMessage(opcode, payload),
      onViolation: (code, reason) => this.close(code, reason),
    });
    link.listen({
      onBytes: (chunk) => this.#reader.push(chunk),
      onDrain: () => this.#listener?.onDrain(),
      onClose: () => this.#listener?.onClose(),
    });
  }

  get isOpen(): boolean {
    return this.#link.isOpen;
  }

  /** Bytes the client has not taken yet (beyond what the kernel holds). */
  get bufferedBytes(): number {
    return this.#link.bufferedBytes;
  }

  get bytesSent(): number {
    return this.#link.bytesSent;
  }

  /** While true nothing at all is written, not even a pong: the peer looks half-open. */
  get isMuted(): boolean {
    return this.#link.isMuted;
  }

  set isMuted(isMuted: boolean) {
    this.#link.isMuted = isMuted;
  }

  listen(listener: PeerListener): void {
    this.#listener = listener;
  }

  sendText(text: string): void {
    const link = this.#link;
    if (!link.isWritable) return;
    const length = Buffer.byteLength(text);
    const start = link.reserve(length + MAX_HEADER_BYTES);
    if (start < 0) return;
    const at = writeFrameHeader(link.buffer, start, { opcode: Opcode.text, length });
    link.buffer.write(text, at, length, "utf8");
    link.commit(at + length - start);
  }

  ping(payload: string): void {
    this.#sendControl(Opcode.ping, Buffer.from(payload));
  }

  /** Writes bytes as they are, outside any frame rule: for broken frames. */
  sendBytes(bytes: Uint8Array): void {
    this.#link.write(bytes);
  }

  /** Gathers what `write` sends into as few system calls as it takes. */
  cork(write: () => void): void {
    this.#link.cork(write);
  }

  /** Ends in good order: close frame, then FIN. */
  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
    payload.writeUInt16BE(code, 0);
    payload.write(reason, 2);
    this.#sendControl(Opcode.close, payload);
    this.#link.finish();
  }

  /** Ends without a close frame: FIN alone. */
  drop(): void {
    this.#link.drop();
  }

  /** Ends by TCP reset. */
  reset(): void {
    this.#link.reset();
  }

  /** The TCP socket is gone. */
  closed(): void {
    this.#link.closed();
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
    const link = this.#link;
    if (!link.isWritable) return;
    const start = link.reserve(payload.length + MAX_HEADER_BYTES);
    if (start < 0) return;
    const at = writeFrameHeader(link.buffer, start, { opcode, length: payload.length });
    link.buffer.set(payload, at);
    link.commit(at + payload.length - start);
  }
}
