import type { PeerSocket } from "../../src/simulator/peer-socket.ts";
import { Opcode, writeFrameHeader } from "../../src/simulator/websocket-frames.ts";
import {
  listenForWebSockets,
  type UpgradeAnswer,
  type UpgradeRequest,
  type WebSocketListener,
} from "../../src/simulator/websocket-listener.ts";

/** Give up waiting for something that must come, ms. */
const WAIT_MS_MAX = 3000;
/** One round of waiting, ms. */
const WAIT_STEP_MS = 2;

/** One connection of a client under test. */
export class FakeVenueConnection {
  readonly peer: PeerSocket;
  readonly request: UpgradeRequest;
  readonly received: string[] = [];
  pings = 0;
  pongs = 0;
  isClosed = false;
  /** Called when all that was written has gone out. */
  onDrain: () => void = () => {};
  /** Called for every text the client sends. */
  onText: (text: string) => void = () => {};

  constructor(peer: PeerSocket, request: UpgradeRequest) {
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

/** A WebSocket venue on loopback that a test plays by hand. */
export class FakeVenueServer {
  readonly connections: FakeVenueConnection[] = [];
  readonly requests: UpgradeRequest[] = [];
  /** What becomes of the next handshakes. */
  answer: UpgradeAnswer = { kind: "accept" };
  /** Called with each new connection. */
  onConnection: (connection: FakeVenueConnection) => void = () => {};
  readonly #listener: WebSocketListener;

  constructor() {
    this.#listener = listenForWebSockets(0, {
      decide: (request) => {
        this.requests.push(request);
        return this.answer;
      },
      onOpen: (peer, request) => {
        const connection = new FakeVenueConnection(peer, request);
        this.connections.push(connection);
        this.onConnection(connection);
      },
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#listener.port}/feed`;
  }

  /** Resolves with connection number `index`, from 0, once it is there. */
  async connection(index = 0): Promise<FakeVenueConnection> {
    await eventually(() => this.connections.length > index, `connection ${index}`);
    return this.connections[index];
  }

  stop(): void {
    this.#listener.stop();
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
