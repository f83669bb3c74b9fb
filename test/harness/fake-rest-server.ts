import type { Socket, TCPSocketListener } from "bun";

/** One GET of a client under test. */
export interface RestRequest {
  /** Path with query, as sent. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Number of the connection, from 0: the same for requests that share one. */
  readonly connection: number;
}

/** What becomes of a request. */
export type RestAnswer =
  | {
      readonly kind: "answer";
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    }
  /** Written as it is; the connection is ended unless `keep`. */
  | { readonly kind: "bytes"; readonly bytes: string | Uint8Array; readonly keep?: boolean }
  | { readonly kind: "hold" }
  | { readonly kind: "reset" };

interface Link {
  readonly number: number;
  head: string;
  isAsking: boolean;
}

/** An HTTP/1.1 server on loopback that a test plays by hand, down to what no honest server does. */
export class FakeRestServer {
  readonly requests: RestRequest[] = [];
  /** What becomes of the next requests. */
  onRequest: (request: RestRequest) => RestAnswer = () => ({ kind: "answer", body: "{}" });
  /** Most requests without full answer at the same time so far. */
  openRequestsMax = 0;
  connectionsOpened = 0;
  readonly #sockets = new Set<Socket<Link>>();
  readonly #listener: TCPSocketListener<Link>;

  constructor() {
    this.#listener = Bun.listen<Link>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          socket.data = { number: this.connectionsOpened++, head: "", isAsking: false };
          this.#sockets.add(socket);
        },
        data: (socket, bytes) => this.#onBytes(socket, bytes),
        close: (socket) => void this.#sockets.delete(socket),
        error: (socket) => void this.#sockets.delete(socket),
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.port}`;
  }

  /** Requests without full answer now: an idle connection kept for later is none. */
  get openRequests(): number {
    return [...this.#sockets].filter((socket) => socket.data.isAsking).length;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Resets every connection. */
  drop(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  /** Ends every connection; the port refuses new ones. */
  stop(): void {
    this.drop();
    this.#listener.stop(true);
  }

  #onBytes(socket: Socket<Link>, bytes: Buffer): void {
    const link = socket.data;
    link.head += bytes.toString("latin1");
    if (!link.head.endsWith("\r\n\r\n")) return;
    const request = readRequest(link.head, link.number);
    link.head = "";
    link.isAsking = true;
    this.openRequestsMax = Math.max(this.openRequestsMax, this.openRequests);
    this.requests.push(request);
    const answer = this.onRequest(request);
    if (answer.kind === "hold") return;
    if (answer.kind === "reset") {
      socket.terminate();
      return;
    }
    link.isAsking = false;
    if (answer.kind === "bytes") {
      socket.write(answer.bytes);
      link.isAsking = answer.keep === true;
      if (answer.keep !== true) socket.end();
      return;
    }
    const { status = 200, headers = {}, body = "" } = answer;
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    const lines = Object.entries({ "Content-Type": "application/json", ...headers, "Content-Length": String(length) });
    socket.write(`HTTP/1.1 ${status} x\r\n${lines.map(([key, value]) => `${key}: ${value}\r\n`).join("")}\r\n`);
    socket.write(body);
  }
}

function readRequest(head: string, connection: number): RestRequest {
  const [first, ...lines] = head.trimEnd().split("\r\n");
  const target = first.split(" ")[1];
  const url = new URL(target, "http://x");
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  return { target, path: url.pathname, query: url.searchParams, headers, connection };
}
