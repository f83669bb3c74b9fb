import { afterEach, describe, expect, test } from "bun:test";
import { IngestError } from "../../../src/domain/ingest-error.ts";
import { RequestBudget } from "../../../src/runtime/request-budget.ts";
import { FakeRestServer } from "../../harness/fake-rest-server.ts";
import { PLAIN_TIMEOUT_MS, plainRestProfile } from "../../harness/rest-venue.ts";
import { builtInRestProfile } from "../../venues/rest/rest-fixtures.ts";
import { PollClock, quotes, RestRig, type RestRigOptions } from "./rest-rig.ts";

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

describe("RestSession: polls", () => {
  test("every symbol once per interval, spread evenly, over connections that are kept", async () => {
    const rig = createRig({ profile: ONE_EACH, symbols: ["A", "B", "C", "D"] });
    const timesMs: number[] = [];
    rig.server.onRequest = ({ query }) => {
      timesMs.push(rig.clock.monotonicMs());
      return quotes(`${query.get("symbols")} ${timesMs.length} 9`);
    };
    rig.start();
    await rig.advance(2000);
    expect(timesMs).toEqual([0, 250, 500, 750, 1000, 1250, 1500, 1750, 2000]);
    expect(rig.askedFor).toEqual(["A", "B", "C", "D", "A", "B", "C", "D", "A"]);
    expect(rig.server.connectionsOpened).toBe(1);
    expect(rig.monitor.notes).toEqual(["open", "A acked", "B acked", "C acked", "D acked"]);
    expect(rig.quotes.count).toBe(9);
    expect(rig.monitor.data).toBe(9);
  });

  test("says who it is, wants gzip, and reads it", async () => {
    const rig = createRig();
    rig.server.onRequest = () => ({
      kind: "answer",
      headers: { "Content-Encoding": "gzip" },
      body: Bun.gzipSync(Buffer.from('[{"s":"A","b":"1.10","a":"2"},{"s":"B","b":"1","a":"2"}]')),
    });
    rig.start();
    await rig.advance(100);
    expect(rig.server.requests[0].headers.get("user-agent")).toBe("test/1");
    expect(rig.server.requests[0].headers.get("accept-encoding")).toBe("gzip");
    expect(rig.quotes.quotes).toEqual(["A 1.10/2", "B 1/2"]);
  });

  test("a quote that is the same again is not published, and keeps feed and symbol alive", async () => {
    const rig = createRig();
    rig.server.onRequest = () => quotes("A 1 2", "B 3 4");
    rig.start();
    await rig.advance(3000);
    expect(rig.quotes.quotes).toEqual(["A 1/2", "B 3/4"]);
    expect(rig.monitor.data).toBe(4);
    const startUs = 1_700_000_000_000_000;
    expect(rig.instruments.map(({ lastQuoteTimeUs }) => lastQuoteTimeUs - startUs)).toEqual([3_000_000, 3_000_000]);
  });

  test("publishUnchanged publishes it", async () => {
    const rig = createRig({ publishUnchanged: true, symbols: ["A"] });
    rig.server.onRequest = () => quotes("A 1 2");
    rig.start();
    await rig.advance(2000);
    expect(rig.quotes.count).toBe(3);
  });

  test("after a silence that counts as stale, and after memory was full, quotes are published anew", async () => {
    const rig = createRig({ symbols: ["A"], staleAfterMs: 1500 });
    let isDown = false;
    rig.server.onRequest = () => (isDown ? { kind: "answer", status: 503 } : quotes("A 1 2"));
    rig.start();
    await rig.advance(1000);
    isDown = true;
    await rig.advance(2000);
    isDown = false;
    await rig.advance(1000);
    expect(rig.quotes.count).toBe(2);
    rig.pressure.set(true);
    await rig.advance(3000);
    const asked = rig.server.requests.length;
    rig.pressure.set(false);
    await rig.advance(100);
    expect(rig.server.requests.length).toBe(asked + 1);
    expect(rig.quotes.count).toBe(3);
  });

  test("asks for what is new from where the last answer ended, and takes silence on a symbol for no change", async () => {
    const rig = createRig({
      profile: builtInRestProfile("oanda"),
      symbols: ["EUR_USD"],
      account: "1",
      token: () => "t",
    });
    let count = 0;
    rig.server.onRequest = () => ({ kind: "answer", body: `{"prices":[],"time":"2024-01-01T00:00:0${count++}Z"}` });
    rig.start();
    await rig.advance(2000);
    expect(rig.server.requests.map(({ query }) => query.get("since"))).toEqual([
      null,
      "2024-01-01T00:00:00Z",
      "2024-01-01T00:00:01Z",
    ]);
    expect(rig.monitor.notes).toEqual(["open", "EUR_USD acked"]);
    expect(rig.monitor.data).toBe(3);
  });

  test("sends back the tag of the last answer, and 304 is data", async () => {
    const profile = plainRestProfile({
      request: { path: "/q", query: { symbols: "{symbols}" }, symbolsPerRequest: 9, etag: true },
    });
    const rig = createRig({ profile, symbols: ["A"] });
    rig.server.onRequest = ({ headers }) =>
      headers.get("if-none-match") === '"7"'
        ? { kind: "answer", status: 304 }
        : { ...quotes("A 1 2"), headers: { ETag: '"7"' } };
    rig.start();
    await rig.advance(2000);
    expect(rig.server.requests.map(({ headers }) => headers.get("if-none-match"))).toEqual([undefined, '"7"', '"7"']);
    expect(rig.monitor.data).toBe(3);
    expect(rig.quotes.count).toBe(1);
    rig.session?.resubscribe(rig.instruments[0], "gap");
    await rig.advance(1000);
    expect(rig.quotes.count).toBe(2);
  });

  test("resubscribe() asks for the one symbol out of turn, and not again too soon", async () => {
    const rig = createRig();
    rig.server.onRequest = ({ query }) =>
      quotes(...(query.get("symbols")?.split(",") ?? []).map((symbol) => `${symbol} 1 2`));
    rig.start();
    await rig.advance(200);
    rig.session?.resubscribe(rig.instruments[1], "gap");
    rig.session?.resubscribe(rig.instruments[1], "gap");
    await rig.advance(600);
    expect(rig.askedFor).toEqual(["A,B", "B"]);
    expect(rig.quotes.quotes).toEqual(["A 1/2", "B 1/2", "B 1/2"]);
    expect(rig.monitor.notes.slice(-2)).toEqual(["B pending", "B acked"]);
  });
});

