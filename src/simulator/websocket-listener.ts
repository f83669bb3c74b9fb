import { createHash } from "node:crypto";
import type { Socket } from "bun";
import { type LinkState, type LoopbackListener, listenOnLoopback } from "./loopback-listener.ts";
import { PeerSocket } from "./peer-socket.ts";
import { TcpLink } from "./tcp-link.ts";

/** RFC 6455, section 1.3. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** An HTTP request head may not be larger. */
const MAX_REQUEST_BYTES = 16 * 1024;
const HEAD_END = "\r\n\r\n";

/** The HTTP request that opens a WebSocket. */
export interface UpgradeRequest {
  /** Path with query, as sent. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** What becomes of a handshake. */
export type UpgradeAnswer =
  | { readonly kind: "accept" }
  | { readonly kind: "refuse"; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  /** The TCP connection stays open and nothing is ever answered. */
  | { readonly kind: "hold" };

/** What the listener asks and tells. */
export interface ListenerHandlers {
  decide(request: UpgradeRequest): UpgradeAnswer;
  onOpen(peer: PeerSocket, request: UpgradeRequest): void;
}

interface Connection extends LinkState {
  head: string;
  isRefused: boolean;
}

/**
 * Listens on 127.0.0.1. It is written on plain TCP, not on `Bun.serve`: a test bench must be able to reset a connection, to break
 * a frame and to leave a handshake unanswered, and it checks the client against a second implementation of RFC 6455.
 *
 * @param port 0 takes any free one
 * @throws IngestError `config_invalid` when the port cannot be had
 */
export function listenForWebSockets(port: number, handlers: ListenerHandlers): LoopbackListener {
  return listenOnLoopback<Connection>(port, {
    createState: () => ({ head: "", link: null, isRefused: false }),
    onOpen() {},
    onHandshake() {},
    onEarlyData: (socket, chunk) => readHead(socket, chunk, handlers),
  });
}

function readHead(socket: Socket<Connection>, chunk: Buffer, handlers: ListenerHandlers): void {
  const state = socket.data;
  if (state.isRefused) return;
  state.head += chunk.toString("latin1");
  const end = state.head.indexOf(HEAD_END);
  if (end < 0) {
    if (state.head.length > MAX_REQUEST_BYTES) socket.terminate();
    return;
  }
  const request = parseHead(state.head.slice(0, end));
  const key = request?.headers.get("sec-websocket-key");
  if (request === null || key === undefined) {
    refuse(socket, 400, {});
    return;
  }
  const answer = handlers.decide(request);
  if (answer.kind === "hold") {
    state.isRefused = true;
    return;
  }
  if (answer.kind === "refuse") {
    refuse(socket, answer.status, answer.headers);
    return;
  }
  const rest = Buffer.from(state.head.slice(end + HEAD_END.length), "latin1");
  accept(socket, key);
  const link = new TcpLink(socket);
  state.link = link;
  state.head = "";
  handlers.onOpen(new PeerSocket(link), request);
  if (rest.length > 0) link.receive(rest);
}

function parseHead(head: string): UpgradeRequest | null {
  const lines = head.split("\r\n");
  const match = /^GET (\S+) HTTP\/1\.1$/.exec(lines[0]);
  if (match === null) return null;
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { path: match[1], headers };
}

function accept(socket: Socket<Connection>, key: string): void {
  const proof = createHash("sha1")
    .update(key + ACCEPT_GUID)
    .digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`,
  );
}

function refuse(socket: Socket<Connection>, status: number, headers: Readonly<Record<string, string>>): void {
  socket.data.isRefused = true;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} Refused\r\n${lines.join("")}Content-Length: 0\r\nConnection: close\r\n\r\n`);
  socket.end();
}
