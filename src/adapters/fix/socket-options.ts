import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { certificateError, type SystemError } from "./connection-errors.ts";

/** The first probe of an idle connection by the kernel, ms: FIX's own heartbeats find a dead link long before. */
const KEEP_ALIVE_AFTER_MS = 30_000;

/** TLS towards the LP; verification is always on. */
export interface FixTlsOptions {
  /** PEM of the authorities to trust; null = those built in. */
  readonly caPem: string | null;
  /** PEM of our own certificate, for mutual TLS. */
  readonly certPem: string | null;
  /** PEM of its key; asked for at each connect, so that nothing keeps it. */
  readonly keyPem: (() => string) | null;
  /** The name asked for (SNI) and checked; null = the host. */
  readonly serverName: string | null;
}

/** Where a FIX session connects to. */
export interface FixEndpoint {
  readonly host: string;
  readonly port: number;
  /** Null: plain TCP. */
  readonly tls: FixTlsOptions | null;
  /** The endpoint as people may see it. */
  readonly target: string;
}

/**
 * Begins to connect, with every guard said aloud, even where it is the default.
 *
 * @throws IngestError when a certificate or a key cannot be used
 */
export function openSocket(endpoint: FixEndpoint): Socket {
  const { host, port, tls, target } = endpoint;
  const tcp = {
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
    allowHalfOpen: false,
  };
  if (tls === null) return connect(tcp);
  // SNI must not hold an address (RFC 6066, 3); the certificate is then checked against the address itself.
  const servername = tls.serverName ?? (isIP(host) === 0 ? host : null);
  try {
    return connectTls({
      ...tcp,
      // Said aloud: it outranks NODE_TLS_REJECT_UNAUTHORIZED=0.
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      ...(servername === null ? {} : { servername }),
      ...(tls.caPem === null ? {} : { ca: tls.caPem }),
      ...(tls.certPem === null ? {} : { cert: tls.certPem }),
      ...(tls.keyPem === null ? {} : { key: tls.keyPem() }),
    });
  } catch (error) {
    throw certificateError(target, error as SystemError);
  }
}
