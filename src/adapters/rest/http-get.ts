import { gunzipSync } from "node:zlib";
import type { Clock } from "../../runtime/clock.ts";

/** One request and its bounds. */
export interface HttpGetOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM of the authorities to trust instead of the system's; null: the system's. */
  readonly caPem: string | null;
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  /** Ends the request at once. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** What came of a request. Expected trouble is no exception here: the session judges it. */
export type HttpResult =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: Headers;
      /** The body as it came over the wire, at most `maxBodyBytes`. */
      readonly body: Uint8Array;
      /** Wall clock when the head was in hand, whole µs since the epoch. */
      readonly receivedTimeUs: number;
    }
  /** The body is longer than may be: it was cut, and the connection with it. */
  | { readonly kind: "too_large"; readonly bytes: number }
  | { readonly kind: "timeout" }
  | { readonly kind: "aborted" }
  /** The code of the system or of the client; its text may hold the URL and is not passed on. */
  | { readonly kind: "failed"; readonly code: string };

/**
 * One GET with Bun's fetch, every guard said aloud. Never rejects; leaves no timer, and no connection but one that is kept for
 * the next request to the same host.
 */
export async function httpGet(options: HttpGetOptions): Promise<HttpResult> {
  const { signal, clock, timeoutMs } = options;
  if (signal.aborted) return { kind: "aborted" };
  const stop = new AbortController();
  let isLate = false;
  const timer = clock.schedule(timeoutMs, () => {
    isLate = true;
    stop.abort();
  });
  const onAbort = () => stop.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await exchange(options, stop);
  } catch (error) {
    if (isLate) return { kind: "timeout" };
    return signal.aborted ? { kind: "aborted" } : { kind: "failed", code: codeOf(error) };
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", onAbort);
  }
}

async function exchange(options: HttpGetOptions, stop: AbortController): Promise<HttpResult> {
  const { url, headers, caPem, maxBodyBytes, clock } = options;
  const response = await fetch(url, {
    method: "GET",
    headers: { Accept: "application/json", "Accept-Encoding": "gzip", ...headers },
    // Not followed: a redirect may lead to another host, with our token and past its budget.
    redirect: "manual",
    // Bun 1.4.5 inflates a whole gzip bomb before the first byte can be refused: hence raw bytes, inflated in bounds below.
    decompress: false,
    keepalive: true,
    signal: stop.signal,
    // Said aloud: it outranks NODE_TLS_REJECT_UNAUTHORIZED=0.
    tls: { rejectUnauthorized: true, ...(caPem === null ? {} : { ca: caPem }) },
  });
  const receivedTimeUs = clock.wallUs();
  const announced = Number(response.headers.get("content-length") ?? 0);
  if (announced > maxBodyBytes) {
    stop.abort();
    return { kind: "too_large", bytes: announced };
  }
  const body = response.body === null ? new Uint8Array(0) : await readBody(response.body, maxBodyBytes);
  if (typeof body === "number") {
    stop.abort();
    return { kind: "too_large", bytes: body };
  }
  return { kind: "answer", status: response.status, headers: response.headers, body, receivedTimeUs };
}

/** The whole body; how much there was when it became too much. */
async function readBody(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array | number> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (bytes > maxBytes) return bytes;
    chunks.push(value);
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, bytes);
}

/** The body without its content encoding; the name of what is wrong when that cannot be. */
export function inflateBody(
  body: Uint8Array,
  encoding: string | null,
  maxBytes: number,
): Uint8Array | "too_large" | "bad_encoding" {
  if (encoding === null || encoding === "" || encoding === "identity") return body;
  if (encoding !== "gzip" && encoding !== "x-gzip") return "bad_encoding";
  try {
    return gunzipSync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    return codeOf(error) === "ERR_BUFFER_TOO_LARGE" ? "too_large" : "bad_encoding";
  }
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : error instanceof Error ? error.name : "unknown";
}
