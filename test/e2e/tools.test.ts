// The commands for people and scripts, and control of a running instance, on the compiled binary.
import { afterAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import { waitUntil } from "../harness/wait-until.ts";
import { BINARY, emptyFolder, runBinary } from "./binary.ts";
import { type Program, page, start, untilQuoted, WAIT_LIMIT_MS } from "./program.ts";

const TEST_LIMIT_MS = 60_000;
const TOKEN = "ops-0123456789abcdef";
const venues: Simulator[] = [];

afterAll(() => {
  for (const venue of venues) venue.stop();
});

function simulate(): Record<string, string> {
  const venue = startSimulator({ venue: "binance", seed: 7, ratePerSecond: 500 });
  venues.push(venue);
  const env = {
    FEEDS: "binance",
    BINANCE_URL: venue.url,
    BINANCE_SYMBOLS: "BTCUSDT,ETHUSDT",
    BINANCE_INITIAL_DELAY_MS: "50",
  };
  return { ...env, ADMIN_PORT: "0", SINK: "discard" };
}

interface FeedPage {
  readonly state: string;
  readonly subscriptions: readonly { readonly symbol: string; readonly quotes: number }[];
  readonly disconnections: number;
}

async function feedOf(program: Program): Promise<FeedPage> {
  return JSON.parse(await page(program, "/status")).feeds[0];
}

function post(program: Program, path: string, body: object | null = null, headers: Record<string, string> = {}) {
  return fetch(program.url + path, { method: "POST", body: body === null ? null : JSON.stringify(body), headers });
}

function untilFeed(program: Program, what: string, isSo: (feed: FeedPage) => boolean): Promise<void> {
  return waitUntil(async () => isSo(await feedOf(program)), { limitMs: WAIT_LIMIT_MS, what });
}

function symbolsOf({ subscriptions }: FeedPage): string {
  return subscriptions
    .filter(({ quotes }) => quotes > 0)
    .map(({ symbol }) => symbol)
    .join(",");
}

describe("control", () => {
  test(
    "a feed is disconnected, connected, asked anew, and gets and loses symbols, without a restart",
    async () => {
      const program = await start(simulate());
      await untilQuoted(program, ["binance"]);
      expect((await post(program, "/feeds/binance/disconnect")).status).toBe(200);
      expect((await feedOf(program)).state).toBe("stopped");
      expect((await runBinary(["status", "--url", program.url])).code).toBe(1);
      expect((await post(program, "/feeds/binance/connect")).status).toBe(200);
      await untilFeed(program, "live again", ({ state }) => state === "live");
      expect(await (await post(program, "/feeds/binance/resubscribe")).json()).toMatchObject({ symbols: 2 });
      const changed = await post(program, "/feeds/binance/symbols", { add: ["SOLUSDT"], remove: ["ETHUSDT"] });
      expect([changed.status, await changed.json()]).toEqual([
        200,
        expect.objectContaining({ added: ["SOLUSDT"], removed: ["ETHUSDT"], symbols: 2 }),
      ]);
      await untilFeed(program, "quotes of the new symbol", (feed) => symbolsOf(feed) === "BTCUSDT,SOLUSDT");
      await post(program, "/feeds/binance/symbols", { add: ["ETHUSDT"] });
      await untilFeed(program, "the symbol back", (feed) => symbolsOf(feed) === "BTCUSDT,SOLUSDT,ETHUSDT");
      expect((await feedOf(program)).disconnections).toBe(0);
      const { ledger } = JSON.parse(await page(program, "/status"));
      expect(ledger[0].balanceError).toBe(0);
      expect((await post(program, "/feeds/coinbase/connect")).status).toBe(409);
      expect((await post(program, "/feeds/nowhere/connect")).status).toBe(404);
      expect((await post(program, "/feeds/binance/symbols", { add: ['A"B'] })).status).toBe(409);
      expect((await post(program, "/feeds/binance/connect", null, { origin: "http://evil.example" })).status).toBe(403);
      program.run.signal("SIGTERM");
      const { code, stderr } = await program.run.ended;
      expect(code).toBe(0);
      const applied = stderr.split("\n").filter((line) => line.includes('"event":"control_applied"'));
      expect(applied.map((line) => JSON.parse(line).action)).toEqual([
        "disconnect",
        "connect",
        "resubscribe",
        "symbols",
        "symbols",
      ]);
      for (const line of applied) expect(JSON.parse(line).address).toBe("127.0.0.1");
    },
    TEST_LIMIT_MS,
  );

  test(
    "off loopback nothing starts without a token, and with one strangers get nothing",
    async () => {
      const open = await runBinary(["run"], { ...simulate(), ADMIN_HOST: "0.0.0.0" });
      expect([open.code, open.stderr]).toEqual([2, expect.stringContaining("ADMIN_HOST")]);
      const folder = emptyFolder();
      writeFileSync(join(folder, "tokens"), `ann:${TOKEN}\n`, { mode: 0o600 });
      const env = { ...simulate(), ADMIN_HOST: "0.0.0.0", ADMIN_TOKEN_FILE: join(folder, "tokens") };
      const program = await start(env, folder);
      const local = { ...program, url: program.url.replace("0.0.0.0", "127.0.0.1") };
      expect((await fetch(`${local.url}/status`)).status).toBe(401);
      expect((await fetch(`${local.url}/healthz`)).status).toBe(200);
      expect((await post(local, "/feeds/binance/disconnect")).status).toBe(401);
      const refused = await runBinary(["status", "--url", local.url]);
      expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining("--token-file")]);
      const asked = await runBinary(["status", "--url", local.url, "--token-file", join(folder, "tokens"), "--json"]);
      expect(JSON.parse(asked.stdout).readiness.parts.length).toBeGreaterThan(0);
      const authorization = `Bearer ${TOKEN}`;
      expect((await post(local, "/feeds/binance/disconnect", null, { authorization })).status).toBe(200);
      program.run.signal("SIGTERM");
      const { stderr } = await program.run.ended;
      expect(stderr).toContain('"token":"ann"');
      expect(stderr).not.toContain(TOKEN);
    },
    TEST_LIMIT_MS,
  );
});