describe("RestSession: symbols", () => {
  test("one unknown symbol among many is found by halves, refused with the venue's reason, and the others are joined again", async () => {
    const symbols = ["A", "B", "C", "Z", "D", "E", "F", "G"];
    const rig = createRig({ symbols });
    rig.server.onRequest = ({ query }) => {
      const asked = query.get("symbols")?.split(",") ?? [];
      if (asked.includes("Z")) return { kind: "answer", status: 400, body: '{"error":"Invalid symbol."}' };
      return quotes(...asked.map((symbol) => `${symbol} 1 2`));
    };
    rig.start();
    await rig.advance(4000);
    expect(rig.monitor.notes.filter((note) => note.includes("rejected"))).toEqual(["Z rejected: Invalid symbol."]);
    expect(rig.askedFor[0]).toBe(symbols.join());
    expect(rig.askedFor.at(-1)).toBe("A,B,C,D,E,F,G");
    expect(rig.askedFor.filter((asked) => asked === "Z").length).toBe(1);
    expect(rig.quotes.count).toBe(7);
    expect(rig.ends).toEqual([]);
  });

  test("a refused symbol is asked for again a minute later, and served when the venue has it then", async () => {
    const rig = createRig({ profile: ONE_EACH });
    let isListed = false;
    rig.server.onRequest = ({ query }) => {
      const symbol = query.get("symbols");
      return symbol === "B" && !isListed ? { kind: "answer", status: 404 } : quotes(`${symbol} 1 2`);
    };
    rig.start();
    await rig.advance(2000);
    isListed = true;
    await rig.advance(62_000, 250);
    expect(rig.monitor.notes).toEqual(["open", "A acked", "B rejected: HTTP status 404", "B acked"]);
    expect(rig.quotes.quotes).toEqual(["A 1/2", "B 1/2"]);
  });

  test("Kraken's renamed pairs are asked for alone once, and together with the others from then on", async () => {
    const rig = createRig({ profile: builtInRestProfile("kraken-rest"), symbols: ["SOLUSD", "XBTUSD"] });
    const names: Record<string, string> = { SOLUSD: "SOLUSD", XBTUSD: "XXBTZUSD" };
    const asked: string[] = [];
    rig.server.onRequest = ({ query }) => {
      const pairs = query.get("pair")?.split(",") ?? [];
      asked.push(pairs.join());
      const members = pairs.map(
        (pair) => `"${names[pair]}":{"a":["${asked.length + 1}","1","1.5"],"b":["1","2","2.5"]}`,
      );
      return { kind: "answer", body: `{"error":[],"result":{${members.join()}}}` };
    };
    rig.start();
    await rig.advance(7000);
    expect(asked.slice(0, 3).sort()).toEqual(["SOLUSD", "SOLUSD,XBTUSD", "XBTUSD"]);
    expect(new Set(asked.slice(3))).toEqual(new Set(["SOLUSD,XBTUSD"]));
    expect(rig.monitor.notes.filter((note) => note.includes("rejected"))).toEqual([]);
    expect(rig.quotes.quotes.some((quote) => quote.startsWith("XBTUSD 1/"))).toBe(true);
  });

  test("a symbol that a good answer never holds is refused", async () => {
    const rig = createRig();
    rig.server.onRequest = () => quotes("A 1 2");
    rig.start();
    await rig.advance(3000);
    expect(rig.monitor.notes).toEqual(["open", "A acked", "B rejected: the answer does not hold it"]);
  });

  test("where one request asks for everything, what it does not hold is refused at once", async () => {
    const rig = createRig({ profile: plainRestProfile({ request: { path: "/all" } }), symbols: ["A", "B"] });
    rig.server.onRequest = () => quotes("A 1 2", "X 1 2");
    rig.start();
    await rig.advance(1000);
    expect(rig.server.requests.map(({ target }) => target)).toEqual(["/all", "/all"]);
    expect(rig.monitor.notes).toEqual(["open", "A acked", "B rejected: the answer does not hold it"]);
  });

  test("a session whose every symbol is refused fails", async () => {
    const rig = createRig({ profile: ONE_EACH });
    rig.server.onRequest = () => ({ kind: "answer", status: 404 });
    rig.start();
    await rig.advance(1000);
    expect(await rig.end()).toMatchObject({ code: "subscription_refused", retry: "backoff" });
  });
});

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

