import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HttpGetOptions, type HttpResult, httpGet, inflateBody } from "../../../src/adapters/rest/http-get.ts";
import { requestError } from "../../../src/adapters/rest/poll-errors.ts";
import { CountingClock } from "../../harness/counting-clock.ts";
import { FakeRestServer } from "../../harness/fake-rest-server.ts";
import { eventually } from "../../harness/fake-venue-server.ts";
import { createKafkaCertificates } from "../../harness/kafka-certificates.ts";

const servers: { stop(force?: boolean): unknown }[] = [];
const clock = new CountingClock();

afterEach(() => {
  expect(clock.armedTimers).toBe(0);
  for (const server of servers.splice(0)) server.stop(true);
});

function get(url: string, options: Partial<HttpGetOptions> = {}): Promise<HttpResult> {
  const defaults = { headers: {}, caPem: null, timeoutMs: 2000, maxBodyBytes: 64 * 1024, clock };
  return httpGet({ url, signal: new AbortController().signal, ...defaults, ...options });
}

/** What an error of ours is made of the result. */
function errorCode(result: HttpResult): string {
  return result.kind === "failed" ? requestError("x", result.code, false).code : result.kind;
}

function startServer(): FakeRestServer {
  const server = new FakeRestServer();
  servers.push(server);
  return server;
}

describe("httpGet()", () => {
  test("gives status, headers and the body as it came", async () => {
    const server = startServer();
    server.onRequest = () => ({ kind: "answer", status: 418, headers: { "X-A": "b" }, body: "abc" });
    const result = await get(`${server.url}/x?y=1`, { headers: { "X-C": "d" } });
    if (result.kind !== "answer") throw new Error(result.kind);
    expect(result.status).toBe(418);
    expect(result.headers.get("x-a")).toBe("b");
    expect(Buffer.from(result.body).toString()).toBe("abc");
    expect(server.requests[0].target).toBe("/x?y=1");
    expect(server.requests[0].headers.get("x-c")).toBe("d");
  });

  test("an abort ends it at once and closes the connection", async () => {
    const server = startServer();
    server.onRequest = () => ({ kind: "hold" });
    const controller = new AbortController();
    const pending = get(server.url, { signal: controller.signal });
    await eventually(() => server.openRequests === 1, "the request");
    controller.abort();
    expect(await pending).toEqual({ kind: "aborted" });
    await eventually(() => server.openSockets === 0, "the end of the connection");
    expect(await get(server.url, { signal: controller.signal })).toEqual({ kind: "aborted" });
  });

  test("an answer that is not whole in time is given up, and the connection with it", async () => {
    const server = startServer();
    server.onRequest = () => ({ kind: "bytes", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[", keep: true });
    expect(await get(server.url, { timeoutMs: 50 })).toEqual({ kind: "timeout" });
    await eventually(() => server.openSockets === 0, "the end of the connection");
  });

  test("a body without end is cut, and the connection with it", async () => {
    const server = startServer();
    const chunk = `1000\r\n${"x".repeat(4096)}\r\n`;
    const bytes = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`;
    server.onRequest = () => ({ kind: "bytes", bytes, keep: true });
    expect(await get(server.url, { maxBodyBytes: 5000 })).toMatchObject({ kind: "too_large" });
    await eventually(() => server.openSockets === 0, "the end of the connection");
  });

  test.each([
    ["nothing", ""],
    ["half a body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n["],
    ["half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n[1"],
  ])("a connection that ends after %s is closed_unclean", async (_, bytes) => {
    const server = startServer();
    server.onRequest = () => ({ kind: "bytes", bytes });
    expect(errorCode(await get(server.url))).toBe("closed_unclean");
  });

  test("a host without a name, and a port without a server", async () => {
    expect(errorCode(await get("http://nosuch.invalid/"))).toBe("dns_failed");
    expect(errorCode(await get("http://127.0.0.1:1/"))).toBe("connect_refused");
  });
});

describe("httpGet() over TLS", () => {
  let folder: string;
  let pem: string;
  let caPem: string;
  let otherCaPem: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "rest-tls-"));
    const files = await createKafkaCertificates(folder);
    // One file holds key and certificate, good for localhost and 127.0.0.1.
    pem = readFileSync(files.brokerKeystoreFile, "utf8");
    caPem = readFileSync(files.caFile, "utf8");
    otherCaPem = readFileSync(files.otherCaFile, "utf8");
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function startTls(hostname: string): string {
    const server = Bun.serve({ hostname, port: 0, tls: { key: pem, cert: pem }, fetch: () => new Response("[]") });
    servers.push(server);
    return `https://${hostname}:${server.port}/`;
  }

  test("trusts the authority that is given, and no other", async () => {
    const url = startTls("127.0.0.1");
    expect((await get(url, { caPem })).kind).toBe("answer");
    expect(errorCode(await get(url, { caPem: otherCaPem }))).toBe("tls_failed");
    expect(errorCode(await get(url))).toBe("tls_failed");
  });

  test("refuses a certificate of another host", async () => {
    expect(errorCode(await get(startTls("127.0.0.2"), { caPem }))).toBe("tls_failed");
  });

  test("NODE_TLS_REJECT_UNAUTHORIZED=0 does not make it trust anybody", async () => {
    const url = startTls("127.0.0.1");
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "poll-once-program.ts"), url], {
      env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: "0" },
      stdout: "pipe",
      stderr: "ignore",
    });
    expect((await new Response(child.stdout).text()).trim()).toMatch(/CERT|UNABLE_TO/);
  });
});

describe("inflateBody()", () => {
  const text = Buffer.from("x".repeat(5000));

  test("takes gzip up to the limit, and not a byte more", () => {
    const body = Bun.gzipSync(text);
    expect(inflateBody(body, "gzip", 5000)).toEqual(text);
    expect(inflateBody(body, "gzip", 4999)).toBe("too_large");
  });

  test.each([
    ["a broken end", Bun.gzipSync(text).subarray(0, 20), "gzip"],
    ["no gzip at all", text, "gzip"],
    ["nothing", new Uint8Array(0), "gzip"],
    ["another encoding", text, "br"],
  ])("%s is bad_encoding", (_, body, encoding) => {
    expect(inflateBody(body, encoding, 10_000)).toBe("bad_encoding");
  });

  test.each([null, "", "identity"])("leaves a body with encoding %p alone", (encoding) => {
    expect(inflateBody(text, encoding, 1)).toBe(text);
  });
});
