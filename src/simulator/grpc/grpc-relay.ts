import { connect, type Socket } from "node:net";
import { listenForLinks } from "../link-listener.ts";
import type { LoopbackListener } from "../loopback-listener.ts";
import type { TcpLink } from "../tcp-link.ts";

/** A client that leaves this much unread is not written to for a while. */
const PAUSE_ABOVE_BYTES = 256 * 1024;
/** Bytes of a client that wait until the server listens. */
const EARLY_BYTES_MAX = 1024 * 1024;

/** One client and its connection to the server. */
interface RelayedLink {
  readonly link: TcpLink;
  server: Socket | null;
  early: Buffer[];
  earlyBytes: number;
}

/**
 * Stands before the library's server, which lets nobody at its connections: here they can be cut, reset and silenced. It listens
 * at once; what clients send before the server does waits.
 */
export class GrpcRelay {
  readonly #listener: LoopbackListener;
  readonly #links = new Set<RelayedLink>();
  readonly #onChange: () => void;
  #serverPort = 0;
  #isMuted = false;
  #isHolding = false;
  opened = 0;
  #bytesOfEnded = 0;

  /** @throws IngestError `config_invalid` when the port cannot be had */
  constructor(port: number, onChange: () => void) {
    this.#onChange = onChange;
    this.#listener = listenForLinks(port, undefined, (link) => this.#accept(link));
  }

  get port(): number {
    return this.#listener.port;
  }

  get open(): number {
    return this.#links.size;
  }

  get bytesSent(): number {
    let bytes = this.#bytesOfEnded;
    for (const { link } of this.#links) bytes += link.bytesSent;
    return bytes;
  }

  /** The server listens: clients that wait get through. */
  serverIsReady(port: number): void {
    this.#serverPort = port;
    for (const relayed of this.#links) if (relayed.server === null) this.#connect(relayed);
  }

  /** Not a byte more goes to any client, or all goes on; what was held back then comes. */
  mute(isMuted: boolean): void {
    this.#isMuted = isMuted;
    for (const { server } of this.#links) {
      if (isMuted) server?.pause();
      else server?.resume();
    }
  }

  /** New clients are taken and get no answer, until told otherwise. */
  hold(isHolding: boolean): void {
    this.#isHolding = isHolding;
    // Those that waited have waited for nothing: they come again.
    if (!isHolding) for (const { link, server } of [...this.#links]) if (server === null) link.drop();
  }

  drop(): void {
    for (const { link } of [...this.#links]) link.drop();
  }

  reset(): void {
    for (const { link } of [...this.#links]) link.reset();
  }

  stop(): void {
    this.#listener.stop();
    for (const { link } of [...this.#links]) link.closed();
  }

  #accept(link: TcpLink): void {
    const relayed: RelayedLink = { link, server: null, early: [], earlyBytes: 0 };
    this.#links.add(relayed);
    this.opened++;
    link.listen({
      onBytes: (chunk) => this.#onBytes(relayed, chunk),
      onDrain: () => {
        if (!this.#isMuted) relayed.server?.resume();
      },
      onClose: () => this.#onClose(relayed),
    });
    if (this.#serverPort > 0 && !this.#isHolding) this.#connect(relayed);
  }

  #onBytes(relayed: RelayedLink, chunk: Uint8Array): void {
    if (relayed.server !== null) {
      relayed.server.write(chunk);
      return;
    }
    relayed.earlyBytes += chunk.length;
    if (relayed.earlyBytes > EARLY_BYTES_MAX) relayed.link.reset();
    else relayed.early.push(Buffer.from(chunk));
  }

  #connect(relayed: RelayedLink): void {
    const { link } = relayed;
    const server = connect({ port: this.#serverPort, host: "127.0.0.1", noDelay: true });
    relayed.server = server;
    for (const chunk of relayed.early.splice(0)) server.write(chunk);
    server.on("data", (chunk: Buffer) => {
      link.write(chunk);
      if (link.bufferedBytes > PAUSE_ABOVE_BYTES) server.pause();
    });
    server.on("error", () => link.drop());
    server.on("close", () => link.finish());
    if (this.#isMuted) server.pause();
  }

  #onClose(relayed: RelayedLink): void {
    if (!this.#links.delete(relayed)) return;
    this.#bytesOfEnded += relayed.link.bytesSent;
    relayed.server?.destroy();
    this.#onChange();
  }
}
