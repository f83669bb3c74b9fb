import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import { BINARY, emptyFolder, LineLog, runBinary, startBinary } from "./binary.ts";

let venue: Simulator;
beforeAll(() => {
  venue = startSimulator({ venue: "binance", seed: 7, ratePerSecond: 500 });
});
afterAll(() => venue.stop());

/** The smallest configuration that reads the simulated venue. */
function feedEnv(more: Record<string, string> = {}): Record<string, string> {
  return { FEEDS: "binance", BINANCE_URL: venue.url, BINANCE_SYMBOLS: "BTCUSDT,ETHUSDT", ADMIN_PORT: "0", ...more };
}

async function get(url: unknown, path: string): Promise<{ status: number; body: string }> {
  const answer = await fetch(`${url}${path}`);
  return { status: answer.status, body: await answer.text() };
}

/** Quotes of a source that are acknowledged. */
async function published(url: unknown, source: string): Promise<number> {
  const { body } = await get(url, "/metrics");
  return Number(new RegExp(`market_data_raw_published_total\\{source="${source}"\\} (\\d+)`).exec(body)?.[1] ?? 0);
}

/** Asks again, a bounded number of times, until the answer satisfies. */
async function until<T>(ask: () => Promise<T>, isGood: (answer: T) => boolean): Promise<T> {
  for (let i = 0; i < 200; i++) {
    const answer = await ask();
    if (isGood(answer)) return answer;
    await Bun.sleep(50);
  }
  throw new Error("Cannot go on: what the test waits for did not come within 10 s");
}

