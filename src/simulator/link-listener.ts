import type { Socket } from "bun";
import { type LinkState, type LoopbackListener, listenOnLoopback } from "./loopback-listener.ts";
import { TcpLink } from "./tcp-link.ts";

/** TLS of a simulated venue: PEM texts. */
export interface ListenerTls {
  readonly key: string;
  readonly cert: string;
  /** Authorities of client certificates; with it a client without one is refused. Absent: none is asked for. */
  readonly clientCa?: string;
}

/**
 * Listens on 127.0.0.1 for connections that are links from their first byte on.
 *
 * @param port 0 takes any free one
 * @param onOpen told of every connection; with TLS once the handshake is done
 * @throws IngestError `config_invalid` when the port cannot be had
 */
export function listenForLinks(
  port: number,
  tls: ListenerTls | undefined,
  onOpen: (link: TcpLink) => void,
): LoopbackListener {
  const accept = (socket: Socket<LinkState>) => {
    const link = new TcpLink(socket);
    socket.data = { link };
    onOpen(link);
  };
  return listenOnLoopback<LinkState>(port, {
    ...(tls === undefined ? {} : { tls: bunTls(tls) }),
    createState: () => ({ link: null }),
    onOpen(socket) {
      if (tls === undefined) accept(socket);
    },
    onHandshake(socket, isGood) {
      if (isGood) accept(socket);
      else socket.terminate();
    },
    onEarlyData() {},
  });
}

function bunTls({ key, cert, clientCa }: ListenerTls): Bun.TLSOptions {
  if (clientCa === undefined) return { key, cert };
  return { key, cert, ca: clientCa, requestCert: true, rejectUnauthorized: true };
}
