import { afterEach, describe, expect, test } from "bun:test";
import type { FixField } from "../../../src/venues/compiled-fix-venue.ts";
import { eventually } from "../../harness/fake-venue-server.ts";
import { createPlainFixVenue } from "../../harness/fix-plain-venue.ts";
import type { AcceptorConnection } from "../../harness/scripted-acceptor.ts";
import { requestsOf, SessionBench, type SessionBenchOptions, snapshot, type TestPrices } from "./session-bench.ts";

let bench: SessionBench;

afterEach(async () => {
  expect(await bench.close()).toBe("nothing is held");
});

function create(options: SessionBenchOptions = {}): SessionBench {
  bench = new SessionBench(options);
  return bench;
}

/** MDReqID (262) of the newest request for the symbol. */
function idOf(connection: AcceptorConnection, symbol: string): string {
  const asked = connection.received.filter((message) => message.get(263) === "1" && message.all(55).includes(symbol));
  return asked.at(-1)?.get(262) ?? "";
}

/** A snapshot under the id the symbol is on now. */
function quote(connection: AcceptorConnection, symbol: string, prices: TestPrices): FixField[] {
  return snapshot(idOf(connection, symbol), symbol, prices);
}

/** An increment that gives one entry another price. */
function change(connection: AcceptorConnection, symbol: string, side: 0 | 1, price: string): FixField[] {
  return [
    [262, idOf(connection, symbol)],
    [268, "1"],
    [279, "1"],
    [278, `${symbol}${side}`],
    [269, String(side)],
    [55, symbol],
    [270, price],
  ];
}

describe("FixSession: market data", () => {
  test("snapshots and increments become quotes", async () => {
    create({ symbols: ["A"] });
    const connection = await bench.serve();
    connection.send("X", change(connection, "A", 0, "1.50"));
    connection.send("X", change(connection, "A", 1, "1.70"));
    expect(await bench.hasQuotes(3)).toEqual(["A 1/2", "A 1.50/2", "A 1.50/1.70"]);
  });

  test("what the LP still sends under an old request is late", async () => {
    create({ symbols: ["A"] });
    const connection = await bench.serve();
    const old = quote(connection, "A", ["8", "9"]);
    bench.session?.resubscribe(bench.instruments[0], "test");
    await bench.notes(/A acked/, 2);
    connection.send("W", old);
    connection.send("W", quote(connection, "A", ["3", "4"]));
    expect(await bench.hasQuotes(3)).toEqual(["A 1/2", "A 1/2", "A 3/4"]);
  });

  test("an LP that quotes without being asked is asked for nothing, whatever id it sends", async () => {
    create({ isSubscribing: false });
    void bench.run();
    const connection = await bench.acceptor.loggedOn();
    await bench.notes(/pending/, 2);
    connection.send("W", snapshot("feed-of-the-LP", "B", ["1", "2"]));
    await bench.notes(/B acked/);
    connection.send("X", change(connection, "B", 1, "1.5"));
    expect(await bench.hasQuotes(2)).toEqual(["B 1/2", "B 1/1.5"]);
    expect(requestsOf(connection)).toEqual([]);
    expect(bench.monitor.notes).not.toContain("A acked");
  });

  test("statuses of the venue are data and nothing else", async () => {
    create();
    const connection = await bench.serve();
    const { data } = bench.monitor;
    connection.send("h", [
      [336, "1"],
      [340, "2"],
    ]);
    connection.send("f", [
      [55, "A"],
      [326, "2"],
    ]);
    await eventually(() => bench.monitor.data === data + 2, "both");
    expect(bench.monitor.rejects).toEqual([]);
  });

  test("a message nobody can read is told of, and its symbol alone is asked for anew", async () => {
    create();
    const connection = await bench.serve();
    connection.send("W", quote(connection, "A", ["1.2.3", "2"]));
    await bench.notes(/A acked/, 2);
    expect(bench.monitor.rejects.length).toBe(1);
    expect(bench.monitor.rejects[0]).toContain("270=1.2.3");
    // What is missed until the new book is told, of this symbol alone.
    expect(await bench.notes(/gap/)).toEqual(["gap 3-4 A"]);
    expect(requestsOf(connection)).toEqual(["+A:1", "+B:2", "-A:1", "+A:3"]);
  });

  test("one that names no symbol may be of any: one gap tells of all", async () => {
    create();
    const connection = await bench.serve();
    connection.send("X", [
      [268, "1"],
      [279, "0"],
      [269, "0"],
      [270, "1.2.3"],
    ]);
    await bench.notes(/acked/, 4);
    expect(await bench.notes(/gap/)).toEqual(["gap 3-4 all"]);
  });

  test("a book that cannot be trusted is asked for anew", async () => {
    create({ symbols: ["A"] });
    const connection = await bench.serve();
    connection.send("X", change(connection, "A", 0, "9"));
    await bench.notes(/A acked/, 2);
    expect(requestsOf(connection)).toEqual(["+A:1", "-A:1", "+A:2"]);
    expect(bench.quotes.quotes).toEqual(["A 1/2", "A 1/2"]);
    expect(await bench.notes(/gap/)).toEqual(["gap 2-3 A"]);
  });
});

