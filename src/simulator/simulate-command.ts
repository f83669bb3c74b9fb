import { readFileSync } from "node:fs";
import type { Clock, RandomSource } from "../runtime/clock.ts";
import { ArgumentReader } from "./argument-reader.ts";
import { type FixSimulatorOptions, MAX_LEVELS } from "./fix/fix-simulator.ts";
import type { ListenerTls } from "./link-listener.ts";
import { loadRecording } from "./recording.ts";
import { startSimulator } from "./simulator.ts";

const DEFAULT_RATE = 100;
const MAX_RATE = 1_000_000;
const MAX_SPEED = 10_000;
const MAX_PORT = 65_535;
const LOOPBACK = "127.0.0.1";
const VALUES = ["venue", "rate", "symbols", "seed", "port", "limit", "replay", "speed", "levels", "cert", "key"];

/** What the process gives to `simulate`. */
export interface SimulateIo {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Writes one line on standard output. */
  readonly writeLine: (text: string) => void;
  /** Ends the simulator. */
  readonly signal: AbortSignal;
}

/**
 * `edge-ingester simulate --venue V [--rate N|full] [--symbols A,B] [--seed N] [--port N] [--limit N] [--replay FILE [--speed N|full]]`,
 * for an LP over FIX also `[--levels N]`, for FIX, REST and gRPC `[--cert FILE --key FILE]`: one loopback venue in a process of its own.
 * Prints one JSON line `{"venue","url","host","port","seed","symbols","settings"}` once it listens, and its counters as another when it ends. `settings` is what a feed must be set to, names without their prefix.
 *
 * @throws IngestError `config_invalid` for bad arguments, an unreadable recording or a taken port
 */
export async function runSimulatorProcess(argv: readonly string[], io: SimulateIo): Promise<void> {
  const simulator = startSimulator(parseSimulateArguments(argv, io));
  const { venue, url, port, seed, symbols, clientSettings: settings } = simulator;
  io.writeLine(JSON.stringify({ venue, url, host: LOOPBACK, port, seed, symbols, settings }));
  await new Promise<void>((resolve) => {
    if (io.signal.aborted) resolve();
    else io.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const stats = simulator.stats();
  simulator.stop();
  io.writeLine(JSON.stringify(stats));
}

function parseSimulateArguments(argv: readonly string[], io: SimulateIo): FixSimulatorOptions {
  const reader = new ArgumentReader("simulate", argv, { values: VALUES, flags: [] });
  const ratePerSecond = reader.numberOrFull("rate", { above: 0, max: MAX_RATE }) ?? DEFAULT_RATE;
  const symbols = reader.list("symbols");
  const port = reader.number("port", { above: -1, max: MAX_PORT, isWhole: true }) ?? 0;
  const quoteLimit = reader.number("limit", { above: 0, max: Number.MAX_SAFE_INTEGER, isWhole: true });
  const levels = reader.number("levels", { above: 0, max: MAX_LEVELS, isWhole: true });
  const speed = reader.numberOrFull("speed", { above: 0, max: MAX_SPEED }) ?? 1;
  const seed = reader.seed(io.random);
  const file = reader.text("replay");
  const venue = reader.text("venue");
  const tls = readTls(reader);
  if (venue === null && file === null) reader.reject("--venue is needed");
  reader.finish();
  const recording = file === null ? null : loadRecording(file, venue ?? undefined);
  return {
    venue: recording?.dialect.venue ?? venue ?? "",
    seed,
    ratePerSecond,
    port,
    clock: io.clock,
    ...(symbols.length > 0 ? { symbols } : {}),
    ...(quoteLimit === null ? {} : { quoteLimit }),
    ...(levels === null ? {} : { levels }),
    ...(tls === null ? {} : { tls }),
    ...(recording === null ? {} : { replay: { recording, speed } }),
  };
}

/** Certificate and key of an LP; null: plain TCP. */
function readTls(reader: ArgumentReader): ListenerTls | null {
  const cert = readPem(reader, "cert");
  const key = readPem(reader, "key");
  if (cert === null && key === null) return null;
  if (cert === null || key === null) reader.reject("--cert and --key go together");
  return { cert: cert ?? "", key: key ?? "" };
}

function readPem(reader: ArgumentReader, name: string): string | null {
  const path = reader.text(name);
  if (path === null) return null;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    reader.reject(`--${name} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    return null;
  }
}
