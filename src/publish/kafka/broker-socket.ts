import net from "node:net";
import tls from "node:tls";
import type { BrokerAddress, KafkaTls } from "./kafka-endpoint.ts";

/** An idle connection is probed by the kernel after this long, ms. */
const KEEP_ALIVE_DELAY_MS = 30_000;

/**
 * A connecting socket to a broker: no Nagle delay, keep-alive, TLS 1.2 or later with the certificate always checked.
 * @param onConnect called when TCP (and TLS) stands
 */
export function openBrokerSocket(address: BrokerAddress, security: KafkaTls | null, onConnect: () => void): net.Socket {
  const socket =
    security === null
      ? net.connect({ host: address.host, port: address.port }, onConnect)
      : tls.connect(tlsOptions(address, security), onConnect);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
  return socket;
}

function tlsOptions(address: BrokerAddress, security: KafkaTls): tls.ConnectionOptions {
  return {
    host: address.host,
    port: address.port,
    // RFC 6066: no IP address in server_name.
    ...(net.isIP(address.host) === 0 ? { servername: address.host } : {}),
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
    ...(security.ca === undefined ? {} : { ca: security.ca }),
    ...(security.cert === undefined ? {} : { cert: security.cert }),
    ...(security.key === undefined ? {} : { key: security.key }),
  };
}
