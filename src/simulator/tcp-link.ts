import type { Socket } from "bun";
import type { Clock, Timer } from "../runtime/clock.ts";

/** Room for bytes at the start; grows while the client does not read. */
const INITIAL_BUFFER_BYTES = 64 * 1024;
/** A client that leaves this much unread is cut off: memory stays bounded whatever the venue sends. */
const MAX_BUFFER_BYTES = 16 * 1024 * 1024;

/** What happens on one accepted TCP connection. */
export interface LinkListener {
  /** @param chunk borrowed */
  onBytes(chunk: Uint8Array): void;
  /** All that was buffered has gone out. */
  onDrain(): void;
  /** Called once, however the connection ended. */
  onClose(): void;
}

/** How bytes are put on the wire, for clients that must not care. */
export interface LinkPace {
  readonly clock: Clock;
  /** At most so many bytes by one write, the next one a turn of the event loop later; 0: as many as there are. */
  readonly segmentBytes: number;
  /** Bytes wait so long for others and then go together, ms; 0: at once. */
  readonly holdMs: number;
}

/** The venue's side of one TCP connection, with a bounded buffer and the ways to end it. */
export class TcpLink {
  readonly #socket: Socket<unknown>;
  #listener: LinkListener | null = null;
  #out = Buffer.allocUnsafe(INITIAL_BUFFER_BYTES);
  #start = 0;
  #end = 0;
  #corkDepth = 0;
  #isClosing = false;
  #isClosed = false;
  #pace: LinkPace | null = null;
  #timer: Timer | null = null;
  /** While true nothing at all is written: the peer looks half-open. */
  isMuted = false;
  /** While true what the client sends is not heard. */
  isDeaf = false;
  bytesSent = 0;

  constructor(socket: Socket<unknown>) {
    this.#socket = socket;
    socket.setNoDelay(true);
  }

  get isOpen(): boolean {
    return !this.#isClosing && !this.#isClosed;
  }

  /** True while bytes can be sent that will be seen. */
  get isWritable(): boolean {
    return this.isOpen && !this.isMuted;
  }

  /** Bytes the client has not taken yet (beyond what the kernel holds). */
  get bufferedBytes(): number {
    return this.#end - this.#start;
  }

  /** Where reserved bytes are written. */
  get buffer(): Buffer {
    return this.#out;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
  }

  /** From now on bytes go out so; null: as they come. */
  setPace(pace: LinkPace | null): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#pace = pace;
    this.#flush();
  }

  /** Copies bytes out; nothing when muted or closed. */
  write(bytes: Uint8Array): void {
    if (!this.isWritable) return;
    const at = this.reserve(bytes.length);
    if (at < 0) return;
    this.#out.set(bytes, at);
    this.commit(bytes.length);
  }

  /**
   * Makes room for `bytes` more in {@link buffer}.
   *
   * @returns where they begin; −1 when the client has fallen too far behind and was cut off
   */
  reserve(bytes: number): number {
    if (this.#end + bytes <= this.#out.length) return this.#end;
    const waiting = this.bufferedBytes;
    const needed = waiting + bytes;
    if (needed > MAX_BUFFER_BYTES) {
      this.reset();
      return -1;
    }
    const target = needed * 2 > this.#out.length ? Buffer.allocUnsafe(needed * 2) : this.#out;
    this.#out.copy(target, 0, this.#start, this.#end);
    this.#out = target;
    this.#start = 0;
    this.#end = waiting;
    return this.#end;
  }

  /** The first `bytes` of what was reserved are written: they may go. */
  commit(bytes: number): void {
    this.#end += bytes;
    if (this.#corkDepth === 0) this.#send();
  }

  /** Gathers what `write` sends into as few system calls as it takes. */
  cork(write: () => void): void {
    this.#corkDepth++;
    try {
      write();
    } finally {
      this.#corkDepth--;
      if (this.#corkDepth === 0) this.#send();
    }
  }

  /** Ends in good order: what is buffered goes out, then FIN. */
  finish(): void {
    if (!this.isOpen) return;
    this.#isClosing = true;
    if (this.bufferedBytes === 0) this.#socket.end();
  }

  /** Ends by FIN alone; what is buffered is lost. */
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
    if (!this.#isClosed && !this.isDeaf) this.#listener?.onBytes(chunk);
  }

  /** The TCP socket takes bytes again. */
  drain(): void {
    this.#flush();
    if (this.#isClosed || this.bufferedBytes > 0) return;
    if (this.#isClosing) this.#socket.end();
    else this.#listener?.onDrain();
  }

  /** The TCP socket is gone. */
  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#listener?.onClose();
  }

  #send(): void {
    const pace = this.#pace;
    if (pace === null || pace.holdMs === 0) this.#flush();
    else this.#later(pace.holdMs);
  }

  #later(delayMs: number): void {
    const pace = this.#pace;
    if (pace === null || this.#timer !== null) return;
    const go = () => {
      this.#timer = null;
      this.drain();
    };
    this.#timer = delayMs === 0 ? pace.clock.scheduleSoon(go) : pace.clock.schedule(delayMs, go);
  }

  #flush(): void {
    if (this.#isClosed || this.bufferedBytes === 0 || this.#timer !== null) return;
    const segment = this.#pace?.segmentBytes ?? 0;
    const most = segment === 0 ? this.bufferedBytes : Math.min(segment, this.bufferedBytes);
    const written = this.#socket.write(this.#out, this.#start, most);
    if (written > 0) {
      this.#start += written;
      this.bytesSent += written;
    }
    if (this.#start !== this.#end) {
      // A full socket says when it can take more; a segment that went out does not.
      if (written === most) this.#later(0);
      return;
    }
    this.#start = 0;
    this.#end = 0;
  }
}
