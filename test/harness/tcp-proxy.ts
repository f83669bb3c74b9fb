import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Held or delayed bytes per direction beyond which the sender is no longer read from. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;
/** A slow line holds what it carries within this time, as the queue of a router does, seconds. */
const QUEUE_SECONDS = 0.25;
/** Between two pieces, so that the receiver sees them as such, ms. */
const PIECE_EVERY_MS = 0.1;

/** Where a proxy listens and where it connects to. */
export interface TcpProxyOptions {
  /** 0 when it is not known yet. */
  readonly targetPort: number;
  /** 127.0.0.1 when absent. */
  readonly targetHost?: string;
  /** Address it listens on; 127.0.0.1 when absent. */
  readonly host?: string;
  /** 0, any free one, when absent. */
  readonly port?: number;
}

/** What a line does to the bytes of each connection, in each direction. */
export interface LineShape {
  /** Every chunk arrives this much later, ms. */
  readonly delayMs: number;
  /** Up to so much more or less, by chance, ms; the order of bytes stays. */
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
  /** Bytes arrive in pieces of 1 to so many. */
  readonly pieceBytesMax: number;
  /** A number from 0 to below 1. */
  readonly random: () => number;
}

/** A line that does nothing to them. */
export const PLAIN_LINE: LineShape = {
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  pieceBytesMax: Number.POSITIVE_INFINITY,
  random: () => 0,
};

/**
 * A TCP proxy on loopback whose faults a test turns on and off. It passes bytes until told otherwise; held bytes are
 * kept in order and delivered by `release()`, or lost for good when the connections are dropped first.
 */
