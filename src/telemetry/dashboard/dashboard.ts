import { hostname } from "node:os";
import type { Server, WebSocketHandler } from "bun";
import { errorFields, type Log } from "../../domain/log.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { MetricsSnapshot } from "../metrics-snapshot.ts";
import type { DashboardTaps } from "./dashboard-taps.ts";
import { MessageMaker } from "./message-maker.ts";
import { PAGE_ID, pageResponse } from "./page-response.ts";
import { parsePlotRequest } from "./plot-request.ts";
import { type OwnNames, whyRefused } from "./same-site.ts";
import { VIEWERS_MAX, Viewers } from "./viewers.ts";

/** Viewers are brought up to date this often, ms. */
const PUSH_EVERY_MS = 250;
/** Rates and latencies are measured this often, also when nobody looks, ms. */
const SAMPLE_EVERY_MS = 1000;
/** Nothing but short requests comes from a viewer. */
const REQUEST_BYTES_MAX = 512;
/** Beyond this Bun closes the connection by itself; larger than a first message with all its quotes. */
const SOCKET_QUEUE_BYTES_MAX = 4 * 1024 * 1024;
/** A viewer that does not even answer a ping is gone after this, s. */
const VIEWER_IDLE_SECONDS = 60;

/** Status of a close: not a request, no room. */
const POLICY = 1008;
const TRY_LATER = 1013;

/** What the dashboard needs. */
export interface DashboardOptions {
  readonly taps: DashboardTaps;
  readonly clock: Clock;
  readonly takeSnapshot: () => MetricsSnapshot;
  readonly redact: (text: string) => string;
  readonly log: Log;
  /** Where the admin server listens. */
  readonly adminHost: string;
}

/** Serves the page, keeps the history it begins with, and pushes what changes to those who look. */
export class Dashboard {
  /** For `Bun.serve`. */
  readonly websocket: WebSocketHandler<undefined>;
  readonly #options: DashboardOptions;
  readonly #messages: MessageMaker;
  readonly #viewers = new Viewers();
  readonly #own: OwnNames;
  #sampling: Timer | null = null;
  #pushing: Timer | null = null;

  constructor(options: DashboardOptions) {
    const { taps, redact, adminHost } = options;
    this.#options = options;
    this.#messages = new MessageMaker({ pageId: PAGE_ID, taps, redact });
    this.#own = { adminHost, machineName: hostname() };
    this.websocket = {
      maxPayloadLength: REQUEST_BYTES_MAX,
      backpressureLimit: SOCKET_QUEUE_BYTES_MAX,
      closeOnBackpressureLimit: true,
      idleTimeout: VIEWER_IDLE_SECONDS,
      sendPings: true,
      // Compressing would cost more CPU than all the rest, and a link to an operator has room.
      perMessageDeflate: false,
      open: (socket) => {
        // Several upgrades may have been under way at once.
        if (this.#viewers.size >= VIEWERS_MAX) return socket.close(TRY_LATER, "too many viewers");
        this.#viewers.add(socket);
        if (this.#pushing === null) this.#beginToPush();
      },
      message: (socket, message) => {
        if (!this.#viewers.mayAsk(socket)) return;
        const request = parsePlotRequest(message);
        if (request === null) return socket.close(POLICY, "not a request");
        socket.send(this.#messages.history(request.feed));
      },
      close: (socket) => {
        this.#viewers.remove(socket);
        if (this.#viewers.size === 0) this.#endPushing();
      },
    };
  }

  /** Begins to measure. */
  start(): void {
    this.#safely(() => this.#messages.sample(this.#options.takeSnapshot()));
    this.#sampling = this.#options.clock.schedule(SAMPLE_EVERY_MS, () => this.start());
  }

  /** Measures and pushes no more, and sends the viewers away. */
  stop(): void {
    this.#sampling?.cancel();
    this.#sampling = null;
    this.#endPushing();
    this.#viewers.closeAll();
  }

  /** The page, or why this browser does not get it. */
  page(request: Request): Response {
    return this.#refusal(request) ?? pageResponse(request);
  }

  /** Makes a WebSocket of the request; a response when that is not to be. */
  connect(request: Request, server: Server<undefined>): Response | undefined {
    const refusal = this.#refusal(request);
    if (refusal !== null) return refusal;
    if (this.#viewers.size >= VIEWERS_MAX) return refuse(503, `Too many viewers: there are ${VIEWERS_MAX} already`);
    return server.upgrade(request) ? undefined : refuse(426, "This is for the WebSocket of the page");
  }

  #refusal(request: Request): Response | null {
    const why = whyRefused(request.headers, this.#own);
    return why === null ? null : refuse(403, `Refused: ${why}`);
  }

  #beginToPush(): void {
    this.#options.taps.quotes?.open();
    this.#messages.beginUpdates();
    this.#pushing = this.#options.clock.schedule(0, () => this.#push());
  }

  #endPushing(): void {
    this.#pushing?.cancel();
    this.#pushing = null;
    this.#options.taps.quotes?.close();
  }

  #push(): void {
    this.#pushing = this.#options.clock.schedule(PUSH_EVERY_MS, () => this.#push());
    this.#safely(() => {
      const { size, skippedUpdates } = this.#viewers;
      const viewers = { now: size, max: VIEWERS_MAX, skippedUpdates };
      this.#viewers.send(this.#messages.frames(this.#options.takeSnapshot(), viewers));
    });
  }

  /** A defect of the dashboard must not end the program it shows. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log.error(errorFields(error), "dashboard_failed");
    }
  }
}

function refuse(status: number, text: string): Response {
  const headers = {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  };
  return new Response(`${text}\n`, { status, headers });
}