describe("RestSession: the venue's budget", () => {
  const TOO_MANY = { kind: "answer", status: 429, headers: { "Retry-After": "3" } } as const;

  test("a short Retry-After is sat out: nothing is sent meanwhile, and the session goes on", async () => {
    const rig = createRig({ symbols: ["A"] });
    rig.server.onRequest = () =>
      rig.server.requests.length === 2 ? TOO_MANY : quotes(`A ${rig.server.requests.length} 9`);
    rig.start();
    await rig.advance(1000);
    expect(rig.server.requests.length).toBe(2);
    expect(rig.budget.status()[0]).toMatchObject({ blockedForMs: 3000, blockReason: "HTTP status 429" });
    await rig.advance(2900);
    expect(rig.server.requests.length).toBe(2);
    await rig.advance(300);
    expect(rig.quotes.quotes).toEqual(["A 1/9", "A 3/9"]);
    expect(rig.ends).toEqual([]);
  });

  test.each([
    ["seconds", "60"],
    ["a date", new Date(1_700_000_000_000 + 61_000).toUTCString()],
  ])("a long Retry-After in %s ends the session, and says for how long", async (_, retryAfter) => {
    const rig = createRig({ symbols: ["A"] });
    rig.server.onRequest = () => ({ ...TOO_MANY, headers: { "Retry-After": retryAfter } });
    rig.start();
    await rig.advance(1000);
    const end = (await rig.end()) as IngestError;
    expect(end).toMatchObject({ code: "rate_limited", retry: "backoff" });
    expect(end.retryAfterMs).toBeGreaterThan(58_000);
    expect(end.retryAfterMs).toBeLessThanOrEqual(61_000);
    expect(rig.server.requests.length).toBe(1);
  });

  test("a ban holds every feed of the host, also one that starts anew too soon", async () => {
    const clock = new PollClock();
    const server = new FakeRestServer();
    const budget = new RequestBudget(clock);
    const profile = builtInRestProfile("binance-rest");
    const first = createRig({ clock, server, budget, profile, symbols: ["BTCUSDT"] });
    const second = createRig({ clock, server, budget, profile, symbols: ["ETHUSDT"] });
    server.onRequest = () => ({ kind: "answer", status: 418, body: '{"code":-1003,"msg":"IP banned"}' });
    first.start();
    await first.advance(100);
    second.start();
    await second.advance(1000);
    expect(await second.end()).toMatchObject({ code: "rate_limited" });
    expect(await first.end()).toMatchObject({ code: "rate_limited" });
    expect((first.ends[0] as IngestError).message).toContain("-1003: IP banned");
    expect(server.requests.length).toBe(1);
  });

  test("refusals in a row that ask for little each time end the session too", async () => {
    const rig = createRig({ symbols: ["A"] });
    rig.server.onRequest = () => ({ ...TOO_MANY, headers: { "Retry-After": "1" } });
    rig.start();
    await rig.advance(10_000);
    expect(await rig.end()).toMatchObject({ code: "rate_limited", retryAfterMs: 1000 });
    expect(rig.server.requests.length).toBe(5);
  });

  test("the interval stretches as the venue's counter runs full, and recovers by itself", async () => {
    const profile = plainRestProfile({
      request: { path: "/quotes", query: { symbols: "{symbols}" } },
      polling: { intervalMs: 200, timeoutMs: PLAIN_TIMEOUT_MS },
      budget: { windows: [{ weight: 100, windowMs: 10_000, usage: { used: "X-Used" } }] },
    });
    const rig = createRig({ profile, symbols: ["A"] });
    let used = "0";
    rig.server.onRequest = () => ({ ...quotes("A 1 2"), headers: { "X-Used": used } });
    const askedWithin = async (ms: number) => {
      const before = rig.server.requests.length;
      await rig.advance(ms);
      return rig.server.requests.length - before;
    };
    rig.start();
    expect(await askedWithin(4000)).toBe(21);
    used = "90";
    await rig.advance(1000);
    expect(await askedWithin(4000)).toBeLessThan(6);
    used = "1";
    await rig.advance(2000);
    expect(await askedWithin(4000)).toBeGreaterThan(17);
    expect(rig.ends).toEqual([]);
  });

  test("two feeds of one host share its window", async () => {
    const clock = new PollClock();
    const server = new FakeRestServer();
    const budget = new RequestBudget(clock);
    const profile = plainRestProfile({
      budget: { windows: [{ weight: 2, windowMs: 1000 }] },
      polling: { intervalMs: 100, timeoutMs: PLAIN_TIMEOUT_MS },
    });
    const [first, second] = [0, 1].map(() => createRig({ clock, server, budget, profile, symbols: ["A"] }));
    server.onRequest = () => quotes("A 1 2");
    first.start();
    second.start();
    await first.advance(5000);
    expect(server.requests.length).toBeGreaterThanOrEqual(10);
    expect(server.requests.length).toBeLessThanOrEqual(11);
    expect(Math.abs(first.monitor.data - second.monitor.data)).toBeLessThanOrEqual(1);
  });
});
