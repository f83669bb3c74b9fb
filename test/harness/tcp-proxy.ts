import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Held or delayed bytes per direction beyond which the sender is no longer read from. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;

/** Where a proxy listens and where it connects to. */
export interface TcpProxyOptions {
  readonly targetPort: number;
  /** 127.0.0.1 when absent. */
  readonly targetHost?: string;
  /** 0, any free one, when absent. */
  readonly port?: number;
}

/**
 * A TCP proxy on loopback whose faults a test turns on and off. It passes bytes until told otherwise; held bytes are
 * kept in order and delivered by `release()`, or lost for good when the connections are dropped first.
 */
export class TcpProxy {
  readonly #options: TcpProxyOptions;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #faults: Faults = { holdsRequests: false, holdsResponses: false, refuses: false, delayMs: 0 };
  #acceptedTotal = 0;

  private constructor(options: TcpProxyOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  /** Resolves with a proxy that listens. */
  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
    proxy.#server.unref();
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#links.size;
  }

  /** Connections accepted since the start. */
  get acceptedTotal(): number {
    return this.#acceptedTotal;
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
    this.#faults.delayMs = delayMs;
  }

  /** Closes all connections; what was held on them is lost. */
  dropConnections(): void {
    for (const link of [...this.#links]) link.destroy();
  }

  /** Ends every fault and delivers what was held. */
  release(): void {
    Object.assign(this.#faults, { holdsRequests: false, holdsResponses: false, refuses: false, delayMs: 0 });
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
    const { targetPort, targetHost } = this.#options;
    const server = connect({ port: targetPort, host: targetHost ?? "127.0.0.1", allowHalfOpen: true, noDelay: true });
    const link: Link = new Link({ client, server, faults: this.#faults, onEnd: () => this.#links.delete(link) });
    this.#links.add(link);
  }
}

interface Faults {
  holdsRequests: boolean;
  holdsResponses: boolean;
  refuses: boolean;
  delayMs: number;
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
    this.#deliver();
  }

  clear(): void {
    this.#queue.length = 0;
    this.waitingBytes = 0;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #add(chunk: Buffer | null): void {
    this.#queue.push({ chunk, dueMs: performance.now() + this.#control.faults.delayMs });
    this.waitingBytes += chunk?.length ?? 0;
    if (this.waitingBytes > HELD_BYTES_MAX) this.#from.pause();
    this.#deliver();
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
    }
    if (this.waitingBytes <= HELD_BYTES_MAX) this.#from.resume();
  }

  #onTimer(): void {
    this.#timer = null;
    this.#deliver();
  }
}
