import { afterAll, afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DemoOptions, parseDemoArguments } from "../../src/simulator/demo-options.ts";
import { type DemoPlan, startDemo } from "../../src/simulator/demo-plan.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { VenueClient } from "./venue-client.ts";

const VENUES = ["binance", "coinbase", "kraken", "okx", "bybit", "bitstamp", "lp-alpha", "binance-rest", "finam"];
const folder = mkdtempSync(join(tmpdir(), "demo-plan-"));
let plan: DemoPlan | null = null;
afterEach(() => {
  plan?.stop();
  plan = null;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function options(...argv: string[]): DemoOptions {
  return parseDemoArguments(argv, () => 0.5);
}

test("parseDemoArguments() has defaults for everything", () => {
  expect(options()).toEqual({
    seconds: null,
    ratePerSecond: 300,
    venues: VENUES,
    replayFile: null,
    replayVenue: null,
    speed: 1,
    seed: 1_073_741_823,
    isPlain: false,
    hasFaults: false,
    sink: "sqlite",
  });
});

test("parseDemoArguments() reads every option in both forms", () => {
  const walks = options(
    "--seconds",
    "1.5",
    "--rate=full",
    "--venue",
    "okx,bybit",
    "--venue=okx",
    "--seed",
    "7",
    "--plain",
  );
  expect(walks).toMatchObject({
    seconds: 1.5,
    ratePerSecond: "full",
    venues: ["okx", "bybit"],
    seed: 7,
    isPlain: true,
  });
  const replay = options("--replay", "a=b.gz", "--speed", "10", "--faults", "--sink", "discard", "--venue", "okx");
  expect(replay).toMatchObject({
    replayFile: "a=b.gz",
    replayVenue: "okx",
    speed: 10,
    hasFaults: true,
    sink: "discard",
  });
});

test("parseDemoArguments() names every problem at once", () => {
  const bad = () =>
    options("--sed", "--seconds", "0", "--rate", "fast", "--venue", "nasdaq", "--speed", "2", "--sink", "x", "--seed");
  for (const part of [
    "there is no option '--sed'",
    "--seconds must be a number above 0 and at most 31536000: it is '0'",
    "--rate must be a number above 0 and at most 1000000: it is 'fast'",
    "there is no venue 'nasdaq' to simulate",
    "--speed is for recordings",
    "--sink must be sqlite or discard: it is 'x'",
    "--seed wants a value",
  ]) {
    expect(bad).toThrow(part);
  }
  expect(() => options("--replay", "f", "--rate", "5", "--venue", "okx,bybit")).toThrow("use --speed");
});

test("startDemo() points a feed of each venue at its simulator and shares the rate", async () => {
  const clock = new FakeClock();
  plan = startDemo(options("--rate", String(100 * VENUES.length)), { clock });
  expect(plan.env).toMatchObject({ FEEDS: VENUES.join(","), SINK: "sqlite", ADMIN_PORT: "0" });
  expect(plan.simulators.slice(0, 6).map(({ venue }) => plan?.env[`${venue.toUpperCase()}_URL`])).toEqual(
    plan.simulators.slice(0, 6).map((simulator) => simulator.url),
  );
  expect(plan.env).toMatchObject({
    BINANCE_SYMBOLS: "BTCUSDT,ETHUSDT,SOLUSDT",
    KRAKEN_SYMBOLS: "BTC/USD,ETH/USD,SOL/USD",
    BINANCE_REST_URL: plan.simulators.find(({ venue }) => venue === "binance-rest")?.url,
    BINANCE_REST_POLL_INTERVAL_MS: "250",
    FINAM_TLS: "off",
    FINAM_SYMBOLS: "SBER@MISX,GAZP@MISX,LKOH@MISX",
  });
  const { OKX_URL } = plan.env;
  const okx = new VenueClient(OKX_URL);
  await okx.opened();
  okx.send({ op: "subscribe", args: [{ channel: "bbo-tbt", instId: "BTC-USDT" }] });
  await okx.until(() => okx.messages.length === 2);
  await clock.advance(1000);
  await okx.until(() => okx.messages.length === 102);
  okx.vanish();
});

test("startDemo() keeps its files in a folder of its own and removes it", () => {
  plan = startDemo(options("--venue", "okx"), { clock: new FakeClock() });
  const { SQLITE_FILE } = plan.env;
  expect(SQLITE_FILE).toStartWith(plan.folder);
  expect(existsSync(plan.folder)).toBe(true);
  plan.stop();
  expect(existsSync(plan.folder)).toBe(false);
  plan = startDemo(options("--venue", "okx", "--sink", "discard"), { clock: new FakeClock() });
  expect(plan.env).not.toHaveProperty("SQLITE_FILE");
});

test("startDemo() replays a recording to the symbols it holds", () => {
  const path = join(folder, "binance.jsonl");
  const line = (symbol: string) =>
    `{"stream":"${symbol.toLowerCase()}@bookTicker","data":{"u":1,"s":"${symbol}","b":"1","B":"1","a":"2","A":"1"}}\n`;
  writeFileSync(path, `${line("AAAUSDT")}${line("BBBUSDT")}${line("AAAUSDT")}{"stream":"ccc@trade","data":{}}\n`);
  plan = startDemo(options("--replay", path, "--speed", "full"), { clock: new FakeClock() });
  expect(plan.env).toMatchObject({ FEEDS: "binance", BINANCE_SYMBOLS: "AAAUSDT,BBBUSDT" });
  expect(plan.description.join("\n")).toContain("3 of 4 messages are quotes, of 2 symbols");
});

test("startDemo() says what a recording without quotes holds", () => {
  const path = join(folder, "trades.jsonl");
  writeFileSync(path, '{"stream":"ccc@trade","data":{}}\n');
  expect(() => startDemo(options("--replay", path), { clock: new FakeClock() })).toThrow(
    `Cannot replay '${path}': it holds no messages of <symbol>@bookTicker, only ccc@trade`,
  );
});

test("startDemo() with faults makes them in an order that the seed fixes, and leaves no timer", async () => {
  const runs: string[][] = [];
  for (let run = 0; run < 2; run++) {
    const clock = new FakeClock();
    const seen: string[] = [];
    plan = startDemo(options("--faults", "--seed", "5"), {
      clock,
      onFault: ({ venue, what }) => seen.push(`${venue}: ${what}`),
    });
    await clock.advance(120_000);
    plan.stop();
    expect(clock.armedTimers).toBe(0);
    runs.push(seen);
  }
  expect(runs[0].length).toBeGreaterThan(14);
  expect(new Set(runs[0].map((fault) => fault.split(": ")[1])).size).toBeGreaterThan(3);
  expect(runs[1]).toEqual(runs[0]);
});

test("startDemo() points the feed of an LP at its acceptor, and keeps its numbers in the demo's folder", () => {
  plan = startDemo(options("--venue", "lp-alpha,ctrader"), { clock: new FakeClock() });
  expect(plan.env).toMatchObject({
    FEEDS: "lp-alpha,ctrader",
    LP_ALPHA_ENABLED: "true",
    LP_ALPHA_HOST: "127.0.0.1",
    LP_ALPHA_PORT: String(plan.simulators[0].port),
    LP_ALPHA_SENDER: "EDGE",
    LP_ALPHA_HEARTBEAT_S: "2",
    LP_ALPHA_TARGET: "LPALPHA",
    LP_ALPHA_SYMBOLS: "EUR/USD,GBP/USD,USD/JPY",
    LP_ALPHA_SESSION_DAYS: "all",
    CTRADER_USERNAME: "demo",
    CTRADER_SYMBOLS: "1,2,3",
    STATE_DIR: join(plan.folder, "state"),
  });
  expect(() => options("--venue", "osl-fix")).toThrow("there is no venue 'osl-fix' to simulate");
});
