import { afterEach, describe, expect, test } from "bun:test";
import { IngestError } from "../../../src/domain/ingest-error.ts";
import { FakeRestServer } from "../../harness/fake-rest-server.ts";
import { PLAIN_TIMEOUT_MS, plainRestProfile } from "../../harness/rest-venue.ts";
import { builtInRestProfile } from "../../venues/rest/rest-fixtures.ts";
import { quotes, RestRig, type RestRigOptions } from "./rest-rig.ts";

const rigs: RestRig[] = [];

function createRig(options: RestRigOptions = {}): RestRig {
  const rig = new RestRig(options);
  rigs.push(rig);
  return rig;
}

afterEach(() => {
  for (const rig of rigs.splice(0)) rig.stop();
});

const ONE_EACH = plainRestProfile({ request: { path: "/quotes", query: { symbols: "{symbols}" } } });

describe("RestSession: bad answers", () => {
  const HTML = { kind: "answer", headers: { "Content-Type": "text/html" }, body: "<html>" } as const;

  test.each([
    ["truncated JSON", { kind: "answer", body: '[{"s":"A"' } as const, "invalid_json"],
    ["HTML", HTML, "wrong_content_type"],
    [
      "what is no gzip",
      { kind: "answer", headers: { "Content-Encoding": "gzip" }, body: "[]" } as const,
      "bad_encoding",
    ],
    [
      "an encoding nobody asked for",
      { kind: "answer", headers: { "Content-Encoding": "br" }, body: "[]" } as const,
      "bad_encoding",
    ],
  ])("%s costs the one answer, counted", async (_, answer, reason) => {
    const rig = createRig({ symbols: ["A"] });
    rig.server.onRequest = () =>
      rig.server.requests.length === 2 ? answer : quotes(`A ${rig.server.requests.length} 9`);
    rig.start();
    await rig.advance(3000);
    expect(rig.monitor.rejects.map((reject) => reject.split(":")[0])).toEqual([reason]);
    expect(rig.quotes.quotes).toEqual(["A 1/9", "A 3/9", "A 4/9"]);
    expect(rig.ends).toEqual([]);
  });

  test("five bad answers in a row end the session; a good one in between starts the count anew", async () => {
    const rig = createRig({ symbols: ["A"] });
    rig.server.onRequest = () => (rig.server.requests.length === 5 ? quotes("A 1 2") : HTML);
    rig.start();
    await rig.advance(8000);
    expect(rig.ends).toEqual([]);
    await rig.advance(1000);
    expect(await rig.end()).toMatchObject({ code: "protocol_violation", retry: "backoff" });
    expect(rig.monitor.rejects.length).toBe(9);
    expect(rig.clock.armedTimers).toBe(0);
  });

  test("an answer that is announced as too large, grows too large, or inflates too large is cut", async () => {
    const polling = { intervalMs: 1000, timeoutMs: PLAIN_TIMEOUT_MS, maxBodyBytes: 4096 };
    const rig = createRig({ profile: plainRestProfile({ polling }), symbols: ["A"] });
    const chunk = `1000\r\n${" ".repeat(4096)}\r\n`;
    const answers = [
      { kind: "answer", body: " ".repeat(4097) },
      { kind: "bytes", bytes: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n` },
      { kind: "answer", headers: { "Content-Encoding": "gzip" }, body: Bun.gzipSync(Buffer.alloc(4097, " ")) },
      quotes("A 1 2"),
    ] as const;
    rig.server.onRequest = () => answers[rig.server.requests.length - 1] ?? quotes("A 1 2");
    rig.start();
    await rig.advance(3000);
    expect(rig.monitor.rejects).toEqual(["body_too_large: ", "body_too_large: ", "body_too_large: "]);
    expect(rig.quotes.count).toBe(1);
    expect(rig.server.openRequests).toBe(0);
  });

  test("a redirect is not followed: the other host gets neither request nor token", async () => {
    const other = new FakeRestServer();
    const rig = createRig({ symbols: ["A"] });
    rig.server.onRequest = () => ({ kind: "answer", status: 302, headers: { Location: `${other.url}/quotes` } });
    rig.start();
    await rig.advance(4000);
    const end = await rig.end();
    expect(end).toMatchObject({ code: "venue_error" });
    expect((end as IngestError).message).toContain("HTTP status 302, a redirect that is not followed");
    expect(other.requests).toEqual([]);
    other.stop();
  });

  test("errors of the venue in a row end the session with the venue's words", async () => {
    const rig = createRig({ symbols: ["A"] });
    rig.server.onRequest = () => ({ kind: "answer", status: 500 });
    rig.start();
    await rig.advance(4000);
    const end = await rig.end();
    expect(end).toMatchObject({ code: "venue_error", retry: "backoff" });
    expect((end as IngestError).message).toEndWith('/quotes: the venue said "HTTP status 500"');
  });
});

describe("RestSession: secrets", () => {
  const OANDA = { profile: builtInRestProfile("oanda"), symbols: ["EUR_USD"] };

  test("a token that is refused fails the session for good, and is nowhere in the error", async () => {
    const rig = createRig({ ...OANDA, account: "101-001", token: () => "canary-token" });
    rig.server.onRequest = () => ({
      kind: "answer",
      status: 401,
      body: '{"errorMessage":"Insufficient authorization"}',
    });
    rig.start();
    await rig.advance(100);
    const end = (await rig.end()) as IngestError;
    expect(end).toMatchObject({ code: "logon_refused", retry: "never" });
    expect(rig.server.requests[0].headers.get("authorization")).toBe("Bearer canary-token");
    for (const text of [end.message, String(end.cause), JSON.stringify(end.context), rig.adapter.target]) {
      expect(text).not.toContain("canary-token");
      expect(text).not.toContain("101-001");
    }
  });

  test("the token is asked for with every poll, so that it may change", async () => {
    let count = 0;
    const token = (): string => `t${count++}`;
    const rig = createRig({ ...OANDA, account: "1", token });
    rig.server.onRequest = () => ({ kind: "answer", body: '{"prices":[],"time":"x"}' });
    rig.start();
    await rig.advance(1000);
    expect(rig.server.requests.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer t1", "Bearer t2"]);
  });

  const UNAUTHORIZED = { kind: "answer", status: 401, body: '{"errorMessage":"Expired"}' } as const;
  const PRICES = { kind: "answer", body: '{"prices":[],"time":"x"}' } as const;

  /** A venue that takes this token alone. */
  function taking(rig: RestRig, token: () => string): void {
    rig.server.onRequest = ({ headers }) =>
      headers.get("authorization") === `Bearer ${token()}` ? PRICES : UNAUTHORIZED;
  }

  test("a token that was renewed in its file is read again when the venue refuses the old one, each time", async () => {
    let inFile = "t1";
    let reads = 0;
    const rereadToken = async () => {
      reads++;
      return `${inFile}\n`;
    };
    const rig = createRig({ ...OANDA, account: "1", token: () => "t0", rereadToken });
    taking(rig, () => inFile);
    rig.start();
    await rig.advance(2500);
    expect(rig.server.requests.map(({ headers }) => headers.get("authorization"))).toEqual([
      "Bearer t0",
      "Bearer t1",
      "Bearer t1",
    ]);
    expect(reads).toBe(1);
    inFile = "t2";
    await rig.advance(2500);
    expect(rig.server.requests.at(-1)?.headers.get("authorization")).toBe("Bearer t2");
    expect(reads).toBe(2);
    expect(rig.ends).toEqual([]);
  });

  test.each([
    ["the file holds the same", async () => "t0", 1],
    ["the file cannot be read", async () => null, 1],
    ["the new one is refused too", async () => "t1", 2],
  ])("a token that is refused fails the session for good when %s", async (_, rereadToken, requests) => {
    const rig = createRig({ ...OANDA, account: "1", token: () => "t0", rereadToken });
    rig.server.onRequest = () => UNAUTHORIZED;
    rig.start();
    await rig.advance(1000);
    expect(await rig.end()).toMatchObject({ code: "logon_refused", retry: "never" });
    expect(rig.server.requests.length).toBe(requests);
    expect(rig.clock.armedTimers).toBe(0);
  });

  test("what is under way with a refused token is asked anew with the other one", async () => {
    const request = { path: "/quotes", query: { symbol: "{symbol}" }, headers: { "X-Token": "{token}" } };
    const profile = plainRestProfile({ request });
    const rig = createRig({ profile, token: () => "old", rereadToken: async () => "new" });
    const tokens: string[] = [];
    rig.server.onRequest = ({ headers, query }) => {
      const symbol = query.get("symbol") ?? "";
      const token = headers.get("x-token") ?? "";
      tokens.push(`${symbol} ${token}`);
      if (token === "new") return quotes(`${symbol} 1 2`);
      return symbol === "A" ? { kind: "hold" } : UNAUTHORIZED;
    };
    rig.start();
    await rig.advance(2000);
    expect(tokens.slice(0, 2)).toEqual(["A old", "B old"]);
    expect(tokens.slice(2, 4).sort()).toEqual(["A new", "B new"]);
    expect(rig.quotes.quotes.slice(0, 2).sort()).toEqual(["A 1/2", "B 1/2"]);
    expect(rig.ends).toEqual([]);
  });

  test.each([
    ["no token", { account: "1" }, "token is not set"],
    ["no account", { token: (): string => "t" }, "account is not set"],
    ["an empty token", { account: "1", token: () => "" }, "token is not set"],
    [
      "a token of two lines",
      { account: "1", token: () => "a\r\nX: y" },
      "token has characters that cannot stand in a header",
    ],
  ])("%s is a fault of the configuration", (_, secrets, message) => {
    const rig = createRig({ ...OANDA, ...secrets });
    expect(() => rig.start()).toThrow(message);
    expect(() => rig.start()).toThrow(IngestError);
    expect(rig.clock.armedTimers).toBe(0);
    expect(rig.pressure.listeners).toBe(0);
  });
});

describe("RestSession: a server in trouble", () => {
  test("a server that hangs costs one time-out at a time, and never a pile of requests", async () => {
    const symbols = Array.from({ length: 20 }, (_, i) => `S${i}`);
    const rig = createRig({ profile: ONE_EACH, symbols });
    rig.server.onRequest = ({ query }) =>
      rig.server.requests.length > 20 ? { kind: "hold" } : quotes(`${query.get("symbols")} 1 2`);
    rig.start();
    await rig.advance(5000);
    expect(await rig.end()).toMatchObject({ code: "no_data", retry: "backoff" });
    // Four under way when the first time-out comes, one after the other from then on.
    expect(rig.server.requests.length).toBe(20 + 4 + 1);
    expect(rig.server.openRequestsMax).toBeLessThanOrEqual(4);
    await rig.isQuiet();
    expect(rig.server.openRequests).toBe(0);
  });

  test("a server that never answered is a connection that failed", async () => {
    const rig = createRig();
    rig.server.onRequest = () => ({ kind: "hold" });
    rig.start();
    await rig.advance(600);
    expect(await rig.end()).toMatchObject({ code: "handshake_timeout", retry: "backoff" });
  });

  test("a body that trickles in is given up when its time is over", async () => {
    const rig = createRig({ symbols: ["A"] });
    rig.server.onRequest = () =>
      rig.server.requests.length === 1
        ? { kind: "bytes", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[", keep: true }
        : quotes("A 1 2");
    rig.start();
    await rig.advance(600);
    expect(await rig.end()).toMatchObject({ code: "handshake_timeout" });
    expect(rig.clock.armedTimers).toBe(0);
  });

  test("resets in a row end the session", async () => {
    const rig = createRig({ symbols: ["A"] });
    rig.server.onRequest = () => (rig.server.requests.length > 1 ? { kind: "reset" } : quotes("A 1 2"));
    rig.start();
    await rig.advance(8000);
    expect(await rig.end()).toMatchObject({ code: "closed_unclean", retry: "backoff" });
  });
});
