import { afterEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TradingCalendar } from "../../../src/runtime/trading-calendar.ts";
import type { AcceptorConnection, ReceivedMessage } from "../../harness/scripted-acceptor.ts";
import { SessionBench, type SessionBenchOptions } from "./session-bench.ts";

let bench: SessionBench;

afterEach(async () => {
  expect(await bench.close()).toBe("nothing is held");
});

function create(options: SessionBenchOptions = {}): SessionBench {
  bench = new SessionBench({ symbols: ["A"], ...options });
  return bench;
}

/** Serves one session and ends it; returns what was received over it. */
async function session(): Promise<AcceptorConnection> {
  const connection = await bench.serve();
  bench.controller.abort();
  await bench.session?.ended;
  return connection;
}

/** Number and 141 of the Logon. */
function logonOf({ received }: AcceptorConnection): (string | null)[] {
  return [received[0].get(34), received[0].get(141)];
}

/** Refuses the first Logon with this text. */
function refuseOnce(text: string): void {
  const answer = bench.acceptor.onMessage;
  bench.acceptor.onMessage = (connection, message: ReceivedMessage) => {
    bench.acceptor.onMessage = answer;
    if (message.type !== "A") return false;
    connection.send("5", [[58, text]]);
    connection.end();
    return true;
  };
}

const DAYS: TradingCalendar = {
  msUntilOpen: () => 0,
  msUntilClose: () => Number.POSITIVE_INFINITY,
  tradingDayStartMs: (wallMs) => wallMs - 60_000,
  tradingWeekStartMs: (wallMs) => wallMs - 60_000,
};

describe("Session numbers", () => {
  test("never: they go on from one session to the next, without a reset", async () => {
    create({ reset: "never" });
    const first = await session();
    expect(logonOf(first)).toEqual(["1", null]);
    // Logon, V, Logout.
    expect(logonOf(await session())).toEqual(["4", null]);
  });

  test("never: they go on in another process", async () => {
    create({ reset: "never" });
    await session();
    const other = bench.createAdapter({ reset: "never" });
    const ended = bench.run(other);
    const connection = await bench.acceptor.loggedOn(2);
    expect(logonOf(connection)).toEqual(["4", null]);
    await bench.notes(/acked/);
    bench.controller.abort();
    await ended;
  });

  test("logon: they begin anew every time", async () => {
    create({ reset: "logon" });
    expect(logonOf(await session())).toEqual(["1", "Y"]);
    expect(logonOf(await session())).toEqual(["1", "Y"]);
  });

  test.each(["daily", "weekly"] as const)("%s: they begin anew with the first Logon of it", async (reset) => {
    create({ reset, calendar: DAYS });
    expect(logonOf(await session())).toEqual(["1", "Y"]);
    expect(logonOf(await session())).toEqual(["4", null]);
  });

  test("what was sent while we were away is asked for", async () => {
    create({ reset: "never" });
    await session();
    bench.acceptor.numbers.nextOutgoing += 5;
    const connection = await bench.serve();
    expect((await connection.receives("2")).get(16)).toBe("0");
  });
});

describe("Session numbers that do not fit", () => {
  test("an LP that expects a higher number from us gets it the next time", async () => {
    create({ reset: "weekly", calendar: DAYS });
    await session();
    refuseOnce("MsgSeqNum too low, expecting 100 but received 4");
    expect(await bench.run()).toMatchObject({
      code: "sequence_too_low",
      retryAfterMs: 60_000,
      message: expect.stringContaining("the next Logon has number 100"),
    });
    expect(logonOf(await session())).toEqual(["100", null]);
  });

  test("an LP that does not say which number it expects gets a reset where the policy allows it", async () => {
    create({ reset: "weekly", calendar: DAYS });
    await session();
    refuseOnce("MsgSeqNum too low");
    expect(await bench.run()).toMatchObject({
      code: "sequence_too_low",
      message: expect.stringContaining("starts the numbers anew"),
    });
    expect(logonOf(await session())).toEqual(["1", "Y"]);
    expect(logonOf(await session())).toEqual(["4", null]);
  });

  test("an LP that takes no reset, and says which number it expects, gets that number without one", async () => {
    create({ reset: "daily", calendar: DAYS });
    refuseOnce("MsgSeqNum too low, expecting 100 but received 1");
    expect(await bench.run()).toMatchObject({ message: expect.stringContaining("the next Logon has number 100") });
    expect(logonOf(await session())).toEqual(["100", null]);
  });

  test("an LP that takes no reset with every Logon needs another policy, and the error says so", async () => {
    create({ reset: "logon" });
    refuseOnce("MsgSeqNum too low, expecting 100 but received 1");
    expect(await bench.run()).toMatchObject({
      code: "sequence_too_low",
      message: expect.stringContaining("another reset policy is needed"),
    });
  });

  test("a reset that is wanted is so in another process too", async () => {
    create({ reset: "weekly", calendar: DAYS });
    await session();
    refuseOnce("MsgSeqNum too low");
    await bench.run();
    const other = bench.createAdapter({ reset: "weekly", calendar: DAYS });
    const ended = bench.run(other);
    const connection = await bench.acceptor.loggedOn(3);
    expect(logonOf(connection)).toEqual(["1", "Y"]);
    bench.controller.abort();
    await ended;
  });

  test("where the policy forbids a reset it stays loud", async () => {
    create({ reset: "never" });
    await session();
    refuseOnce("MsgSeqNum too low");
    expect(await bench.run()).toMatchObject({
      code: "sequence_too_low",
      message: expect.stringContaining("must be set by hand, as agreed with the LP"),
    });
    expect(logonOf(await session())[1]).toBeNull();
  });

  test.each([
    ["weekly", ["1", "Y"]],
    ["never", ["4", null]],
  ] as const)("an LP whose number is too low: %s", async (reset, expected) => {
    create({ reset, calendar: DAYS });
    await session();
    const { numbers } = bench.acceptor;
    numbers.nextOutgoing = 1;
    expect(await bench.run()).toMatchObject({ code: "sequence_too_low", retryAfterMs: 60_000 });
    numbers.nextOutgoing = 10;
    const [number, flag] = logonOf(await session());
    expect(flag).toBe(expected[1]);
    if (flag === "Y") expect(number).toBe("1");
  });

  test("a store another process uses fails the session before it connects", async () => {
    create();
    await session();
    const stat = await Bun.file(`/proc/${process.ppid}/stat`).text();
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    const boot = (await Bun.file("/proc/sys/kernel/random/boot_id").text()).trim();
    const holder = { pid: process.ppid, startedAt: `${boot}/${ticks}` };
    writeFileSync(join(bench.folder, "feed.fix-numbers.lock"), JSON.stringify(holder));
    expect(await bench.run()).toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining(`process ${process.ppid} is using them`),
    });
    expect(bench.acceptor.connections.length).toBe(1);
  });
});
