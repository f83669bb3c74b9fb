import { afterEach, describe, expect, test } from "bun:test";
import type { TradingCalendar } from "../../../src/runtime/trading-calendar.ts";
import { eventually } from "../../harness/fake-venue-server.ts";
import { createPlainFixVenue } from "../../harness/fix-plain-venue.ts";
import { SessionBench, type SessionBenchOptions, snapshot } from "./session-bench.ts";

let bench: SessionBench;

afterEach(async () => {
  expect(await bench.close()).toBe("nothing is held");
});

function create(options: SessionBenchOptions = {}): SessionBench {
  bench = new SessionBench(options);
  return bench;
}

/** A calendar that closes after `openMs`, or is closed for another hour. */
function closingAfter(openMs: number): TradingCalendar {
  const closesMs = Date.now() + openMs;
  return {
    msUntilOpen: (wallMs) => (wallMs < closesMs ? 0 : 3_600_000),
    msUntilClose: (wallMs) => Math.max(0, closesMs - wallMs),
    tradingDayStartMs: () => 0,
    tradingWeekStartMs: () => 0,
  };
}

describe("FixSession: logon", () => {
  test("the Logon says who we are, how often we beat, and starts the numbers anew", async () => {
    const credentials = { username: "trader", password: () => "s3cret" };
    create({ credentials, heartbeatS: 7 });
    const connection = await bench.serve();
    const logon = connection.received[0];
    expect([logon.type, logon.get(34), logon.get(49), logon.get(56)]).toEqual(["A", "1", "US", "LP"]);
    expect([98, 108, 141, 553, 554].map((tag) => logon.get(tag))).toEqual(["0", "7", "Y", "trader", "s3cret"]);
    expect(bench.monitor.notes[0]).toBe("open");
    expect(bench.quotes.quotes).toEqual(["A 1/2", "B 1/2"]);
  });

  test.each([
    [30, 60_000],
    [5, 10_000],
    [120, 60_000],
  ])("a refused Logon says why, and waits two heartbeats of %d s, at most a minute", async (heartbeatS, waitMs) => {
    create({ heartbeatS });
    bench.acceptor.onMessage = (connection) => {
      connection.send("5", [[58, "account is locked"]]);
      connection.end();
      return true;
    };
    expect(await bench.run()).toMatchObject({
      code: "logon_refused",
      retry: "backoff",
      retryAfterMs: waitMs,
      message: expect.stringContaining("account is locked"),
    });
  });

  test("a Logon refused for its credentials says so, and holds none of them", async () => {
    create({ credentials: { username: "trader", password: () => "s3cret" } });
    bench.acceptor.onMessage = (connection) => {
      connection.send("5", [[58, "Invalid PASSWORD s3cret"]]);
      return true;
    };
    const end = await bench.run();
    expect(end).toMatchObject({ code: "logon_refused", message: expect.stringContaining("credentials or comp ids") });
    expect(Bun.inspect(end)).not.toContain("s3cret");
  });

  test("an LP that takes the Logon and then says it did not mean it has refused it", async () => {
    create();
    bench.acceptor.onMessage = (connection, message) => {
      if (message.type !== "A") return true;
      connection.logOn(message);
      connection.send("5", [[58, "unknown CompID"]]);
      return true;
    };
    expect(await bench.run()).toMatchObject({ code: "logon_refused", retryAfterMs: 60_000 });
  });

  test("an LP that hangs up on our Logon has refused it", async () => {
    create();
    bench.acceptor.onMessage = (connection) => {
      connection.end();
      return true;
    };
    expect(await bench.run()).toMatchObject({ code: "logon_refused", retryAfterMs: 60_000 });
  });

  test("an LP that says nothing to our Logon is logon_timeout", async () => {
    create({ logonTimeoutMs: 50 });
    bench.acceptor.onMessage = () => true;
    expect(await bench.run()).toMatchObject({ code: "logon_timeout", retryAfterMs: 60_000 });
  });

  test("the time for the answer does not run while nothing is read", async () => {
    create({ logonTimeoutMs: 60 });
    const ended = bench.run();
    bench.pressure.isPaused = true;
    await bench.notes(/open/);
    await Bun.sleep(150);
    bench.pressure.set(false);
    await bench.notes(/acked/, 2);
    bench.controller.abort();
    expect(await ended).toEqual({ reason: "aborted" });
  });

  test("a venue's own fields stand on the Logon", async () => {
    create({ venue: createPlainFixVenue({ logon: { fields: [[25035, "1"]] } }) });
    const connection = await bench.serve();
    expect(connection.received[0].get(25035)).toBe("1");
  });
});

describe("FixSession: secrets", () => {
  test("a peer that sends our own bytes back, hurt, gets no secret into the rejects", async () => {
    create({ credentials: { username: "trader", password: () => "s3cret" } });
    bench.acceptor.onMessage = (connection, message) => {
      const echo = message.fields.map(([tag, value]) => `${tag}=${value}\u0001`).join("");
      connection.sendBytes(Buffer.from(echo.replace("35=A", "35=B")));
      connection.end();
      return true;
    };
    await bench.run();
    expect(bench.monitor.rejects.join()).toContain("554=[redacted]");
    expect(bench.monitor.rejects.join()).not.toContain("s3cret");
  });
});

