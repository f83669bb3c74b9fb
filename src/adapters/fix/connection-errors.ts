import { IngestError, type IngestErrorCode } from "../../domain/ingest-error.ts";

/** Text of an LP or of a library that is kept in an error, characters. */
const TEXT_MAX = 200;

const CODE_BY_SYSTEM_ERROR: Readonly<Record<string, IngestErrorCode>> = {
  ECONNREFUSED: "connect_refused",
  ENOTFOUND: "dns_failed",
  EAI_AGAIN: "dns_failed",
  ENODATA: "dns_failed",
};

const TLS_ERROR = /CERT|TLS|SSL|UNABLE_TO|SELF_SIGNED|ALTNAME|HOSTNAME/;

/** An error as node:net and node:tls raise it. */
export type SystemError = Error & { readonly code?: string };

/** The error of a connection that never came up. */
export function connectError(target: string, cause: SystemError): IngestError {
  const systemCode = cause.code ?? "";
  const code = TLS_ERROR.test(systemCode) ? "tls_failed" : (CODE_BY_SYSTEM_ERROR[systemCode] ?? "connect_failed");
  return new IngestError(`Cannot connect to ${target}: ${peerText(cause.message)}`, { code, retry: "backoff", cause });
}

/** The error of a connection that was up. A client certificate is refused only then: TLS 1.3 tells the client late. */
export function brokenError(target: string, cause: SystemError): IngestError {
  const code = TLS_ERROR.test(cause.code ?? "") ? "tls_failed" : "closed_unclean";
  return new IngestError(`Cannot read from ${target}: ${peerText(cause.message)}`, { code, retry: "backoff", cause });
}

/** The error of a connection that the LP ended without a word. */
export function closedError(target: string): IngestError {
  return new IngestError(`Cannot read from ${target}: the LP closed the connection without a Logout`, {
    code: "closed_unclean",
    retry: "backoff",
  });
}

/** The error of a connection that did not come up in time. */
export function connectTimeout(target: string, limitMs: number): IngestError {
  return new IngestError(`Cannot connect to ${target}: no connection within ${limitMs} ms`, {
    code: "handshake_timeout",
    retry: "backoff",
  });
}

/** The error of an LP that takes nothing we send. */
export function notReadingError(target: string, waitingBytes: number): IngestError {
  return new IngestError(`Cannot write to ${target}: ${waitingBytes} bytes wait as the LP does not read`, {
    code: "half_open",
    retry: "backoff",
  });
}

/** The error of a certificate or key that TLS cannot work with; the library's text names the trouble and holds no key. */
export function certificateError(target: string, cause: SystemError): IngestError {
  return new IngestError(
    `Cannot connect to ${target}: its certificates or key cannot be used: ${peerText(cause.message)}`,
    { code: "config_invalid", retry: "never", cause },
  );
}

/** What somebody else wrote, fit for a message of ours: one line of printable characters, bounded. */
export function peerText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return text.slice(0, TEXT_MAX).replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}
