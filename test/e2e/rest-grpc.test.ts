// REST and gRPC in the compiled binary, from an empty folder and with nothing in its environment but what a test sets.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GrpcSimulatorOptions } from "../../src/simulator/grpc/grpc-simulator.ts";
import type { RestSimulatorOptions } from "../../src/simulator/rest/rest-simulator.ts";
import { type Simulator, startGrpcSimulator, startRestSimulator } from "../../src/simulator/simulator.ts";
import { createKafkaCertificates, type KafkaCertificates } from "../harness/kafka-certificates.ts";
import { waitUntil } from "../harness/wait-until.ts";
import { emptyFolder, runBinary } from "./binary.ts";
import { connections, environment, feedEnv, metrics, page, start, untilQuoted, WAIT_LIMIT_MS } from "./program.ts";

const SEED = Number(process.env["VENUE_SEED"] ?? 20_260_103);
const TEST_LIMIT_MS = 30_000;
const PROTOS = join(import.meta.dir, "../../config/protos");
/** Found nowhere but in the program's own memory. */
const CANARY = "canary-4711-do-not-print";

const folder = emptyFolder();
const venues: Simulator[] = [];
let certificates: KafkaCertificates;
let pems: { readonly cert: string; readonly key: string; readonly ca: string };

beforeAll(async () => {
  console.error(`VENUE_SEED=${SEED}`);
  certificates = await createKafkaCertificates(folder);
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  pems = { cert: read("broker.pem"), key: read("broker.key"), ca: readFileSync(certificates.caFile, "utf8") };
}, TEST_LIMIT_MS);

afterAll(() => {
  for (const venue of venues) venue.stop();
  rmSync(folder, { recursive: true, force: true });
});

function startRest(venue: string, options: Partial<RestSimulatorOptions> = {}) {
  const simulator = startRestSimulator({ venue, seed: SEED, ratePerSecond: 400, ...options });
  venues.push(simulator);
  return simulator;
}

function startGrpc(venue: string, options: Partial<GrpcSimulatorOptions> = {}) {
  const simulator = startGrpcSimulator({ venue, seed: SEED, ratePerSecond: 400, ...options });
  venues.push(simulator);
  return simulator;
}