describe("FixSession: secrets in what the LP says", () => {
  test("a refused subscription and the error of its session have none, not even a piece of one", async () => {
    create({ credentials: { username: "trader", password: () => "s3cret" } });
    bench.onRequest = (connection, message) => {
      const isFirst = message.get(55) === "A";
      connection.send("Y", [
        [262, message.get(262) ?? ""],
        [58, isFirst ? `${"x".repeat(197)}s3cret` : "s3cret is no password"],
      ]);
    };
    const end = await bench.run();
    expect(end).toMatchObject({ code: "subscription_refused", message: expect.stringContaining('"[redacted] is') });
    expect(`${bench.monitor.notes.join()} ${Bun.inspect(end)}`).not.toContain("s3");
  });
});

describe("FixSession: ends", () => {
  test("a Logout of the LP is answered, and ends the session by plan", async () => {
    create();
    const connection = await bench.serve();
    connection.send("5", [[58, "end of day"]]);
    expect(await bench.session?.ended).toEqual({
      reason: "planned",
      message: 'The LP logged us out: "end of day"',
      retryAfterMs: 60_000,
    });
    await connection.receives("5");
  });

  test("an abort logs out before it closes", async () => {
    create();
    const connection = await bench.serve();
    bench.controller.abort();
    expect(await bench.session?.ended).toEqual({ reason: "aborted" });
    expect((await connection.receives("5")).type).toBe("5");
  });

  test("an abort does not wait long for an LP that does not answer the Logout", async () => {
    create();
    await bench.serve();
    bench.acceptor.onMessage = () => true;
    const beganMs = performance.now();
    bench.controller.abort();
    expect(await bench.session?.ended).toEqual({ reason: "aborted" });
    expect(performance.now() - beganMs).toBeWithin(450, 950);
  });

  test("a session ends by plan when trading closes, with a Logout", async () => {
    create({ calendar: closingAfter(300) });
    const connection = await bench.serve();
    expect(await bench.session?.ended).toEqual({ reason: "planned", message: "The trading session has closed" });
    await connection.receives("5");
  });

  test("while trading is closed nothing is connected", async () => {
    create({ calendar: closingAfter(-1) });
    expect(await bench.run()).toEqual({
      reason: "planned",
      message: "The trading session has closed",
      retryAfterMs: 3_600_000,
    });
    expect(bench.acceptor.connections.length).toBe(0);
  });

  test("a connection that breaks says what the LP had announced", async () => {
    create();
    const connection = await bench.serve();
    connection.send("B", [
      [148, "Maintenance at 22:00"],
      [33, "1"],
      [58, "line"],
    ]);
    const { data } = bench.monitor;
    await eventually(() => bench.monitor.data > data, "the news");
    connection.end();
    const end = await bench.session?.ended.catch((error: Error) => error.message);
    expect(end).toContain('before that it had announced "Maintenance at 22:00"');
  });

  test("what the LP had announced is without our password", async () => {
    create({ credentials: { username: "trader", password: () => "s3cret" } });
    const connection = await bench.serve();
    connection.send("B", [
      [148, "Password s3cret expires"],
      [33, "1"],
      [58, "line"],
    ]);
    const { data } = bench.monitor;
    await eventually(() => bench.monitor.data > data, "the news");
    connection.end();
    const end = await bench.session?.ended.catch((error: Error) => Bun.inspect(error));
    expect(end).toContain("Password [redacted] expires");
    expect(end).not.toContain("s3cret");
  });

  test("News of a disconnection does not end a session that has just begun", async () => {
    create();
    const connection = await bench.serve();
    connection.send("B", [
      [148, "You'll be disconnected in 600 seconds. Please reconnect."],
      [33, "1"],
      [58, "line"],
    ]);
    connection.send("W", snapshot(connection.received[1].get(262) ?? "", "A", ["3", "4"]));
    expect(await bench.hasQuotes(3)).toContain("A 3/4");
  });

  test("a sink that throws costs the one message and is told of", async () => {
    create({ symbols: ["A"] });
    const connection = await bench.serve();
    const { accept } = bench.quotes;
    bench.quotes.accept = () => {
      bench.quotes.accept = accept;
      throw new Error("a bug of ours");
    };
    connection.send("W", snapshot(connection.received[1].get(262) ?? "", "A", ["3", "4"]));
    await eventually(() => bench.monitor.rejects.length > 0, "the reject");
    expect(bench.monitor.rejects[0]).toStartWith("failed: ");
    expect(await bench.notes(/gap/)).toEqual(["gap 2-3 all"]);
    // What it did to the book is not known, so the LP is asked anew.
    await bench.notes(/A acked/, 2);
  });
});
