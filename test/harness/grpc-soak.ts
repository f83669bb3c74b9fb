import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GrpcAdapter } from "../../src/adapters/grpc/grpc-adapter.ts";
import { loadProtoFiles } from "../../src/adapters/grpc/load-proto-files.ts";
import { Instrument } from "../../src/domain/instrument.ts";
import { SystemClock } from "../../src/runtime/system-clock.ts";
import { compileGrpcVenue } from "../../src/venues/grpc/compile-grpc-venue.ts";
import { EMBEDDED_PROTOS } from "../../src/venues/grpc/embedded-protos.ts";
import { grpcProfileSchema } from "../../src/venues/grpc/grpc-profile-schema.ts";
import { GrpcPeerProcess } from "./grpc-peer-process.ts";
import { ManualPressure, RecordingMonitor } from "./recorders.ts";
import { waitUntil } from "./wait-until.ts";

const PROFILE_FILE = join(import.meta.dir, "../../config/venues/finam.json");
/** From then on memory must not grow: code is compiled, buffers have their size. */
const WARM_MS = 2000;
const START_LIMIT_MS = 30_000;
const LOOK_MS = 1000;
const DRIFT_LOOK_MS = 5;

/** What a soak has seen. */
export interface SoakReport {
  readonly messages: number;
  readonly cpuUsPerMessage: number;
  /** Seconds in which not one message came. */
  readonly stalledSeconds: number;
  readonly rssMbFirst: number;
  readonly rssMbMax: number;
  readonly driftMsMax: number;
  /** How the session ended once it was told to. */
  readonly end: string;
}

/** Reads grpc-go as fast as it sends. */
export async function fullSpeedSoak(seconds: number, say: (line: string) => void): Promise<SoakReport> {
  const peer = await GrpcPeerProcess.start();
  const profile = grpcProfileSchema.parse(JSON.parse(readFileSync(PROFILE_FILE, "utf8")));
  const files = { paths: ["finam-quotes.proto"], includes: [], embedded: EMBEDDED_PROTOS, readText: () => null };
  const adapter = new GrpcAdapter({
    venue: compileGrpcVenue({ ...profile, metadata: {} }),
    address: `127.0.0.1:${peer.port}`,
    schema: await loadProtoFiles(files),
    tls: null,
    token: null,
    rereadToken: null,
    rawPayload: "on",
  });
  const symbols = ["FLOOD@X", "SBER@MISX", "GAZP@MISX", "LKOH@MISX"];
  const controller = new AbortController();
  let quotes = 0;
  const session = adapter.startSession({
    signal: controller.signal,
    epoch: 1,
    instruments: symbols.map((symbol, id) => new Instrument({ id, feedIndex: 0, source: "finam", symbol })),
    quotes: { accept: () => quotes++ },
    monitor: new RecordingMonitor(),
    backpressure: new ManualPressure(),
    clock: new SystemClock(),
  });
  const ended = session.ended.then(
    (end) => end.reason as string,
    (error: unknown) => String(error),
  );
  // What comes before is the start of either side.
  await waitUntil(() => quotes > 0, { limitMs: START_LIMIT_MS, what: "quotes" });
  const seen = await watch(seconds, { count: () => quotes, say });
  controller.abort();
  const end = await ended;
  await peer.kill();
  return { ...seen, end };
}

async function watch(
  seconds: number,
  { count, say }: { count: () => number; say: (line: string) => void },
): Promise<Omit<SoakReport, "end">> {
  let drift = watchDrift();
  const cpuBefore = process.cpuUsage();
  const beganMs = performance.now();
  let last = 0;
  let stalledSeconds = 0;
  let rssMbFirst = 0;
  let rssMbMax = 0;
  while (performance.now() - beganMs < seconds * 1000) {
    await Bun.sleep(LOOK_MS);
    const now = count();
    const rssMb = Math.round(process.memoryUsage.rss() / 1e6);
    if (now === last) stalledSeconds++;
    if (performance.now() - beganMs > WARM_MS) {
      // What comes before is the loading of the library.
      if (rssMbFirst === 0) {
        drift();
        drift = watchDrift();
      }
      rssMbFirst ||= rssMb;
      rssMbMax = Math.max(rssMbMax, rssMb);
    }
    say(`${Math.round((performance.now() - beganMs) / 1000)} s: ${now - last} quotes, RSS ${rssMb} MB`);
    last = now;
  }
  const cpu = process.cpuUsage(cpuBefore);
  const cpuUsPerMessage = (cpu.user + cpu.system) / Math.max(1, count());
  return { messages: count(), cpuUsPerMessage, stalledSeconds, rssMbFirst, rssMbMax, driftMsMax: drift() };
}

/** Looks how late timers are; returns what ends that and gives the worst. */
function watchDrift(): () => number {
  let worstMs = 0;
  let dueMs = performance.now() + DRIFT_LOOK_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    worstMs = Math.max(worstMs, nowMs - dueMs);
    dueMs = nowMs + DRIFT_LOOK_MS;
  }, DRIFT_LOOK_MS);
  return () => {
    clearInterval(timer);
    return Math.round(worstMs);
  };
}