describe("FixSession: numbers that jump", () => {
  test("a hole that the LP fills by replay is told of and costs no subscription", async () => {
    create({ symbols: ["A"] });
    const connection = await bench.serve();
    connection.send("X", change(connection, "A", 0, "1.1"), { isBroken: true });
    connection.send("X", change(connection, "A", 1, "1.9"));
    expect(await bench.hasQuotes(2)).toEqual(["A 1/2", "A 1.1/1.9"]);
    expect(await bench.notes(/gap/)).toEqual(["gap 2-4 all"]);
    expect(requestsOf(connection)).toEqual(["+A:1"]);
    expect(bench.monitor.rejects.length).toBe(1);
  });

  test("a hole that the LP fills over costs every book, each of which is asked for anew", async () => {
    create();
    const connection = await bench.serve();
    connection.skip(3);
    connection.send("W", quote(connection, "A", ["3", "4"]));
    await bench.notes(/acked/, 4);
    // A had a book again when it was asked for anew: what comes under the request before is late from then on.
    expect(await bench.notes(/gap/)).toEqual(["gap 3-7 all", "gap 7-8 A"]);
    expect(requestsOf(connection).slice(2)).toEqual(["-A:1", "+A:3", "-B:2", "+B:4"]);
  });

  test("an LP that resets its numbers in the middle costs every book", async () => {
    create({ symbols: ["A"] });
    const connection = await bench.serve();
    connection.send("4", [[36, "100"]]);
    connection.numbers.nextOutgoing = 100;
    await bench.notes(/A acked/, 2);
    connection.send("W", quote(connection, "A", ["3", "4"]));
    await bench.hasQuotes(3);
    expect(await bench.notes(/gap/)).toEqual(["gap 2-100 all"]);
  });

  test("an LP that starts its numbers anew in the middle is told of as a gap, before the new books", async () => {
    create({ symbols: ["A"] });
    const connection = await bench.serve();
    connection.numbers.nextOutgoing = 1;
    connection.send("A", [
      [98, "0"],
      [108, "30"],
      [141, "Y"],
    ]);
    await bench.notes(/A acked/, 2);
    expect(bench.monitor.notes.slice(-3)).toEqual(["gap 2-1 all", "A pending", "A acked"]);
    expect((await connection.receives("A", 2)).get(34)).toBe("1");
  });

  test("a jump of RptSeq (83) is the gap of that symbol", async () => {
    create({ venue: createPlainFixVenue({ marketData: { hasRptSeq: true } }) });
    bench.onRequest = (connection, message) => {
      if (message.get(263) === "2") return;
      const symbol = message.get(55) ?? "";
      connection.send("W", [[83, "10"], ...snapshot(message.get(262) ?? "", symbol, ["1", "2"])]);
    };
    const connection = await bench.serve();
    connection.send("X", [...change(connection, "A", 0, "1.1"), [83, "13"]]);
    await bench.notes(/A acked/, 2);
    expect(await bench.notes(/gap/)).toEqual(["gap 10-13 A"]);
  });
});

describe("FixSession: quote streams", () => {
  function createStream(quoteKey: "symbol" | "entryId" = "symbol"): SessionBench {
    return create({ symbols: ["A"], venue: createPlainFixVenue({ stream: "quote", marketData: { quoteKey } }) });
  }

  /** A Quote (S) that answers the newest request. */
  function quoteOf(connection: AcceptorConnection, bid: string, offer: string): FixField[] {
    const id = connection.received.findLast(({ type }) => type === "R")?.get(131) ?? "";
    return [
      [131, id],
      [117, "q1"],
      [55, "A"],
      [132, bid],
      [133, offer],
      [134, "5"],
      [135, "5"],
    ];
  }

  test("R is answered by S, and Z takes the quote back", async () => {
    createStream();
    bench.onRequest = (connection) => connection.send("S", quoteOf(connection, "1", "2"));
    const connection = await bench.serve();
    const id = connection.received[1].get(131) ?? "";
    connection.send("Z", [
      [131, id],
      [117, "q1"],
      [298, "1"],
      [295, "1"],
      [55, "A"],
    ]);
    expect(await bench.hasQuotes(2)).toEqual(["A 1/2", "A -/-"]);
    connection.send("S", quoteOf(connection, "1.1", "2.1"));
    await bench.hasQuotes(3);
    connection.send("Z", [
      [117, "*"],
      [298, "4"],
    ]);
    expect(await bench.hasQuotes(4)).toEqual(["A 1/2", "A -/-", "A 1.1/2.1", "A -/-"]);
  });

  test("quotes behind a hole of the logon that the LP fills over wait for no time-out: their books are asked for anew", async () => {
    create({
      symbols: ["A"],
      venue: createPlainFixVenue({ stream: "quote" }),
      reset: "never",
      subscribeTimeoutMs: 60_000,
    });
    bench.acceptor.numbers.nextOutgoing = 4;
    bench.onRequest = (connection) => connection.send("S", quoteOf(connection, "1", "2"));
    await bench.serve();
    expect(await bench.hasQuotes(1)).toEqual(["A 1/2"]);
    expect(await bench.notes(/gap/)).toEqual(["gap 0-4 all"]);
  });

  test("a MassQuote that asks for it is acknowledged", async () => {
    createStream("entryId");
    bench.onRequest = (connection, message) => {
      connection.send("i", [
        [131, message.get(131) ?? ""],
        [117, "m7"],
        [301, "2"],
        [296, "1"],
        [302, "1"],
        [311, "A"],
        [304, "1"],
        [295, "1"],
        [299, "LP1"],
        [55, "A"],
        [132, "1.1"],
        [133, "1.2"],
        [134, "10"],
        [135, "10"],
      ]);
    };
    const connection = await bench.serve();
    expect(await bench.hasQuotes(1)).toEqual(["A 1.1/1.2"]);
    const ack = await connection.receives("b");
    const id = connection.received[1].get(131);
    expect([131, 117, 297].map((tag) => ack.get(tag))).toEqual([id, "m7", "0"]);
  });
});

