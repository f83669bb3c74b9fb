import type { Socket } from "bun";
import { IngestError } from "../domain/ingest-error.ts";
import type { TcpLink } from "./tcp-link.ts";

/** A TCP server on the loopback interface. */
export interface LoopbackListener {
  readonly port: number;
  /** Closes the port and every connection. */
  stop(): void;
}

/** What a server keeps of each connection. */
export interface LinkState {
  /** Null until the connection is more than a socket: what then comes is the link's. */
  link: TcpLink | null;
}

/** What one kind of server does with its connections. */
export interface LoopbackHandlers<T extends LinkState> {
  /** Absent: plain TCP. */
  readonly tls?: Bun.TLSOptions;
  createState(): T;
  onOpen(socket: Socket<T>): void;
  /** The TLS handshake is done; never called over plain TCP. */
  onHandshake(socket: Socket<T>, isGood: boolean): void;
  /** Bytes came on a connection that has no link yet. */
  onEarlyData(socket: Socket<T>, chunk: Buffer): void;
}

/**
 * Listens on 127.0.0.1.
 *
 * @param port 0 takes any free one
 * @throws IngestError `config_invalid` when the port cannot be had
 */
export function listenOnLoopback<T extends LinkState>(port: number, handlers: LoopbackHandlers<T>): LoopbackListener {
  const open = new Set<Socket<T>>();
  try {
    const server = Bun.listen<T>({
      hostname: "127.0.0.1",
      port,
      ...(handlers.tls === undefined ? {} : { tls: handlers.tls }),
      data: handlers.createState(),
      socket: {
        open(socket) {
          socket.data = handlers.createState();
          open.add(socket);
          handlers.onOpen(socket);
        },
        handshake: (socket, isGood) => handlers.onHandshake(socket, isGood),
        data(socket, chunk) {
          if (socket.data.link === null) handlers.onEarlyData(socket, chunk);
          else socket.data.link.receive(chunk);
        },
        drain: (socket) => socket.data.link?.drain(),
        close(socket) {
          open.delete(socket);
          socket.data.link?.closed();
        },
        // A reset by the client arrives here first and as a close afterwards.
        error: (socket) => socket.data.link?.closed(),
      },
    });
    return {
      port: server.port,
      stop() {
        for (const socket of open) socket.terminate();
        server.stop(true);
      },
    };
  } catch (cause) {
    throw new IngestError(`Cannot listen on 127.0.0.1:${port}: ${String(cause)}`, {
      code: "config_invalid",
      retry: "never",
      cause,
    });
  }
}
