/** Longest head of a request that is read; a client that sends more is cut off, bytes. */
const MAX_HEAD_BYTES = 16 * 1024;
const HEAD_END = "\r\n\r\n";

/** One GET of a client. */
export interface HttpRequest {
  readonly method: string;
  /** Path with query, as sent. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Cuts the bytes of one connection into requests. Bodies are not read: a venue of this kind takes GET only. */
export class RequestReader {
  #text = "";

  /** The requests that are whole now; null when what came is none, and the connection must end. */
  take(chunk: Uint8Array): HttpRequest[] | null {
    this.#text += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
    const requests: HttpRequest[] = [];
    for (let end = this.#text.indexOf(HEAD_END); end >= 0; end = this.#text.indexOf(HEAD_END)) {
      const request = parseHead(this.#text.slice(0, end));
      if (request === null) return null;
      this.#text = this.#text.slice(end + HEAD_END.length);
      requests.push(request);
    }
    return this.#text.length > MAX_HEAD_BYTES ? null : requests;
  }
}

function parseHead(head: string): HttpRequest | null {
  const [first, ...lines] = head.split("\r\n");
  const [, method, target] = /^([A-Z]+) (\/\S*) HTTP\/1\.1$/.exec(first) ?? [];
  if (method === undefined || target === undefined) return null;
  const url = URL.parse(target, "http://venue");
  if (url === null) return null;
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { method, target, path: url.pathname, query: url.searchParams, headers };
}