describe("FixSession: refusals", () => {
  const REFUSALS: readonly [name: string, type: string, fields: (id: string, sequence: string) => FixField[]][] = [
    [
      "Y",
      "Y",
      (id) => [
        [262, id],
        [281, "0"],
        [58, "no such symbol"],
      ],
    ],
    [
      "j",
      "j",
      (id) => [
        [45, "3"],
        [372, "V"],
        [379, id],
        [380, "2"],
        [58, "no such symbol"],
      ],
    ],
    [
      "j without 379",
      "j",
      (_, sequence) => [
        [45, sequence],
        [372, "V"],
        [380, "2"],
        [58, "no such symbol"],
      ],
    ],
    [
      "Reject (3)",
      "3",
      (_, sequence) => [
        [45, sequence],
        [371, "55"],
        [372, "V"],
        [373, "5"],
        [58, "no such symbol"],
      ],
    ],
  ];

  test.each(REFUSALS)("%s refuses the symbol with the LP's reason", async (_name, type, fields) => {
    create({ symbols: ["A", "Z"] });
    bench.onRequest = (connection, message) => {
      const symbol = message.get(55) ?? "";
      const id = message.get(262) ?? "";
      if (symbol === "Z") connection.send(type, fields(id, message.get(34) ?? ""));
      else connection.send("W", snapshot(id, symbol, ["1", "2"]));
    };
    await bench.serve();
    const [refusal] = await bench.notes(/Z rejected/);
    expect(refusal).toContain("no such symbol");
    expect(await bench.notes(/A acked/)).toEqual(["A acked"]);
  });

  test("AI refuses a quote stream", async () => {
    create({ symbols: ["A", "Z"], venue: createPlainFixVenue({ stream: "quote" }) });
    bench.onRequest = (connection, message) => {
      const id = message.get(131) ?? "";
      const isRefused = message.get(55) === "Z";
      const status: FixField[] = [
        [131, id],
        [117, "q"],
        [55, message.get(55) ?? ""],
        [297, isRefused ? "5" : "0"],
        [58, "no credit"],
      ];
      connection.send("AI", status);
      if (!isRefused)
        connection.send("S", [
          [131, id],
          [117, "q"],
          [55, "A"],
          [132, "1"],
          [133, "2"],
        ]);
    };
    await bench.serve();
    expect(await bench.notes(/rejected/)).toEqual(["Z rejected: no credit (297=5)"]);
    expect(await bench.hasQuotes(1)).toEqual(["A 1/2"]);
  });

  test("a session whose every symbol is refused fails", async () => {
    create({ symbols: ["Z"] });
    bench.onRequest = (connection, message) => {
      connection.send("Y", [
        [262, message.get(262) ?? ""],
        [58, "closed"],
      ]);
    };
    expect(await bench.run()).toMatchObject({
      code: "subscription_refused",
      message: expect.stringContaining("closed"),
    });
  });

  test("a request without an answer is sent again with another id, and then given up", async () => {
    create({ symbols: ["A"], subscribeTimeoutMs: 50 });
    bench.onRequest = () => {};
    expect(await bench.run()).toMatchObject({ code: "subscribe_timeout" });
    expect(requestsOf(bench.acceptor.newest)).toEqual(["+A:1", "-A:1", "+A:2"]);
    expect(await bench.notes(/rejected/)).toEqual(["A rejected: no answer within 50 ms, twice"]);
  });

  test("the time for an answer does not run while nothing is read", async () => {
    create({ symbols: ["A"], subscribeTimeoutMs: 60 });
    bench.onRequest = () => {};
    void bench.run();
    const connection = await bench.acceptor.loggedOn();
    await connection.receives("V");
    bench.pressure.set(true);
    connection.send("W", quote(connection, "A", ["1", "2"]));
    await Bun.sleep(200);
    bench.pressure.set(false);
    await bench.notes(/A acked/);
    expect(requestsOf(connection)).toEqual(["+A:1"]);
  });
});
