import { afterEach, beforeAll, expect, test } from "bun:test";
import type { Feed } from "../../../src/adapters/feed.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { FeedBench, TEST_POLICY } from "../../harness/feed-bench.ts";
import { installGrpcPeer } from "../../harness/grpc-peer-install.ts";
import { GrpcPeerProcess } from "../../harness/grpc-peer-process.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import { createPeerAdapter } from "./grpc-rig.ts";

const LIMIT_MS = 10_000;
const SYMBOL = "SBER@MISX";
const POLICY = {
  ...TEST_POLICY,
  initialDelayMs: 20,
  maxDelayMs: 300,
  staleAfterMs: 400,
  deadAfterMs: 1500,
  noDataAfterMs: 60_000,
};

let peer: GrpcPeerProcess | null = null;
let feed: Feed | null = null;

beforeAll(async () => {
  await installGrpcPeer();
}, 600_000);

afterEach(async () => {
  await feed?.stop();
  await peer?.kill();
});

function startFeed(port: number): { bench: FeedBench; feed: Feed } {
  const bench = new FeedBench({ clock: new SystemClock(), symbols: [SYMBOL], policy: POLICY });
  feed = bench.createFeed(createPeerAdapter({ port }));
  feed.start();
  return { bench, feed };
}

test("a venue that dies and comes back: the feed is live again, and the hole is told", async () => {
  peer = await GrpcPeerProcess.start();
  const { port } = peer;
  const { bench, feed: running } = startFeed(port);
  await waitUntil(() => running.state === "live", { limitMs: LIMIT_MS, what: "live" });
  await peer.kill();
  await waitUntil(() => running.state === "backing-off" || running.state === "failed", {
    limitMs: LIMIT_MS,
    what: "the end",
  });
  const count = bench.quotes.count;
  peer = await GrpcPeerProcess.start({ port });
  await waitUntil(() => running.state === "live" && bench.quotes.count > count, {
    limitMs: LIMIT_MS,
    what: "live again",
  });
  expect(bench.interruptions).toContain(`disconnect ${SYMBOL}`);
  expect(running.status()).toMatchObject({ transport: "grpc", connected: true });
}, 30_000);

test("a venue that hangs is stale, then half-open, and read again when it goes on", async () => {
  peer = await GrpcPeerProcess.start();
  const { bench, feed: running } = startFeed(peer.port);
  await waitUntil(() => running.state === "live", { limitMs: LIMIT_MS, what: "live" });
  peer.freeze();
  await waitUntil(() => running.state === "stale", { limitMs: LIMIT_MS, what: "stale" });
  await waitUntil(() => bench.events.changes.some((change) => change.endsWith(":half_open")), {
    limitMs: LIMIT_MS,
    what: "half-open",
  });
  peer.thaw();
  const count = bench.quotes.count;
  await waitUntil(() => running.state === "live" && bench.quotes.count > count, {
    limitMs: LIMIT_MS,
    what: "live again",
  });
}, 30_000);