describe("words", () => {
  test("help, help config, version, venues end with 0 and say what they should", async () => {
    const help = await runBinary(["help"]);
    expect(help.code).toBe(0);
    for (const word of ["run", "demo", "check", "venues", "topics"]) expect(help.stdout).toContain(word);
    expect((await runBinary(["help", "config"])).stdout).toContain("KAFKA_BROKERS");
    expect(JSON.parse((await runBinary(["version", "--json"])).stdout).venues).toContain("kraken");
    expect((await runBinary(["venues"])).stdout).toContain("bitstamp");
    expect((await runBinary(["venues", "show", "okx"])).stdout).toContain("wss://ws.okx.com:8443/ws/v5/public");
    expect((await runBinary(["run", "--help"])).stdout).toContain("SIGTERM");
  });

  test("an unknown command and an unknown option end with 2", async () => {
    const unknown = await runBinary(["fly"]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain("'fly'");
    expect((await runBinary(["check", "--nonsense"])).code).toBe(2);
    expect((await runBinary(["demo", "--rate", "many"])).code).toBe(2);
    for (const words of [
      ["run", "--nonsense"],
      ["run", "now"],
      ["check", "now"],
      ["help", "run", "now"],
    ]) {
      expect([words, (await runBinary(words)).code]).toEqual([words, 2]);
    }
  });
});

describe("configuration", () => {
  test("all problems are told at once, nothing is connected, exit code 2", async () => {
    const opened = venue.stats().sessionsOpened;
    const { code, stderr } = await runBinary(
      ["run"],
      feedEnv({ BINANCE_MAX_RETRIES: "many", LOG_LEVEL: "loud", BINANCE_SYMBOL: "X" }),
    );
    expect(code).toBe(2);
    for (const name of ["BINANCE_MAX_RETRIES", "LOG_LEVEL", "BINANCE_SYMBOLS"]) expect(stderr).toContain(name);
    expect(venue.stats().sessionsOpened).toBe(opened);
  });

  test("a FIX feed is checked as a whole, its dictionary too", async () => {
    const folder = emptyFolder();
    const env = { LP_ALPHA_ENABLED: "true", LP_ALPHA_HOST: "127.0.0.1", LP_ALPHA_PORT: "9", LP_ALPHA_SENDER: "A" };
    const incomplete = await runBinary(["check"], { ...env, LP_ALPHA_SESSION_TZ: "Nowhere/Town" }, folder);
    expect(incomplete.code).toBe(2);
    for (const name of ["LP_ALPHA_TARGET", "LP_ALPHA_SESSION_TZ"]) expect(incomplete.stderr).toContain(name);

    const whole = { ...env, LP_ALPHA_TARGET: "B", LP_ALPHA_DICTIONARY: "lp.xml", LP_ALPHA_PASSWORD: "canary-4711" };
    writeFileSync(join(folder, "lp.xml"), "<fix");
    const broken = await runBinary(["check"], whole, folder);
    expect(broken.code).toBe(2);
    expect(broken.stderr).toContain("Cannot use LP_ALPHA_DICTIONARY");

    const dictionary = join(import.meta.dir, "../../config/fix/FIX44-session.xml");
    writeFileSync(join(folder, "lp.xml"), readFileSync(dictionary, "utf8"));
    const good = await runBinary(["check"], whole, folder);
    expect(good.stderr).toBe("");
    expect(good.code).toBe(0);
    expect(good.stdout).toContain("LP_ALPHA_PASSWORD");
    expect(good.stdout).not.toContain("canary-4711");
  });

  test("check prints the effective configuration without the secret", async () => {
    const { code, stdout } = await runBinary(["check"], {
      KAFKA_BROKERS: "broker:9092",
      KAFKA_SASL_MECHANISM: "plain",
      KAFKA_SASL_USERNAME: "me",
      KAFKA_SASL_PASSWORD: "canary-4711",
    });
    expect(code).toBe(0);
    expect(stdout).toContain("KAFKA_SASL_PASSWORD");
    expect(stdout).not.toContain("canary-4711");
  });

  test("a profile from a file works like a built-in one, and a bad one names its variable", async () => {
    const folder = emptyFolder();
    const builtIn = await Bun.file(join(import.meta.dir, "../../config/venues/binance.json")).json();
    writeFileSync(join(folder, "mine.json"), JSON.stringify({ ...builtIn, name: "mine" }));
    const env = {
      FEEDS: "mine",
      MINE_PROFILE: "mine.json",
      MINE_URL: venue.url,
      MINE_SYMBOLS: "BTCUSDT",
      SINK: "stdout",
      ADMIN_PORT: "0",
    };
    const run = startBinary(["run"], env, folder);
    const { url } = await run.waitForLog("admin_server_started");
    await until(
      () => published(url, "mine"),
      (count) => count > 0,
    );
    run.signal("SIGTERM");
    const { stdout } = await run.ended;
    expect(JSON.parse(stdout.split("\n")[0]).aggregateId).toBe("mine:BTCUSDT");
    writeFileSync(join(folder, "mine.json"), '{"name":"mine"}');
    const bad = await runBinary(["check"], env, folder);
    expect(bad.code).toBe(2);
    expect(bad.stderr).toContain("MINE_PROFILE");
  });

  test("check --connect tries every connection once and tells in a table", async () => {
    const good = await runBinary(["check", "--connect", "--json"], feedEnv());
    expect(JSON.parse(good.stdout).connections).toEqual([
      expect.objectContaining({ subject: "feed binance", isGood: true }),
    ]);
    expect(good.code).toBe(0);
    const bad = await runBinary(
      ["check", "--connect"],
      feedEnv({ BINANCE_URL: "ws://127.0.0.1:1", KAFKA_BROKERS: "127.0.0.1:1" }),
    );
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/feed binance\s+FAILED/);
    expect(bad.stdout).toMatch(/broker 127\.0\.0\.1:1\s+FAILED/);
  });

  test("check --connect names the refused symbol and its variable", async () => {
    const kraken = startSimulator({ venue: "kraken", seed: 7, ratePerSecond: 100 });
    const env = { FEEDS: "kraken", KRAKEN_URL: kraken.url, KRAKEN_SYMBOLS: "BTC/USD,NOPE/USD" };
    const { code, stdout } = await runBinary(["check", "--connect"], env);
    kraken.stop();
    expect(code).toBe(1);
    expect(stdout).toMatch(/feed kraken\s+FAILED\s+KRAKEN_SYMBOLS .*1 of 2 symbols quoted.*NOPE\/USD refused/);
  });
});