describe("venues over REST and gRPC", () => {
  test(
    "with and without TLS, mTLS, a server name, .proto files of the user: all quote, from an empty folder",
    async () => {
      const where = emptyFolder();
      copyFileSync(join(PROTOS, "finam-quotes.proto"), join(where, "quotes.proto"));
      copyFileSync(join(PROTOS, "decimal.proto"), join(where, "decimal.proto"));
      const tls = { cert: pems.cert, key: pems.key };
      const TLS_CA_FILE = certificates.caFile;
      const ours = { TLS_CERT_FILE: certificates.clientCertFile, TLS_KEY_FILE: certificates.clientKeyFile };
      const fast = { POLL_INTERVAL_MS: "50" };
      const feeds = {
        plain: feedEnv("plain", startRest("binance-rest"), fast),
        account: feedEnv("account", startRest("oanda", { tls }), { ...fast, TLS_CA_FILE }),
        units: feedEnv("units", startGrpc("quotes-units")),
        mutual: feedEnv("mutual", startGrpc("quotes-book", { tls: { ...tls, clientCa: pems.ca } }), {
          TLS_CA_FILE,
          ...ours,
        }),
        protos: feedEnv("protos", startGrpc("finam", { tls }), {
          TLS_CA_FILE,
          TLS_SERVER_NAME: "localhost",
          PROTO_PATH: "quotes.proto",
        }),
      };
      const program = await start({ ...environment(feeds), SINK: "stdout" }, where);
      await untilQuoted(program, Object.keys(feeds));
      const { requestBudgets } = JSON.parse(await page(program, "/status"));
      expect(requestBudgets).toHaveLength(2);
      const used = (await metrics(program)).sum("ingester_request_budget_used_ratio", { window: "60" });
      expect(used).toBeGreaterThan(0);
      program.run.signal("SIGTERM");
      const { code, stdout } = await program.run.ended;
      expect(code).toBe(0);
      const records = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      const sources = records.map(({ payload }) => payload?.source).filter((source) => source !== undefined);
      expect(new Set(sources)).toEqual(new Set(Object.keys(feeds)));
    },
    TEST_LIMIT_MS,
  );

  test(
    "each feed says in /status and in check --connect what is wrong, and where to look",
    async () => {
      const tls = { cert: pems.cert, key: pems.key };
      const bad = {
        https: feedEnv("https", startRest("kraken-rest", { tls }), { TLS_CA_FILE: certificates.otherCaFile }),
        denied: feedEnv("denied", startRest("oanda"), { TOKEN: CANARY }),
        untrusted: feedEnv("untrusted", startGrpc("quotes-book", { tls }), { TLS_CA_FILE: certificates.otherCaFile }),
        token: feedEnv("token", startGrpc("finam"), { TOKEN: CANARY }),
        nobody: feedEnv("nobody", startGrpc("quotes-units"), { ADDRESS: "127.0.0.1:1" }),
      };
      const wanted: Readonly<Record<string, { code: string; variable: string }>> = {
        https: { code: "tls_failed", variable: "HTTPS_TLS_CA_FILE" },
        denied: { code: "logon_refused", variable: "DENIED_TOKEN" },
        untrusted: { code: "tls_failed", variable: "UNTRUSTED_TLS" },
        token: { code: "logon_refused", variable: "TOKEN_TOKEN" },
        nobody: { code: "connect_refused", variable: "NOBODY_ADDRESS" },
      };
      const env = environment({ ...bad, good: feedEnv("good", startGrpc("quotes-units")) });
      const program = await start({ ...env, SINK: "discard" });
      await untilQuoted(program, ["good"]);
      const isAllTold = async () => {
        const now = await connections(program);
        return Object.keys(wanted).every((name) => now[name].lastError !== null);
      };
      await waitUntil(isAllTold, { limitMs: WAIT_LIMIT_MS, what: "error of every bad feed" });
      const now = await connections(program);
      for (const name of ["https", "untrusted"])
        expect(now[name].lastError?.message).toMatch(/certificate|CERT|UNABLE_TO_VERIFY/);
      for (const [name, { code }] of Object.entries(wanted))
        expect([name, now[name].lastError?.code]).toEqual([name, code]);
      const status = await page(program, "/status");
      program.run.signal("SIGTERM");
      const ended = await program.run.ended;
      const checked = await runBinary(["check", "--connect", "--json"], environment(bad));
      expect([ended.code, checked.code]).toEqual([0, 1]);
      const rows: { subject: string; variable: string; isGood: boolean }[] = JSON.parse(checked.stdout).connections;
      for (const [name, { variable }] of Object.entries(wanted)) {
        expect(rows).toContainEqual(expect.objectContaining({ subject: `feed ${name}`, variable, isGood: false }));
      }
      for (const text of [status, ended.stdout, ended.stderr, checked.stdout, checked.stderr]) {
        expect(text).not.toContain(CANARY);
      }
    },
    TEST_LIMIT_MS,
  );

  test(
    "a token that is exchanged in its file is used at the next refusal, and told nowhere, whatever a venue sends back",
    async () => {
      const where = emptyFolder();
      const venue = startGrpc("finam");
      const { TOKEN = "", ...settings } = venue.clientSettings;
      writeFileSync(join(where, "token"), `${CANARY}\n`, { mode: 0o600 });
      const feeds = {
        finam: feedEnv(
          "finam",
          { ...venue, venue: venue.venue, symbols: venue.symbols, clientSettings: settings },
          {
            TOKEN_FILE: "token",
          },
        ),
      };
      const program = await start({ ...environment(feeds), SINK: "discard", LOG_LEVEL: "debug" }, where);
      const isRefused = async () => (await connections(program))["finam"].lastError?.code === "logon_refused";
      await waitUntil(isRefused, { limitMs: WAIT_LIMIT_MS, what: "refusal of the old token" });
      writeFileSync(join(where, "token"), `${TOKEN}\n`);
      await untilQuoted(program, ["finam"]);
      // It was never configured: only its file held it.
      venue.refuseCalls(14, `token ${TOKEN} is not welcome today`);
      venue.disconnectHard();
      const isTurnedAway = async () =>
        /not welcome today/.test((await connections(program))["finam"].lastError?.message ?? "");
      await waitUntil(isTurnedAway, { limitMs: WAIT_LIMIT_MS, what: "words of the venue" });
      const status = await page(program, "/status");
      expect(status).toContain("token [redacted] is not welcome today");
      program.run.signal("SIGTERM");
      const { code, stdout, stderr } = await program.run.ended;
      expect(code).toBe(0);
      for (const text of [status, stdout, stderr]) expect(text).not.toContain(CANARY);
      expect(stderr).not.toContain(`token ${TOKEN}`);
    },
    TEST_LIMIT_MS,
  );
});
