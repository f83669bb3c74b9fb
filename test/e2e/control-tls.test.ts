// Symbols at run time over every transport, and both ends of TLS that are new: the admin server's, and a WebSocket venue's authority.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Simulator,
  startFixSimulator,
  startGrpcSimulator,
  startRestSimulator,
  startSimulator,
} from "../../src/simulator/simulator.ts";
import { createKafkaCertificates, type KafkaCertificates } from "../harness/kafka-certificates.ts";
import { TlsFront } from "../harness/tls-front.ts";
import { waitUntil } from "../harness/wait-until.ts";
import { emptyFolder, runBinary, startBinary } from "./binary.ts";
import { environment, feedEnv, page, type ReadableVenue, start, untilQuoted, WAIT_LIMIT_MS } from "./program.ts";

const SEED = Number(process.env["VENUE_SEED"] ?? 20_260_103);
const TEST_LIMIT_MS = 60_000;
const folder = emptyFolder();
const venues: Simulator[] = [];
let certificates: KafkaCertificates;
let pems: { readonly cert: string; readonly key: string };

beforeAll(async () => {
  console.error(`VENUE_SEED=${SEED}`);
  certificates = await createKafkaCertificates(folder);
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  pems = { cert: read("broker.pem"), key: read("broker.key") };
}, TEST_LIMIT_MS);

afterAll(() => {
  for (const venue of venues) venue.stop();
});

function use<T extends Simulator & ReadableVenue>(venue: T): T {
  venues.push(venue);
  return venue;
}

interface FeedPage {
  readonly name: string;
  readonly subscriptions: readonly { readonly symbol: string; readonly quotes: number }[];
}

describe("symbols at run time", () => {
  test(
    "come and go over FIX, REST and gRPC, and the ledger balances",
    async () => {
      const rate = { seed: SEED, ratePerSecond: 300 };
      const lps = {
        fix: use(startFixSimulator({ venue: "fix-generic", ...rate })),
        rest: use(startRestSimulator({ venue: "binance-rest", ...rate })),
        grpc: use(startGrpcSimulator({ venue: "quotes-book", ...rate })),
      };
      const feeds = {
        fix: feedEnv("fix", lps.fix),
        rest: feedEnv("rest", lps.rest, { POLL_INTERVAL_MS: "50" }),
        grpc: feedEnv("grpc", lps.grpc),
      };
      const program = await start({ ...environment(feeds), SINK: "discard" });
      await untilQuoted(program, Object.keys(feeds));
      for (const [name, { symbols }] of Object.entries(lps)) {
        const [first = "", , third = ""] = symbols;
        const body = JSON.stringify({ add: [third], remove: [first] });
        const answer = await fetch(`${program.url}/feeds/${name}/symbols`, { method: "POST", body });
        expect([name, answer.status, await answer.json()]).toEqual([
          name,
          200,
          expect.objectContaining({ added: [third], removed: [first] }),
        ]);
      }
      const quoted = async () => {
        const status: { feeds: FeedPage[] } = JSON.parse(await page(program, "/status"));
        return Object.entries(lps).every(([name, { symbols }]) => {
          const feed = status.feeds.find((one) => one.name === name);
          const now = feed?.subscriptions.filter(({ quotes }) => quotes > 0).map(({ symbol }) => symbol);
          return Bun.deepEquals(now, [symbols[1], symbols[2]]);
        });
      };
      await waitUntil(quoted, { limitMs: WAIT_LIMIT_MS, what: "quotes of the new symbols alone" });
      const { ledger } = JSON.parse(await page(program, "/status"));
      for (const row of ledger) expect([row.source, row.balanceError]).toEqual([row.source, 0]);
      program.run.signal("SIGTERM");
      expect((await program.run.ended).code).toBe(0);
    },
    TEST_LIMIT_MS,
  );
});

describe("TLS", () => {
  test(
    "the admin server speaks to those who show a certificate, and status shows one",
    async () => {
      const venue = use(
        startSimulator({ venue: "binance", seed: SEED, ratePerSecond: 100 }) as Simulator & ReadableVenue,
      );
      const tls = {
        ADMIN_TLS: "true",
        ADMIN_TLS_CERT_FILE: join(folder, "broker.pem"),
        ADMIN_TLS_KEY_FILE: join(folder, "broker.key"),
        ADMIN_TLS_CLIENT_CA_FILE: certificates.caFile,
        ADMIN_HOST: "0.0.0.0",
      };
      const run = startBinary(["run"], {
        ...environment({ binance: feedEnv("binance", venue) }),
        ...tls,
        SINK: "discard",
      });
      const url = String((await run.waitForLog("admin_server_started"))["url"]).replace("0.0.0.0", "127.0.0.1");
      expect(url).toStartWith("https://");
      const trust = ["status", "--url", url, "--ca", certificates.caFile];
      const stranger = await runBinary(trust);
      expect(stranger.code).toBe(3);
      const known = ["--cert", certificates.clientCertFile, "--key", certificates.clientKeyFile];
      const isAnswered = async () => (await runBinary([...trust, ...known])).code < 2;
      expect(await isAnswered()).toBe(true);
      expect((await runBinary([...trust, "--cert", certificates.clientCertFile])).code).toBe(2);
      run.signal("SIGTERM");
      expect((await run.ended).code).toBe(0);
    },
    TEST_LIMIT_MS,
  );

  test(
    "a WebSocket venue is trusted by <FEED>_TLS_CA_FILE, and by no other authority",
    async () => {
      const venue = use(
        startSimulator({ venue: "binance", seed: SEED, ratePerSecond: 100 }) as Simulator & ReadableVenue,
      );
      const front = await TlsFront.start({ targetPort: Number(new URL(venue.url).port), certificate: pems });
      const { pathname, search } = new URL(venue.url);
      const env = {
        BINANCE_URL: `wss://${front.address}${pathname}${search}`,
        BINANCE_SYMBOLS: "BTCUSDT",
        BINANCE_TLS_CA_FILE: certificates.caFile,
      };
      const trusted = await runBinary(["probe", "binance", "--count", "2", "--seconds", "20"], env);
      expect([trusted.code, trusted.stderr]).toEqual([0, expect.stringContaining("binance: live")]);
      const other = { ...env, BINANCE_TLS_CA_FILE: certificates.otherCaFile };
      const refused = await runBinary(["probe", "binance", "--seconds", "2"], other);
      expect([refused.code, refused.stdout]).toEqual([1, ""]);
      await front.stop();
    },
    TEST_LIMIT_MS,
  );
});
