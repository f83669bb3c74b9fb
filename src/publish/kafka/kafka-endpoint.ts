import type { Log } from "../../domain/log.ts";
import type { Clock, RandomSource } from "../../runtime/clock.ts";

/** TLS towards the brokers. The certificates are always checked; there is no switch to turn that off. */
export interface KafkaTls {
  /** PEM of the authorities to trust instead of the system's. */
  readonly ca?: string;
  /** PEM of our certificate, for mutual TLS; `key` comes with it. */
  readonly cert?: string;
  readonly key?: string;
}

/** SASL mechanisms we can speak. */
export type KafkaSaslMechanism = "plain" | "scram-sha-256" | "scram-sha-512";

/** Who we are to the brokers. */
export interface KafkaSasl {
  readonly mechanism: KafkaSaslMechanism;
  readonly username: string;
  readonly password: string;
}

/** Which cluster, and how to speak to it. */
export interface KafkaEndpoint {
  /** Seeds, `host:port` or `[ipv6]:port`. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls: KafkaTls | null;
  readonly sasl: KafkaSasl | null;
  /** Limit of one connection attempt in all: TCP, TLS, API versions and SASL, ms. */
  readonly connectTimeoutMs: number;
  /** A connection that owes an answer and is silent this long is torn down, ms. */
  readonly requestTimeoutMs: number;
}

/** What every part of the wire gets from outside. */
export interface KafkaTools {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
}

/** Where one broker listens. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, IPv6 in brackets. */
export function formatAddress(address: BrokerAddress): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** The address in `host:port` or `[ipv6]:port`, or null when it is neither. */
export function parseAddress(text: string): BrokerAddress | null {
  const colon = text.lastIndexOf(":");
  if (colon < 1) return null;
  const host = text.slice(0, colon);
  const port = Number(text.slice(colon + 1));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return null;
  if (host.startsWith("[") && host.endsWith("]")) return { host: host.slice(1, -1), port };
  return host.includes(":") ? null : { host, port };
}
