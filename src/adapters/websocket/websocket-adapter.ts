import type { TurnQueue } from "../../runtime/turn-queue.ts";
import type { CompiledVenue } from "../../venues/compiled-venue.ts";
import type { Adapter, Session, SessionContext } from "../adapter.ts";
import { WebSocketSession } from "./websocket-session.ts";

/** A handshake that takes longer than this has failed, ms. The client's own limit is 124 s. */
const HANDSHAKE_LIMIT_MS = 5000;

/** How a WebSocket venue is reached. */
export interface WebSocketAdapterOptions {
  readonly venue: CompiledVenue;
  /** Shared by all sockets of the process, so that a flood on many starves nobody. */
  readonly turns: TurnQueue;
  /** Instead of the venue's own. */
  readonly url?: string;
  /** PEM of the authorities to trust instead of the system's. */
  readonly caPem?: string;
  readonly handshakeLimitMs?: number;
}

/** Runs sessions over WebSocket, on Bun's native client. What the venue speaks is all in its {@link CompiledVenue}. */
export class WebSocketAdapter implements Adapter {
  readonly transport = "websocket";
  readonly target: string;
  readonly #options: WebSocketAdapterOptions;
  readonly #url: string;

  constructor(options: WebSocketAdapterOptions) {
    this.#options = options;
    this.#url = options.url ?? options.venue.url;
    this.target = withoutSecrets(this.#url);
  }

  startSession(context: SessionContext): Session {
    return new WebSocketSession(context, {
      venue: this.#options.venue,
      turns: this.#options.turns,
      url: this.#url,
      target: this.target,
      caPem: this.#options.caPem ?? null,
      handshakeLimitMs: this.#options.handshakeLimitMs ?? HANDSHAKE_LIMIT_MS,
    });
  }
}

/** Scheme, host and path: user, password, query and fragment may hold secrets. */
function withoutSecrets(text: string): string {
  if (!URL.canParse(text)) return "(unreadable URL)";
  const url = new URL(text);
  return `${url.protocol}//${url.host}${url.pathname}`;
}
