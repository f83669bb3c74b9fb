import { X509Certificate } from "node:crypto";
import type { CertificateFile, Config, FeedConfig, TlsConfig } from "../config/config.ts";
import type { CertificateExpiry } from "../telemetry/metrics-source.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Every certificate file of the configuration, once, with the time when the first certificate in it runs out. */
export function certificateExpiries({ admin, kafka, feeds }: Config): CertificateExpiry[] {
  const files = [
    admin.tls?.certificate ?? null,
    admin.tls?.clientCa ?? null,
    ...filesOf(kafka.tls),
    ...feeds.flatMap(feedFiles),
  ];
  const expiries = new Map<string, CertificateExpiry>();
  for (const file of files) {
    const notAfterMs = file === null ? Number.POSITIVE_INFINITY : firstExpiryMs(file.pem);
    if (file !== null && Number.isFinite(notAfterMs)) expiries.set(file.path, { file: file.path, notAfterMs });
  }
  return [...expiries.values()];
}

function feedFiles(feed: FeedConfig): (CertificateFile | null)[] {
  switch (feed.transport) {
    case "websocket":
    case "rest":
      return [feed.ca];
    case "fix":
      return filesOf(feed.fix?.tls ?? null);
    case "grpc":
      return filesOf(feed.tls);
  }
}

function filesOf(tls: TlsConfig | null): (CertificateFile | null)[] {
  return [tls?.ca ?? null, tls?.client?.certificate ?? null];
}

function firstExpiryMs(pem: string): number {
  return Math.min(...[...pem.matchAll(CERTIFICATE)].map(([text]) => expiryMs(text)));
}

/** Infinity when it cannot be read: the handshake says more about it than we could. */
function expiryMs(text: string): number {
  try {
    return Date.parse(new X509Certificate(text).validTo);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
