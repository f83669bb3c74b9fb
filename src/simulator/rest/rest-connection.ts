import type { Clock, Timer } from "../../runtime/clock.ts";
import type { TcpLink } from "../tcp-link.ts";
import { type HttpReply, replyBytes } from "./http-reply.ts";
import { type HttpRequest, RequestReader } from "./http-request.ts";

/** How an answer goes out; `hold`: never. */
export interface Delivery {
  readonly reply: HttpReply | Uint8Array | "hold" | "reset";
  readonly delayMs: number;
  /** One byte in so many ms; 0: at once. */
  readonly byteEveryMs: number;
}

/** What a connection is part of. */
export interface RestConnectionHost {
  readonly clock: Clock;
  answer(connection: RestConnection, request: HttpRequest): Delivery;
  onEnd(connection: RestConnection): void;
}

/** One TCP connection of a client: requests in, answers out, in order. */
export class RestConnection {
  readonly link: TcpLink;
  readonly id: string;
  /** Target of the last request. */
  lastTarget = "";
  readonly #host: RestConnectionHost;
  readonly #reader = new RequestReader();
  readonly #timers = new Set<Timer>();

  constructor(link: TcpLink, id: string, host: RestConnectionHost) {
    this.link = link;
    this.id = id;
    this.#host = host;
    link.listen({
      onBytes: (chunk) => this.#onBytes(chunk),
      onDrain: () => {},
      onClose: () => {
        for (const timer of this.#timers) timer.cancel();
        this.#timers.clear();
        host.onEnd(this);
      },
    });
  }

  #onBytes(chunk: Uint8Array): void {
    const requests = this.#reader.take(chunk);
    if (requests === null) {
      this.link.reset();
      return;
    }
    for (const request of requests) {
      this.lastTarget = request.target;
      this.#deliver(this.#host.answer(this, request));
    }
  }

  #deliver({ reply, delayMs, byteEveryMs }: Delivery): void {
    if (reply === "hold") return;
    if (delayMs > 0) {
      this.#after(delayMs, () => this.#deliver({ reply, delayMs: 0, byteEveryMs }));
      return;
    }
    if (reply === "reset") {
      this.link.reset();
      return;
    }
    const bytes = reply instanceof Uint8Array ? reply : replyBytes(reply);
    if (byteEveryMs === 0) this.link.write(bytes);
    else this.#trickle(bytes, 0, byteEveryMs);
  }

  #trickle(bytes: Uint8Array, at: number, everyMs: number): void {
    if (at >= bytes.length) return;
    this.link.write(bytes.subarray(at, at + 1));
    this.#after(everyMs, () => this.#trickle(bytes, at + 1, everyMs));
  }

  #after(delayMs: number, callback: () => void): void {
    const timer = this.#host.clock.schedule(delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }
}
