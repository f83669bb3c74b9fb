import type { Socket } from "bun";
import { IngestError } from "../../domain/ingest-error.ts";
import { TcpLink } from "../tcp-link.ts";

/** TLS of an LP: PEM texts. */
export interface LpTls {
  readonly key: string;
  readonly cert: string;
  /** Authorities of client certificates; with it a client without one is refused. Absent: none is asked for. */
  readonly clientCa?: string;
}

/** A TCP server on the loopback interface. */
export interface LpListener {
  readonly port: number;
  /** Closes the port and every connection. */
  stop(): void;
}

/**
 * Listens on 127.0.0.1.
 *
 * @param port 0 takes any free one
 * @param onOpen told of every connection; with TLS once the handshake is done
 * @throws IngestError `config_invalid` when the port cannot be had
 */
export function listenForLinks(port: number, tls: LpTls | undefined, onOpen: (link: TcpLink) => void): LpListener {
  const open = new Set<Socket<{ link: TcpLink | null }>>();
  const accept = (socket: Socket<{ link: TcpLink | null }>) => {
    const link = new TcpLink(socket);
    socket.data = { link };
    onOpen(link);
  };
  try {
    const server = Bun.listen<{ link: TcpLink | null }>({
      hostname: "127.0.0.1",
      port,
      ...(tls === undefined ? {} : { tls: bunTls(tls) }),
      data: { link: null },
      socket: {
        open(socket) {
          socket.data = { link: null };
          open.add(socket);
          if (tls === undefined) accept(socket);
        },
        handshake(socket, isGood) {
          if (isGood) accept(socket);
          else socket.terminate();
        },
        data: (socket, chunk) => socket.data.link?.receive(chunk),
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

function bunTls({ key, cert, clientCa }: LpTls): Bun.TLSOptions {
  if (clientCa === undefined) return { key, cert };
  return { key, cert, ca: clientCa, requestCert: true, rejectUnauthorized: true };
}
