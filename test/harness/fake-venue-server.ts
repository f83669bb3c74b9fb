import { createHash } from "node:crypto";
import type { Socket, TCPSocketListener } from "bun";
import { PeerSocket } from "../../src/simulator/peer-socket.ts";
import { TcpLink } from "../../src/simulator/tcp-link.ts";
import { Opcode, writeFrameHeader } from "../../src/simulator/websocket-frames.ts";

/** RFC 6455, section 1.3. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Give up waiting for something that must come, ms. */
const WAIT_MS_MAX = 3000;
/** One round of waiting, ms. */
const WAIT_STEP_MS = 2;
/** Between two bytes of a slow server, ms. */
const TRICKLE_MS = 10;

/** One connection of a client under test. */
export class FakeVenueConnection {
  readonly peer: PeerSocket;
  /** The client's handshake, as sent. */
  readonly request: string;
  readonly received: string[] = [];
  pings = 0;
  pongs = 0;
  isClosed = false;
  /** Called when all that was written has gone out. */
  onDrain: () => void = () => {};
  /** Called for every text the client sends. */
  onText: (text: string) => void = () => {};

  constructor(peer: PeerSocket, request: string) {
    this.peer = peer;
    this.request = request;
    peer.listen({
      onText: (text) => {
        this.received.push(text);
        this.onText(text);
      },
      onPing: () => {
        this.pings++;
      },
      onPong: () => {
        this.pongs++;
      },
      onDrain: () => this.onDrain(),
      onClose: () => {
        this.isClosed = true;
      },
    });
  }

  send(...texts: string[]): void {
    for (const text of texts) this.peer.sendText(text);
  }

  /** One frame as this says it is, lawful or not. */
  sendFrame(opcode: number, payload: Uint8Array, firstByte = 0): void {
    const header = Buffer.alloc(10);
    const headerBytes = writeFrameHeader(header, 0, { opcode, length: payload.length });
    header[0] |= firstByte;
    this.peer.sendBytes(Buffer.concat([header.subarray(0, headerBytes), payload]));
  }

  sendBinary(payload: Uint8Array): void {
    this.sendFrame(Opcode.binary, payload);
  }

  /** Sends quotes without end and as fast as they are taken, until the connection ends. */
  flood(text: string): void {
    const payload = Buffer.from(text);
    const header = Buffer.alloc(10);
    const headerBytes = writeFrameHeader(header, 0, { opcode: Opcode.text, length: payload.length });
    const one = Buffer.concat([header.subarray(0, headerBytes), payload]);
    const chunk = Buffer.concat(Array.from({ length: 500 }, () => one));
    this.onDrain = () => {
      while (this.peer.isOpen && this.peer.bufferedBytes === 0) this.peer.sendBytes(chunk);
    };
    this.onDrain();
  }

  /** Resolves when the client has sent this many texts. */
  async receives(count: number): Promise<string[]> {
    await eventually(() => this.received.length >= count, `${count} messages from the client`);
    return this.received;
  }
}

/** What becomes of a handshake. */
export type HandshakeAnswer =
  | { readonly kind: "accept" }
  /** Written as it is, and the connection ended. */
  | { readonly kind: "text"; readonly text: string }
  /** Written byte by byte, slowly, without an end. */
  | { readonly kind: "trickle"; readonly text: string }
  | { readonly kind: "hold" }
  | { readonly kind: "reset" };

/** Key and certificate, PEM. */
export interface FakeVenueTls {
  readonly key: string;
  readonly cert: string;
}

/** What is known of one TCP connection. */
interface Link {
  head: string;
  /** Null until the handshake was accepted. */
  tcp: TcpLink | null;
}

/** A WebSocket venue on loopback that a test plays by hand, down to what no honest venue does. */
export class FakeVenueServer {
  /** Those whose handshake was accepted, in order. */
  readonly connections: FakeVenueConnection[] = [];
  /** What becomes of the next handshakes. */
  answer: HandshakeAnswer = { kind: "accept" };
  /** Called with each new connection. */
  onConnection: (connection: FakeVenueConnection) => void = () => {};
  readonly #sockets = new Set<Socket<Link>>();
  readonly #listener: TCPSocketListener<Link>;
  readonly #scheme: "ws" | "wss";

  constructor(tls?: FakeVenueTls) {
    this.#scheme = tls === undefined ? "ws" : "wss";
    this.#listener = Bun.listen<Link>({
      hostname: "127.0.0.1",
      port: 0,
      ...(tls === undefined ? {} : { tls }),
      socket: {
        open: (socket) => {
          socket.data = { head: "", tcp: null };
          this.#sockets.add(socket);
        },
        data: (socket, bytes) => this.#onBytes(socket, bytes),
        drain: (socket) => socket.data.tcp?.drain(),
        close: (socket) => this.#onClose(socket),
        error: (socket) => this.#onClose(socket),
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}/feed`;
  }

  /** TCP connections open now, whatever became of their handshake. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Resolves with connection number `index`, from 0, once it is there. */
  async connection(index = 0): Promise<FakeVenueConnection> {
    await eventually(() => this.connections.length > index, `connection ${index}`);
    return this.connections[index];
  }

  /** Ends every connection; the port refuses new ones. */
  stop(): void {
    for (const socket of this.#sockets) socket.terminate();
    this.#listener.stop(true);
  }

  #onBytes(socket: Socket<Link>, bytes: Buffer): void {
    const link = socket.data;
    if (link.tcp !== null) {
      link.tcp.receive(bytes);
      return;
    }
    link.head += bytes.toString("latin1");
    if (!link.head.endsWith("\r\n\r\n")) return;
    if (this.answer.kind === "accept") this.#accept(socket);
    else if (this.answer.kind === "reset") socket.terminate();
    else if (this.answer.kind === "text") socket.end(this.answer.text);
    else if (this.answer.kind === "trickle") void this.#trickle(socket, this.answer.text);
  }

  async #trickle(socket: Socket<Link>, text: string): Promise<void> {
    for (let i = 0; this.#sockets.has(socket); i++) {
      socket.write(text[i % text.length]);
      await Bun.sleep(TRICKLE_MS);
    }
  }

  #accept(socket: Socket<Link>): void {
    const key = /^sec-websocket-key: (.*)$/im.exec(socket.data.head)?.[1].trim() ?? "";
    const proof = createHash("sha1").update(`${key}${ACCEPT_GUID}`).digest("base64");
    const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.write([...head, `Sec-WebSocket-Accept: ${proof}`, "", ""].join("\r\n"));
    const tcp = new TcpLink(socket);
    const connection = new FakeVenueConnection(new PeerSocket(tcp), socket.data.head);
    socket.data.tcp = tcp;
    this.connections.push(connection);
    this.onConnection(connection);
  }

  #onClose(socket: Socket<Link>): void {
    this.#sockets.delete(socket);
    socket.data.tcp?.closed();
  }
}

/** Resolves once `isSo`; throws when it takes too long. */
export async function eventually(isSo: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`Waited in vain for ${what}`);
    await Bun.sleep(WAIT_STEP_MS);
  }
}