describe("run", () => {
  test("SINK=stdout writes one JSON record a line and nothing else; SIGTERM drains and ends with 0", async () => {
    const run = startBinary(["run"], feedEnv({ SINK: "stdout" }));
    const { url } = await run.waitForLog("admin_server_started");
    await until(
      () => published(url, "binance"),
      (count) => count > 100,
    );
    run.signal("SIGTERM");
    const { code, stdout, stderr } = await run.ended;
    expect(code).toBe(0);
    const records = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.length).toBeGreaterThan(100);
    expect(records.map((record) => record.payload.sequenceNumber)).toEqual(records.map((_, i) => i + 1));
    expect(records[0].eventType).toBe("market-data.raw-price");
    for (const line of stderr.trimEnd().split("\n")) expect(JSON.parse(line)).toHaveProperty("event");
  });

  test("healthz, readyz, status and metrics answer; without KAFKA_BROKERS the quotes are in SQLite", async () => {
    const folder = emptyFolder();
    const run = startBinary(["run"], feedEnv(), folder);
    const { url } = await run.waitForLog("admin_server_started");
    const ready = await until(
      () => get(url, "/readyz"),
      ({ status }) => status === 200,
    );
    expect(JSON.parse(ready.body).isReady).toBe(true);
    expect((await get(url, "/healthz")).status).toBe(200);
    const status = JSON.parse((await get(url, "/status")).body);
    expect(JSON.stringify(status)).toContain('"subscribedSymbols":["BTCUSDT","ETHUSDT"]');
    const metrics = (await get(url, "/metrics")).body;
    for (const name of ["ticks", "disconnections", "parse_errors", "published", "publish_errors"]) {
      expect(metrics).toContain(`market_data_raw_${name}_total{source="binance"}`);
    }
    run.signal("SIGINT");
    expect((await run.ended).code).toBe(0);
    const database = new Database(join(folder, "edge-ingester.sqlite"), { readonly: true });
    const { count } = database
      .query("select count(*) as count from records where topic = 'orion.market-data.raw'")
      .get() as { count: number };
    expect(count).toBeGreaterThan(0);
    database.close();
  });

  test("a hostile .env, bunfig.toml, package.json and tsconfig.json beside it are not read", async () => {
    const folder = emptyFolder();
    const trap = join(folder, "trap.ts");
    writeFileSync(
      trap,
      `require("node:fs").writeFileSync(${JSON.stringify(join(folder, "sprung"))}, "x"); process.exit(66);`,
    );
    writeFileSync(join(folder, ".env"), "SINK=kafka\nKAFKA_BROKERS=evil:9092\nFEEDS=nonsense\n");
    writeFileSync(join(folder, "bunfig.toml"), `preload = [${JSON.stringify(trap)}]\n`);
    writeFileSync(join(folder, "package.json"), "{ this is no JSON");
    writeFileSync(join(folder, "tsconfig.json"), '{"compilerOptions":{"paths":{"kafkajs":["./trap.ts"]}}}');
    mkdirSync(join(folder, "node_modules/kafkajs"), { recursive: true });
    writeFileSync(join(folder, "node_modules/kafkajs/index.js"), "process.exit(67)");
    const { code, stdout } = await runBinary(["check", "--json"], { FEEDS: "binance" }, folder);
    expect(code).toBe(0);
    expect(stdout).not.toContain("evil");
    expect(await Bun.file(join(folder, "sprung")).exists()).toBe(false);
    const demo = await runBinary(["demo", "--seconds", "1", "--plain", "--venue", "okx", "--rate", "50"], {}, folder);
    expect(demo.code).toBe(0);
  });

  test("an unreachable broker without a spool keeps the process up and unready, with the variable named", async () => {
    const env = feedEnv({ KAFKA_BROKERS: "127.0.0.1:1", SPOOL_MODE: "off", DRAIN_MS: "60000" });
    const run = startBinary(["run"], env);
    const { url } = await run.waitForLog("admin_server_started");
    const ready = await until(
      () => get(url, "/readyz"),
      ({ body }) => body.includes("KAFKA_BROKERS"),
    );
    expect(ready.status).toBe(503);
    expect(ready.body).toContain("waits for the sink");
    expect((await get(url, "/healthz")).status).toBe(200);
    expect((await run.waitForLog("sink_waiting"))["message"]).toContain("KAFKA_BROKERS");
    run.signal("SIGTERM");
    expect((await run.ended).code).toBe(0);
  });

  test("an unreachable broker with a spool is told as degraded, and the quotes are on the disk at the end", async () => {
    const folder = emptyFolder();
    const run = startBinary(["run"], feedEnv({ KAFKA_BROKERS: "127.0.0.1:1", DRAIN_MS: "60000" }), folder);
    const { url } = await run.waitForLog("admin_server_started");
    const isSpooling = ({ status, body }: { status: number; body: string }) =>
      status === 200 && body.includes("records wait");
    const ready = await until(() => get(url, "/readyz"), isSpooling);
    expect(JSON.parse(ready.body).parts).toMatchObject([
      { part: "app", isDegraded: false },
      { part: "sink kafka", isReady: true, isDegraded: true, why: expect.stringContaining("KAFKA_BROKERS") },
      { part: "spool", isReady: true, isDegraded: true },
      { part: "feed binance", isReady: true },
    ]);
    expect((await get(url, "/healthz")).status).toBe(200);
    run.signal("SIGTERM");
    const { code, stderr } = await run.ended;
    expect(code).toBe(0);
    const drained = stderr.split("\n").find((line) => line.includes('"event":"drained"')) ?? "{}";
    expect(JSON.parse(drained).quotesOnSpool).toBeGreaterThan(0);
    expect(statSync(join(folder, "state", "spool")).mode & 0o777).toBe(0o700);
  }, 30_000);

  test("SINK=stdout ends at once with 1 when its reader goes away, however long the drain may take", async () => {
    const env = { PATH: process.env["PATH"] ?? "", ...feedEnv({ SINK: "stdout", DRAIN_MS: "600000" }) };
    const command = ["bash", "-c", `${BINARY} run | head -n 3; exit "\${PIPESTATUS[0]}"`];
    const child = Bun.spawn(command, { cwd: emptyFolder(), env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    expect(await child.exited).toBe(1);
    expect(stdout.trimEnd().split("\n").length).toBe(3);
    expect(stderr).toContain("its reader is gone");
  });

  test("SIGTERM waits for the drain, a second signal ends it at once", async () => {
    const folder = emptyFolder();
    // A reader that never reads: the pipe fills, so the drain cannot end before DRAIN_MS.
    const command = ["bash", "-c", `exec ${BINARY} run > >(sleep 20)`];
    const env = { PATH: process.env["PATH"] ?? "", ...feedEnv({ SINK: "stdout", DRAIN_MS: "600000" }) };
    const child = Bun.spawn(command, { cwd: folder, env, stdin: "ignore", stderr: "pipe" });
    const log = new LineLog();
    void log.read(child.stderr);
    const { url } = await log.waitFor("admin_server_started");
    await until(
      async () => (await get(url, "/status")).body,
      (body) =>
        JSON.parse(body).lanes.some(
          (lane: { isInFlight: boolean; sealedBatches: number }) => lane.isInFlight && lane.sealedBatches > 1,
        ),
    );
    child.kill("SIGTERM");
    await until(
      async () => (await get(url, "/readyz")).body,
      (body) => body.includes("draining"),
    );
    child.kill("SIGTERM");
    expect(await child.exited).toBe(143);
  });
});

describe("demo", () => {
  test("shows every live venue and a ledger that balances, with faults, and ends by itself", async () => {
    const { code, stdout } = await runBinary([
      "demo",
      "--seconds",
      "4",
      "--plain",
      "--rate",
      "600",
      "--faults",
      "--seed",
      "3",
    ]);
    expect(code).toBe(0);
    for (const name of ["binance", "coinbase", "kraken", "okx", "bybit", "bitstamp"]) {
      expect(stdout).toMatch(
        new RegExp(`${name}: accepted [1-9]\\d* = acked [1-9]\\d* \\+ in memory 0 \\+ dropped 0; the ledger balances`),
      );
    }
  });
});