describe("SIGHUP", () => {
  test(
    "profiles and tokens are read anew: a feed takes its profile with its next session, a token counts at once",
    async () => {
      const folder = emptyFolder();
      const profile = JSON.parse((await runBinary(["venues", "show", "binance", "--profile"])).stdout);
      const files = { profile: join(folder, "venue.json"), tokens: join(folder, "tokens") };
      writeFileSync(files.profile, JSON.stringify(profile));
      writeFileSync(files.tokens, `ann:${TOKEN}\n`, { mode: 0o600 });
      const env = { ...simulate(), BINANCE_PROFILE: files.profile, ADMIN_TOKEN_FILE: files.tokens };
      const program = await start(env, folder);
      await untilQuoted(program, ["binance"]);
      const ask = async (token: string) =>
        (await post(program, "/feeds/binance/resubscribe", null, { authorization: `Bearer ${token}` })).status;
      const renewed = TOKEN.replace("ops", "new");
      const hangUp = async (count: number) => {
        program.run.signal("SIGHUP");
        await waitUntil(async () => program.run.linesOf("reloaded", "reload_refused").length === count, {
          limitMs: WAIT_LIMIT_MS,
          what: `reload ${count}`,
        });
      };
      expect([await ask(TOKEN), await ask(renewed)]).toEqual([200, 401]);
      writeFileSync(files.tokens, `bob:${renewed}\n`);
      writeFileSync(files.profile, JSON.stringify({ ...profile, description: "another" }));
      await hangUp(1);
      expect([await ask(TOKEN), await ask(renewed)]).toEqual([401, 200]);
      writeFileSync(files.profile, "{");
      await hangUp(2);
      writeFileSync(files.profile, JSON.stringify({ ...profile, limits: { ...profile.limits, deadAfterMs: 39_000 } }));
      await hangUp(3);
      expect((await feedOf(program)).state).toBe("live");
      program.run.signal("SIGTERM");
      const { code, stderr } = await program.run.ended;
      const events = stderr.split("\n").filter((line) => line.includes('"event":"reload'));
      expect(events.map((line) => [JSON.parse(line).event, JSON.parse(line).by])).toEqual([
        ["reload_applied", "SIGHUP"],
        ["reload_applied", "SIGHUP"],
        ["reloaded", "SIGHUP"],
        ["reload_refused", "SIGHUP"],
        ["reload_needs_restart", "SIGHUP"],
        ["reloaded", "SIGHUP"],
      ]);
      expect([code, stderr.includes(renewed)]).toEqual([0, false]);
    },
    TEST_LIMIT_MS,
  );
});

describe("status", () => {
  test(
    "prints a table and ends with 0 when all is well, with 3 when nobody is there",
    async () => {
      const program = await start(simulate());
      await untilQuoted(program, ["binance"]);
      const well = await runBinary(["status"], { ADMIN_PORT: new URL(program.url).port });
      expect(well.stdout).toContain(": well;");
      expect(well.stdout).toMatch(/^binance +live +2\/2 /m);
      expect(well.code).toBe(0);
      program.run.signal("SIGTERM");
      await program.run.ended;
      const gone = await runBinary(["status", "--url", program.url]);
      expect([gone.code, gone.stderr]).toEqual([3, expect.stringContaining("Cannot reach a running instance")]);
      expect((await runBinary(["status", "--url", "ftp://x"])).code).toBe(2);
    },
    TEST_LIMIT_MS,
  );
});