export class TcpProxy {
  readonly #options: TcpProxyOptions;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #faults: Faults = {
    holdsRequests: false,
    holdsResponses: false,
    refuses: false,
    line: PLAIN_LINE,
    pieces: 0,
  };
  #targetPort: number;
  #acceptedTotal = 0;

  private constructor(options: TcpProxyOptions) {
    this.#options = options;
    this.#targetPort = options.targetPort;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  /** Resolves with a proxy that listens. */
  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
    });
    proxy.#server.unref();
    return proxy;
  }

  /** The port it connects to. */
  get targetPort(): number {
    return this.#options.targetPort;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** New connections are passed on to this port. */
  set targetPort(port: number) {
    this.#targetPort = port;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#links.size;
  }

  /** Connections accepted since the start. */
  get acceptedTotal(): number {
    return this.#acceptedTotal;
  }

  /** Chunks passed on since the start, in both directions. */
  get piecesTotal(): number {
    return this.#faults.pieces;
  }

  /** Bytes of answers that wait in the proxy now: a test knows by them that an answer was held. */
  get heldResponseBytes(): number {
    let bytes = 0;
    for (const link of this.#links) bytes += link.responses.waitingBytes;
    return bytes;
  }

  /** Bytes of requests that wait in the proxy now. */
  get heldRequestBytes(): number {
    let bytes = 0;
    for (const link of this.#links) bytes += link.requests.waitingBytes;
    return bytes;
  }

  /** Requests still reach the server; its answers wait. */
  holdResponses(): void {
    this.#faults.holdsResponses = true;
  }

  /** Nothing passes in either direction, nothing is closed, new connections are taken and stay silent. */
  blackhole(): void {
    this.#faults.holdsRequests = true;
    this.#faults.holdsResponses = true;
  }

  /** New connections are closed at once. */
  refuse(): void {
    this.#faults.refuses = true;
  }

  /** Every chunk of bytes arrives this much later, in each direction, ms; 0 ends it for what comes after. */
  set delayMs(delayMs: number) {
    this.#faults.line = { ...this.#faults.line, delayMs };
  }

  /** What becomes of the bytes that come from now on; what is left out is as on a {@link PLAIN_LINE}. */
  set line(line: Partial<LineShape>) {
    this.#faults.line = { ...PLAIN_LINE, ...line };
  }

  /** Closes all connections; what was held on them is lost. */
  dropConnections(): void {
    for (const link of [...this.#links]) link.destroy();
  }

  /** Ends every fault and delivers what was held. */
  release(): void {
    Object.assign(this.#faults, { holdsRequests: false, holdsResponses: false, refuses: false, line: PLAIN_LINE });
    for (const link of this.#links) link.flush();
  }

  /** Drops all connections and listens no more. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.dropConnections();
    await closed;
  }

  #accept(client: Socket): void {
    this.#acceptedTotal++;
    if (this.#faults.refuses) {
      client.destroy();
      return;
    }
    const host = this.#options.targetHost ?? "127.0.0.1";
    const server = connect({ port: this.#targetPort, host, allowHalfOpen: true, noDelay: true });
    const link: Link = new Link({ client, server, faults: this.#faults, onEnd: () => this.#links.delete(link) });
    this.#links.add(link);
  }
}

interface Faults {
  holdsRequests: boolean;
  holdsResponses: boolean;
  refuses: boolean;
  line: LineShape;
  pieces: number;
}

interface LinkOptions {
  readonly client: Socket;
  readonly server: Socket;
  readonly faults: Faults;
  readonly onEnd: () => void;
}

/** One client connection and its connection to the server. */
class Link {
  readonly requests: Direction;
  readonly responses: Direction;
  readonly #options: LinkOptions;

  constructor(options: LinkOptions) {
    const { client, server, faults } = options;
    this.#options = options;
    this.requests = new Direction(client, server, { faults, isHeld: () => faults.holdsRequests });
    this.responses = new Direction(server, client, { faults, isHeld: () => faults.holdsResponses });
    for (const socket of [client, server]) {
      // An error is always followed by the close, which ends both sides.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => this.destroy());
    }
  }

  flush(): void {
    this.requests.flush();
    this.responses.flush();
  }

  destroy(): void {
    this.#options.client.destroy();
    this.#options.server.destroy();
    this.requests.clear();
    this.responses.clear();
    this.#options.onEnd();
  }
}

interface DirectionFaults {
  readonly faults: Faults;
  readonly isHeld: () => boolean;
}

/** A chunk on its way; null is the end of the stream. */
interface Waiting {
  readonly chunk: Buffer | null;
  readonly dueMs: number;
}

/** The bytes of one direction, in order, through hold and delay. */
class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #control: DirectionFaults;
  readonly #queue: Waiting[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #lastDueMs = 0;
  waitingBytes = 0;

  constructor(from: Socket, to: Socket, control: DirectionFaults) {
    this.#from = from;
    this.#to = to;
    this.#control = control;
    from.on("data", (chunk: Buffer) => this.#add(chunk));
    from.on("end", () => this.#add(null));
    to.on("drain", () => this.#deliver());
  }

  /** Delivers all that waits now, whatever delay it was given. */
  flush(): void {
    for (let i = 0; i < this.#queue.length; i++) this.#queue[i] = { chunk: this.#queue[i].chunk, dueMs: 0 };
    this.#lastDueMs = 0;
    this.#deliver();
  }

  clear(): void {
    this.#queue.length = 0;
    this.waitingBytes = 0;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #add(chunk: Buffer | null): void {
    const { pieceBytesMax, random } = this.#control.faults.line;
    if (chunk === null || pieceBytesMax === Number.POSITIVE_INFINITY) this.#queuePiece(chunk, 0);
    else {
      for (let at = 0; at < chunk.length; ) {
        const length = Math.min(1 + Math.floor(random() * pieceBytesMax), chunk.length - at);
        this.#queuePiece(chunk.subarray(at, at + length), PIECE_EVERY_MS);
        at += length;
      }
    }
    if (this.waitingBytes > this.#heldBytesMax) this.#from.pause();
    this.#deliver();
  }

  #queuePiece(chunk: Buffer | null, everyMs: number): void {
    const { delayMs, jitterMs, bytesPerSecond, random } = this.#control.faults.line;
    const length = chunk?.length ?? 0;
    const jitter = jitterMs === 0 ? 0 : jitterMs * (2 * random() - 1);
    // One line: what comes later never overtakes, and waits until what is before it has been carried.
    const startMs = Math.max(performance.now() + delayMs + jitter, this.#lastDueMs + everyMs);
    const dueMs = startMs + (1000 * length) / bytesPerSecond;
    this.#lastDueMs = dueMs;
    this.#queue.push({ chunk, dueMs });
    this.waitingBytes += length;
  }

  get #heldBytesMax(): number {
    return Math.min(HELD_BYTES_MAX, this.#control.faults.line.bytesPerSecond * QUEUE_SECONDS);
  }

  #deliver(): void {
    while (this.#queue.length > 0 && !this.#control.isHeld() && !this.#to.writableNeedDrain) {
      const next = this.#queue[0];
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer ??= setTimeout(() => this.#onTimer(), waitMs);
        return;
      }
      this.#queue.shift();
      this.waitingBytes -= next.chunk?.length ?? 0;
      if (next.chunk === null) this.#to.end();
      else this.#to.write(next.chunk);
      this.#control.faults.pieces++;
    }
    if (this.waitingBytes <= this.#heldBytesMax) this.#from.resume();
  }

  #onTimer(): void {
    this.#timer = null;
    this.#deliver();
  }
}
