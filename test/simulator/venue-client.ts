import { type SimulatorOptions, startWebSocketSimulator } from "../../src/simulator/simulator.ts";
import type { WebSocketSimulator } from "../../src/simulator/websocket-simulator.ts";
import { FakeClock } from "../harness/fake-clock.ts";

/** Nothing a loopback peer does takes this long. */
const WAIT_LIMIT_MS = 5000;

/** How a connection ended, as the client saw it. */
export interface SeenClose {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** A bare WebSocket client that knows no venue: what it receives is kept in order and can be waited for. */
export class VenueClient {
  readonly messages: string[] = [];
  readonly closed: Promise<SeenClose>;
  pingsSeen = 0;
  readonly #socket: WebSocket;
  readonly #opened: Promise<void>;
  #waiters: (() => void)[] = [];
  #next = 0;

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#opened = new Promise((resolve, reject) => {
      this.#socket.addEventListener("open", () => resolve());
      this.#socket.addEventListener("error", (event) => reject(new Error((event as ErrorEvent).message)));
    });
    this.#opened.catch(() => {});
    this.#socket.addEventListener("message", (event) => {
      this.messages.push(String(event.data));
      this.#wake();
    });
    this.#socket.addEventListener("ping", () => {
      this.pingsSeen++;
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.#socket.addEventListener("close", ({ code, reason, wasClean }) => resolve({ code, reason, wasClean }));
    });
  }

  opened(): Promise<void> {
    return this.#opened;
  }

  send(message: object | string): void {
    this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  ping(): void {
    this.#socket.ping();
  }

  end(): void {
    this.#socket.close(1000);
  }

  /** Drops the link without a word. */
  vanish(): void {
    this.#socket.terminate();
  }

  /** The next message not yet taken, in order. */
  async nextText(): Promise<string> {
    await this.until(() => this.messages.length > this.#next);
    return this.messages[this.#next++];
  }

  /** The next message not yet taken, parsed. */
  async next<T = Record<string, unknown>>(): Promise<T> {
    return JSON.parse(await this.nextText()) as T;
  }

  /** Messages that have arrived and were not taken. */
  takeAll(): string[] {
    const rest = this.messages.slice(this.#next);
    this.#next = this.messages.length;
    return rest;
  }

  /** Waits for something that arriving frames make true. */
  async until(isTrue: () => boolean): Promise<void> {
    const deadline = Date.now() + WAIT_LIMIT_MS;
    while (!isTrue()) {
      if (Date.now() > deadline) throw new Error(`Cannot see what was waited for: got ${this.messages.join("\n")}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50);
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}

/** A simulator on a clock that stands still, and clients to it; everything ends with `stop`. */
export class Bench {
  readonly clock = new FakeClock();
  readonly simulator: WebSocketSimulator;
  readonly #clients: VenueClient[] = [];

  constructor(options: Partial<SimulatorOptions> & { venue: string }) {
    this.simulator = startWebSocketSimulator({ seed: 1, ratePerSecond: 10, clock: this.clock, ...options });
  }

  /** @param path replaces the venue's own */
  async connect(path?: string): Promise<VenueClient> {
    const url = path === undefined ? this.simulator.url : `ws://127.0.0.1:${this.simulator.port}${path}`;
    const client = new VenueClient(url);
    this.#clients.push(client);
    await client.opened();
    return client;
  }

  /** Waits until the simulator has read `count` requests. */
  async requestsRead(count: number): Promise<void> {
    await this.until(() => this.simulator.stats().requests >= count);
  }

  /** Waits for something the simulator comes to know through its sockets. */
  async until(isTrue: () => boolean): Promise<void> {
    const deadline = Date.now() + WAIT_LIMIT_MS;
    while (!isTrue()) {
      if (Date.now() > deadline) throw new Error("Cannot see what was waited for in the simulator");
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  stop(): void {
    for (const client of this.#clients) client.vanish();
    this.simulator.stop();
  }
}