describe("probe", () => {
  test(
    "prints as many quotes as asked for, as lines or JSON, and ends with 1 when there are none",
    async () => {
      const env = simulate();
      const text = await runBinary(["probe", "binance", "--count", "3"], env);
      expect([text.code, text.stdout.trim().split("\n").length]).toEqual([0, 3]);
      expect(text.stderr).toContain("binance: live");
      const json = await runBinary(["probe", "binance", "--symbols", "SOLUSDT", "--count", "2", "--json"], env);
      for (const line of json.stdout.trim().split("\n")) {
        expect(JSON.parse(line)).toMatchObject({ source: "binance", symbol: "SOLUSDT", bidPrice: expect.any(String) });
      }
      const none = await runBinary(["probe", "binance", "--seconds", "1"], { BINANCE_URL: "ws://127.0.0.1:1/" });
      expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("backing-off")]);
      expect((await runBinary(["probe", "nowhere"], {})).code).toBe(2);
    },
    TEST_LIMIT_MS,
  );
});

describe("schema, version, completion", () => {
  test(
    "schema prints three JSON Schemas, version tells profiles by digest",
    async () => {
      for (const what of ["config", "profile", "record"]) {
        const { code, stdout } = await runBinary(["schema", what]);
        expect([code, JSON.parse(stdout).$schema]).toEqual([0, "https://json-schema.org/draft/2020-12/schema"]);
      }
      expect((await runBinary(["schema", "x"])).code).toBe(2);
      const facts = JSON.parse((await runBinary(["version", "--json"])).stdout);
      expect(facts.build).toEqual({ platform: process.platform, arch: process.arch });
      expect(facts.profiles.find(({ name }: { name: string }) => name === "kraken").sha256).toMatch(/^[0-9a-f]{64}$/);
    },
    TEST_LIMIT_MS,
  );

  test(
    "bash completes commands, words, options, venues and files",
    async () => {
      const { stdout: script } = await runBinary(["completion", "bash"]);
      const folder = emptyFolder();
      writeFileSync(join(folder, "kraken.rec"), "");
      const completed = async (line: string) => {
        const words = line.split(" ");
        const ask = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_edge_ingester; printf '%s\\n' "\${COMPREPLY[@]}"`;
        const shell = Bun.spawn(["bash", "--norc", "-c", `${script}\n${ask}`], {
          cwd: folder,
          stdout: "pipe",
          stderr: "pipe",
        });
        const [out, err] = [await new Response(shell.stdout).text(), await new Response(shell.stderr).text()];
        expect(err).toBe("");
        return out.split("\n").filter((word) => word !== "");
      };
      expect(await completed("edge-ingester st")).toEqual(["status"]);
      expect(await completed("edge-ingester spool ")).toEqual(
        expect.arrayContaining(["ls", "verify", "export", "drop"]),
      );
      expect(await completed("edge-ingester check --c")).toEqual(["--connect"]);
      expect(await completed("edge-ingester venues show kra")).toEqual(["kraken", "kraken-rest"]);
      expect(await completed("edge-ingester probe bitst")).toEqual(["bitstamp"]);
      expect(await completed("edge-ingester replay kra")).toEqual(["kraken.rec"]);
      expect(await completed("edge-ingester schema re")).toEqual(["record"]);
      expect(await completed("edge-ingester help to")).toEqual(["topics"]);
    },
    TEST_LIMIT_MS,
  );

  test(
    "the scripts for zsh and fish are good syntax, where these shells are there",
    async () => {
      for (const shell of ["zsh", "fish"]) {
        const { code, stdout } = await runBinary(["completion", shell]);
        expect([shell, code]).toEqual([shell, 0]);
        expect(stdout).toContain("edge-ingester");
        if (Bun.which(shell) === null) {
          console.error(`SKIPPED: ${shell} is not there, its completion script is not parsed`);
          continue;
        }
        const file = join(dirname(join(emptyFolder(), "x")), "script");
        writeFileSync(file, stdout);
        const parsed = Bun.spawnSync([shell, "-n", file]);
        expect([shell, parsed.exitCode, parsed.stderr.toString()]).toEqual([shell, 0, ""]);
      }
      expect(BINARY).not.toBe("");
    },
    TEST_LIMIT_MS,
  );
});
