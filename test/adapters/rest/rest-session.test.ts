import { afterEach, describe, expect, test } from "bun:test";
import { plainRestProfile } from "../../harness/rest-venue.ts";
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
