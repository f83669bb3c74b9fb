import { afterEach, describe, expect, test } from "bun:test";
import type { Feed } from "../../src/adapters/feed.ts";
import { FeedController } from "../../src/assembly/feed-controller.ts";
import type { PreparedFeed } from "../../src/assembly/prepare-feeds.ts";
import type { RereadRequest } from "../../src/assembly/reread-config.ts";
import type { ConfigProblem } from "../../src/config/problems.ts";
import type { Instrument } from "../../src/domain/instrument.ts";
import type { AppPhase } from "../../src/telemetry/metrics-source.ts";
import { FakeClock, settle } from "../harness/fake-clock.ts";
import { FeedBench } from "../harness/feed-bench.ts";
import { ScriptedAdapter } from "../harness/scripted-adapter.ts";

let clock = new FakeClock();
let feed: Feed;
let adapter: ScriptedAdapter;
let phase: AppPhase = "running";
let problems: ConfigProblem[] = [];
let checked: RereadRequest[] = [];
let registered: string[] = [];
let interrupted: string[] = [];

function setUp(): FeedController {
  clock = new FakeClock();
  adapter = new ScriptedAdapter();
  feed = new FeedBench({ clock }).createFeed(adapter);
  [phase, problems, checked, registered, interrupted] = ["running", [], [], [], []];
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  return new FeedController({
    phase: () => phase,
    prepared: [
      { config: { name: "off" }, feedIndex: -1 },
      { config: { name: "feed" }, feedIndex: 0 },
    ] as unknown as PreparedFeed[],
    feeds: [feed],
    pipeline: {
      register: (instrument: Instrument) => void registered.push(`${instrument.symbol}:${instrument.id}`),
      interrupt: (instruments, reason) => void interrupted.push(`${reason} ${instruments[0].symbol}`),
    },
    clock,
    log: { ...silent, child: () => ({ ...silent, child: () => never() }) },
    reread: async (request) => {
      checked.push(request);
      return { config: null, feeds: [], problems, changedFiles: [] };
    },
  });
}

function never(): never {
  throw new Error("no log is made of a child");
}

afterEach(async () => {
  await feed.stop();
});

describe("apply()", () => {
  test("disconnects and connects a feed", async () => {
    const controller = setUp();
    feed.start();
    await settle();
    adapter.last.goLive();
    expect(await controller.apply("feed", { action: "disconnect" })).toEqual({
      kind: "done",
      facts: { state: "stopped" },
    });
    expect(await controller.apply("feed", { action: "connect" })).toEqual({ kind: "done", facts: {} });
    await settle();
    expect(adapter.sessions).toHaveLength(2);
  });

  test("takes requests to one feed one after the other", async () => {
    const controller = setUp();
    feed.start();
    await settle();
    const answers = await Promise.all([
      controller.apply("feed", { action: "disconnect" }),
      controller.apply("feed", { action: "connect" }),
    ]);
    expect(answers.map((answer) => answer.kind)).toEqual(["done", "done"]);
    await settle();
    expect([feed.state, adapter.sessions.length]).toEqual(["connecting", 2]);
  });

  test("asks the venue anew for the symbols named, or for all", async () => {
    const controller = setUp();
    feed.start();
    await settle();
    adapter.last.goLive();
    expect(await controller.apply("feed", { action: "resubscribe", symbols: ["B"] })).toMatchObject({ kind: "done" });
    expect(await controller.apply("feed", { action: "resubscribe", symbols: [] })).toMatchObject({
      facts: { symbols: 2 },
    });
    expect(adapter.last.resubscribed.map((text) => text.slice(0, 1))).toEqual(["B", "A", "B"]);
    expect(await controller.apply("feed", { action: "resubscribe", symbols: ["X"] })).toMatchObject({
      kind: "refused",
    });
  });

  test("refuses what cannot be: an unknown feed, a disabled one, a program that starts or ends", async () => {
    const controller = setUp();
    expect(await controller.apply("nowhere", { action: "connect" })).toMatchObject({ kind: "unknown" });
    expect(await controller.apply("off", { action: "connect" })).toMatchObject({ kind: "refused" });
    for (const now of ["starting", "draining"] as const) {
      phase = now;
      expect(await controller.apply("feed", { action: "connect" })).toEqual({
        kind: "refused",
        message: `the program is ${now}`,
      });
    }
    expect(adapter.sessions).toHaveLength(0);
  });
});

describe("apply() symbols", () => {
  test("adds and removes, with new numbers for new symbols and a gap for one that comes back", async () => {
    const controller = setUp();
    const [, b] = feed.instruments;
    b.sequence = 7;
    const first = await controller.apply("feed", { action: "symbols", add: ["C", "A"], remove: ["B", "X"] });
    expect(first).toMatchObject({ kind: "done", facts: { added: ["C"], removed: ["B"], symbols: 2 } });
    expect(registered).toEqual(["C:2"]);
    expect(checked).toEqual([{ symbolsByFeed: new Map([["feed", ["A", "C"]]]), onlyFeed: "feed" }]);
    await controller.apply("feed", { action: "symbols", add: ["B"], remove: [] });
    expect(feed.instruments.find(({ symbol }) => symbol === "B")).toBe(b);
    expect([registered, interrupted]).toEqual([["C:2"], ["disconnect B"]]);
    expect(controller.changedSymbols.get("feed")).toEqual(["A", "C", "B"]);
  });

  test("changes nothing when the venue could not take the symbols, or none would be left", async () => {
    const controller = setUp();
    problems = [
      {
        variable: "FEED_SYMBOLS",
        value: null,
        wanted: "name symbols the venue takes",
        state: "it has no C",
        suggestion: null,
      },
    ];
    expect(await controller.apply("feed", { action: "symbols", add: ["C"], remove: [] })).toEqual({
      kind: "refused",
      message: "it must name symbols the venue takes: it has no C",
    });
    problems = [];
    for (const request of [
      { add: [], remove: ["A", "B"] },
      { add: ["A"], remove: ["A"] },
      { add: ["A,C"], remove: [] },
      { add: [" C"], remove: [] },
    ]) {
      expect(await controller.apply("feed", { action: "symbols", ...request })).toMatchObject({ kind: "refused" });
    }
    expect(feed.instruments.map(({ symbol }) => symbol)).toEqual(["A", "B"]);
    expect(registered).toEqual([]);
  });
});
