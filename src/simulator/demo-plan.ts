import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IngestError } from "../domain/ingest-error.ts";
import type { Clock } from "../runtime/clock.ts";
import type { DemoOptions } from "./demo-options.ts";
import { type Fault, FaultScript } from "./fault-script.ts";
import { findFixDialect } from "./fix/fix-dialect-registry.ts";
import { countQuoteFrames, loadRecording, quoteSymbols, type Recording } from "./recording.ts";
import { findRestDialect } from "./rest/rest-dialect-registry.ts";
import { createSeededRandom } from "./seeded-random.ts";
import { type Simulator, startSimulator } from "./simulator.ts";

/** Symbols per venue that the demo subscribes to. */
const SYMBOLS_SHOWN = 3;
/** A FIX feed waits two heartbeats after a Logout: a demo has no time for two of thirty seconds. */
const HEARTBEAT_S = "2";
/** Often enough to be looked at. */
const POLL_INTERVAL_MS = "250";
/** A demo that runs for days may not fill the disk. */
const SQLITE_MAX_BYTES = 256 * 1024 * 1024;

/** A demo in progress: venues that run, and the configuration that points the real program at them. */
export interface DemoPlan {
  /** Environment of the program: exactly this, nothing from outside. */
  readonly env: Readonly<Record<string, string>>;
  readonly simulators: readonly Simulator[];
  /** Lines that say what is shown, with the seed. */
  readonly description: readonly string[];
  /** Folder of the SQLite file and of the session numbers; gone after `stop`. */
  readonly folder: string;
  /** Resolves when the recording has been played; never without one. */
  readonly replayFinished: Promise<void>;
  /** Ends the venues and removes the folder. Call it after the program has stopped. */
  stop(): void;
}

/** What the demo needs from the process. */
export interface DemoEnvironment {
  readonly clock: Clock;
  /** Told of every fault that `--faults` makes. */
  readonly onFault?: (fault: Fault) => void;
}

/**
 * Starts the venues of a demo.
 *
 * @throws IngestError `config_invalid` when the recording cannot be played
 */
export function startDemo(options: DemoOptions, environment: DemoEnvironment): DemoPlan {
  const { clock } = environment;
  const recording =
    options.replayFile === null ? null : loadRecording(options.replayFile, options.replayVenue ?? undefined);
  if (recording !== null) requireQuotes(recording, options.replayFile ?? "");
  const simulators = recording === null ? startWalks(options, clock) : [startReplay(recording, options, clock)];
  const folder = mkdtempSync(join(tmpdir(), "edge-ingester-demo-"));
  const faults = new FaultScript(simulators, {
    clock,
    random: createSeededRandom(options.seed),
    onFault: environment.onFault ?? (() => {}),
  });
  if (options.hasFaults) faults.start();
  return {
    env: demoEnvironment(options, { simulators, recording, folder }),
    simulators,
    description: describe(options, simulators, recording),
    folder,
    replayFinished: simulators[0].replayFinished,
    stop() {
      faults.stop();
      for (const simulator of simulators) simulator.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startWalks(options: DemoOptions, clock: Clock): Simulator[] {
  const { seed, ratePerSecond, venues } = options;
  const rate = ratePerSecond === "full" ? ratePerSecond : ratePerSecond / venues.length;
  return venues.map((venue) => startSimulator({ venue, seed, ratePerSecond: rate, clock }));
}

function startReplay(recording: Recording, options: DemoOptions, clock: Clock): Simulator {
  const { seed, speed, ratePerSecond } = options;
  return startSimulator({ venue: recording.dialect.venue, seed, ratePerSecond, replay: { recording, speed }, clock });
}

function requireQuotes(recording: Recording, file: string): void {
  if (countQuoteFrames(recording) > 0) return;
  const held = [...recording.topics.keys()].slice(0, 5).join(", ");
  const wanted = recording.dialect.quoteTopic("<symbol>");
  throw new IngestError(`Cannot replay '${file}': it holds no messages of ${wanted}, only ${held}`, {
    code: "config_invalid",
    retry: "never",
  });
}

function demoEnvironment(
  options: DemoOptions,
  parts: { simulators: readonly Simulator[]; recording: Recording | null; folder: string },
): Record<string, string> {
  const env: Record<string, string> = {
    FEEDS: parts.simulators.map((simulator) => simulator.venue).join(","),
    INSTANCE_ID: "demo",
    SINK: options.sink,
    ADMIN_HOST: "127.0.0.1",
    ADMIN_PORT: "0",
    STATE_DIR: join(parts.folder, "state"),
    // The board takes the whole screen: what goes wrong shows in it.
    LOG_LEVEL: options.isPlain ? "warn" : "error",
    ...(options.sink === "sqlite"
      ? { SQLITE_FILE: join(parts.folder, "quotes.sqlite"), SQLITE_MAX_BYTES: String(SQLITE_MAX_BYTES) }
      : {}),
  };
  for (const simulator of parts.simulators) {
    const prefix = simulator.venue.toUpperCase().replaceAll("-", "_");
    const symbols =
      parts.recording === null ? simulator.symbols.slice(0, SYMBOLS_SHOWN) : quoteSymbols(parts.recording);
    for (const [name, value] of Object.entries(simulator.clientSettings)) env[`${prefix}_${name}`] = value;
    env[`${prefix}_SYMBOLS`] = symbols.join(",");
    if (findFixDialect(simulator.venue) !== null) env[`${prefix}_HEARTBEAT_S`] = HEARTBEAT_S;
    if (findRestDialect(simulator.venue) !== null) env[`${prefix}_POLL_INTERVAL_MS`] = POLL_INTERVAL_MS;
    env[`${prefix}_INITIAL_DELAY_MS`] = "250";
    env[`${prefix}_MAX_DELAY_MS`] = "5000";
  }
  return env;
}

function describe(options: DemoOptions, simulators: readonly Simulator[], recording: Recording | null): string[] {
  if (recording === null) {
    const rate = options.ratePerSecond === "full" ? "as fast as it goes" : `${options.ratePerSecond} quotes/s`;
    const names = simulators.map((simulator) => simulator.venue).join(", ");
    return [`Loopback venues: ${names}`, `${rate}, seed ${options.seed}${options.hasFaults ? ", with faults" : ""}`];
  }
  const pace = options.speed === "full" ? "as fast as it goes" : `at ${options.speed} times its own pace`;
  const lines = [
    `Replay of ${options.replayFile} as ${recording.dialect.venue}, ${pace}, seed ${options.seed}`,
    `${countQuoteFrames(recording)} of ${recording.frames.length} messages are quotes, of ${quoteSymbols(recording).length} symbols`,
  ];
  if (recording.isTranslated) lines.push("Its quotes are of another channel and are sent in the form of ours");
  return lines;
}
