import { IngestError } from "../../domain/ingest-error.ts";
import { type BrokerAddress, formatAddress, type KafkaEndpoint } from "./kafka-endpoint.ts";

/** How far a connection had come: `tcp` is until TCP stands, `connect` until TLS does too; `proven` once it has answered a request after the handshake. */
export type LinkPhase = "tcp" | "connect" | "versions" | "sasl" | "ready" | "proven";

/** Longest text of a foreign error in a message of ours, characters. */
const DETAIL_MAX_CHARS = 400;

/** OpenSSL's words for a certificate of the broker that we do not trust. */
const UNTRUSTED_CODES: ReadonlySet<string> = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_UNTRUSTED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_CHAIN_TOO_LONG",
  "INVALID_CA",
  "PATH_LENGTH_EXCEEDED",
  "INVALID_PURPOSE",
]);

/** What went wrong with one connection, before it is put into words. */
export interface LinkFailure {
  readonly address: BrokerAddress;
  readonly endpoint: KafkaEndpoint;
  readonly phase: LinkPhase;
  readonly cause: unknown;
}

/**
 * The trouble with one broker connection in words that name the variable to look at. Secrets are in no message: the
 * library's own texts are used only where the broker wrote them.
 */
export function describeLinkFailure(failure: LinkFailure): IngestError {
  const { cause, phase } = failure;
  if (cause instanceof IngestError) return cause;
  const code = errorCode(cause);
  if (code !== "") return describeSocketFailure(failure, code);
  if (phase === "sasl") return describeSaslFailure(failure);
  return unavailable(failure, messageOf(cause));
}

/** The broker hung up, or the socket closed without an error. */
export function describeHangUp(failure: Omit<LinkFailure, "cause">): IngestError {
  const { phase, endpoint } = failure;
  const whole = { ...failure, cause: undefined };
  if (phase === "ready" && endpoint.sasl === null) {
    return unavailable(whole, "it closed the connection (it may want a login, see KAFKA_SASL_MECHANISM)");
  }
  if (phase === "ready" || phase === "proven") return unavailable(whole, "it closed the connection");
  return unavailable(whole, `it closed the connection during the handshake (see ${handshakeVariables(endpoint)})`);
}

function handshakeVariables(endpoint: KafkaEndpoint): string {
  if (endpoint.tls === null) return "KAFKA_TLS and KAFKA_SASL_MECHANISM";
  return endpoint.tls.cert === undefined ? "KAFKA_TLS and KAFKA_TLS_CERT_FILE" : "KAFKA_TLS";
}

/** Nothing came within a limit. */
export function describeSilence(failure: Omit<LinkFailure, "cause">, limitMs: number): IngestError {
  const where: Record<LinkPhase, string> = {
    tcp: "TCP connection",
    connect: "TLS handshake",
    versions: "first answer",
    sasl: "SASL answer",
    ready: "answer",
    proven: "answer",
  };
  return unavailable({ ...failure, cause: undefined }, `no ${where[failure.phase]} within ${limitMs} ms`);
}

function describeSocketFailure(failure: LinkFailure, code: string): IngestError {
  switch (code) {
    case "ECONNREFUSED":
      return unavailable(failure, "it refuses the connection");
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "DNS_ENOTFOUND":
      return unavailable(failure, `its name cannot be resolved (${code})`);
    case "ECONNRESET":
    case "EPIPE":
      return describeHangUp(failure);
    case "INVALID_RESPONSE_SIZE":
      return unavailable(failure, "what answers there does not speak Kafka (see KAFKA_TLS)");
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return refused(failure, "KAFKA_BROKERS", "its certificate is for another host name");
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return refused(failure, "KAFKA_BROKERS", `its certificate is not valid now, ${code}`);
  }
  if (UNTRUSTED_CODES.has(code)) {
    return refused(failure, "KAFKA_TLS_CA_FILE", `its certificate is not signed by a trusted authority, ${code}`);
  }
  const text = messageOf(failure.cause);
  if (/alert (bad )?certificate|certificate required|ALERT.*CERTIFICATE|unknown ca/i.test(`${code} ${text}`)) {
    return refused(failure, "KAFKA_TLS_CERT_FILE", "it does not accept our certificate");
  }
  if (/SSL|TLS/.test(code)) {
    return unavailable(failure, `the TLS handshake failed with ${code} (see KAFKA_TLS)`);
  }
  return unavailable(failure, code);
}

function describeSaslFailure(failure: LinkFailure): IngestError {
  const mechanism = failure.endpoint.sasl?.mechanism ?? "none";
  const text = messageOf(failure.cause);
  if (/not supported by the server|UNSUPPORTED_SASL_MECHANISM|does not support the requested SASL/i.test(text)) {
    return refused(failure, "KAFKA_SASL_MECHANISM", `it does not offer ${mechanism}`);
  }
  return refused(failure, "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD", `it rejects the login by ${mechanism}`);
}

function unavailable(failure: LinkFailure, state: string): IngestError {
  return new IngestError(`Cannot reach broker ${formatAddress(failure.address)} of KAFKA_BROKERS: ${state}`, {
    code: "kafka_unavailable",
    retry: "backoff",
    cause: failure.cause,
    context: { broker: formatAddress(failure.address), phase: failure.phase },
  });
}

function refused(failure: LinkFailure, variable: string, state: string): IngestError {
  const broker = formatAddress(failure.address);
  return new IngestError(`Cannot use broker ${broker} of KAFKA_BROKERS: ${state} (see ${variable})`, {
    code: "kafka_refused",
    retry: "backoff",
    cause: failure.cause,
    context: { broker, phase: failure.phase, variable },
  });
}

function errorCode(cause: unknown): string {
  if (!(cause instanceof Error) || !("code" in cause)) return "";
  return typeof cause.code === "string" ? cause.code : "";
}

/** The text of an error, bounded. */
export function messageOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, DETAIL_MAX_CHARS);
}
