/** What a venue answers. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Answers at least this long are compressed for clients that take it, bytes. */
const GZIP_FROM_BYTES = 1024;

/** An answer in JSON. */
export function jsonReply(body: string, status = 200, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body };
}

/** The answer, compressed where that is worth it and the client takes it. */
export function compressReply(reply: HttpReply, acceptEncoding: string): HttpReply {
  const bytes = Buffer.from(reply.body as string);
  if (bytes.length < GZIP_FROM_BYTES || !/\bgzip\b/.test(acceptEncoding)) return reply;
  return { ...reply, headers: { ...reply.headers, "Content-Encoding": "gzip" }, body: Bun.gzipSync(bytes) };
}

/** The bytes of an answer on a connection that is kept. */
export function replyBytes({ status, headers, body }: HttpReply): Buffer {
  const bytes = Buffer.from(body as string);
  const lines = Object.entries({ ...headers, "Content-Length": String(bytes.length) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Status\r\n${head}\r\n`, "latin1"), bytes]);
}
