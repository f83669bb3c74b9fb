import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { FrameCutter } from "../../../harness/fix-wire.ts";
import type { Arrival, InitiatorLink } from "./mirror.ts";

/** Takes the connections of an initiator one after the other and hands out its messages. */
export class TcpAcceptor {
  readonly #server: Server;
  readonly #waitingLinks: TcpLink[] = [];
  #onLink: ((link: TcpLink) => void) | null = null;

  private constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#take(new TcpLink(socket)));
  }

  /** Resolves with an acceptor that listens on a port of loopback. */
  static async start(): Promise<TcpAcceptor> {
    const acceptor = new TcpAcceptor();
    await new Promise<void>((resolve) => acceptor.#server.listen(0, "127.0.0.1", resolve));
    acceptor.#server.unref();
    return acceptor;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connection; rejects when none comes in time. */
  async nextLink(limitMs: number): Promise<InitiatorLink> {
    const waiting = this.#waitingLinks.shift();
    if (waiting !== undefined) return waiting;
    const { promise, resolve, reject } = Promise.withResolvers<InitiatorLink>();
    const timer = setTimeout(() => reject(new Error(`Cannot go on: no connection within ${limitMs} ms`)), limitMs);
    this.#onLink = (link) => {
      clearTimeout(timer);
      resolve(link);
    };
    return await promise;
  }

  stop(): void {
    this.#server.close();
    for (const link of this.#waitingLinks) link.destroy();
  }

  #take(link: TcpLink): void {
    const onLink = this.#onLink;
    this.#onLink = null;
    if (onLink === null) this.#waitingLinks.push(link);
    else onLink(link);
  }
}

class TcpLink implements InitiatorLink {
  readonly #socket: Socket;
  readonly #arrivals: Arrival[] = [];
  #onArrival: ((arrival: Arrival) => void) | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    const cutter = new FrameCutter();
    socket.on("data", (chunk) => {
      for (const frame of cutter.cut(chunk as Buffer)) this.#arrive(frame);
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#arrive("closed"));
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  async next(limitMs: number): Promise<Arrival> {
    const waiting = this.#arrivals.shift();
    if (waiting !== undefined) return waiting;
    const { promise, resolve } = Promise.withResolvers<Arrival>();
    const timer = setTimeout(() => this.#arrive("silent"), limitMs);
    this.#onArrival = (arrival) => {
      clearTimeout(timer);
      resolve(arrival);
    };
    return await promise;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #arrive(arrival: Arrival): void {
    const onArrival = this.#onArrival;
    this.#onArrival = null;
    if (onArrival === null) this.#arrivals.push(arrival);
    else onArrival(arrival);
  }
}
