import type { Config } from "../../src/config/config.ts";
import type { ConfigFile } from "../../src/config/config-file.ts";
import type { FeedTransport } from "../../src/config/feed-variables.ts";
import { type LoadedConfig, loadConfig, type RefusedConfig } from "../../src/config/load-config.ts";
import { renderProblem } from "../../src/config/problems.ts";

/** The built-in venues as far as these tests care. */
export const VENUES = new Map<string, FeedTransport>([
  ...["binance", "bitstamp", "bybit", "coinbase", "kraken", "okx"].map((name) => [name, "websocket"] as const),
  ["ctrader", "fix"],
  ["fix-generic", "fix"],
  ["oanda", "rest"],
  ["binance-rest", "rest"],
  ["finam", "grpc"],
]);

type Env = Readonly<Record<string, string | undefined>>;

/** Contents of files by path; a number is a permission mode of the file of the same path, an Error is thrown. */
export type Files = Readonly<Record<string, string | Error | ConfigFile>>;

/** `loadConfig` with files that exist only here. */
export function load(env: Env, files: Files = {}): LoadedConfig | RefusedConfig {
  return loadConfig(env, {
    readFile: (path) => readFake(path, files),
    venues: VENUES,
    hostName: "ldn-edge-1",
  });
}

/** The configuration; fails the test when there is a problem. */
export function configOf(env: Env, files: Files = {}): Config {
  return loadedOf(env, files).config;
}

/** The configuration with its settings and warnings; fails the test when there is a problem. */
export function loadedOf(env: Env, files: Files = {}): LoadedConfig {
  const loaded = load(env, files);
  if (loaded.config === null) throw new Error(`Cannot load: ${loaded.problems.map(renderProblem).join("; ")}`);
  return loaded;
}

/** Every problem as people read it; empty when the configuration is good. */
export function problemsOf(env: Env, files: Files = {}): string[] {
  const loaded = load(env, files);
  return loaded.config === null ? loaded.problems.map(renderProblem) : [];
}

/** The messages of the warnings; fails the test when there is a problem. */
export function warningsOf(env: Env, files: Files = {}): string[] {
  return loadedOf(env, files).warnings.map((warning) => warning.message);
}

/** A system error as `node:fs` throws it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function readFake(path: string, files: Files): ConfigFile {
  const file = files[path];
  if (file === undefined) throw systemError("ENOENT");
  if (file instanceof Error) throw file;
  return typeof file === "string" ? { text: file, mode: 0o100600 } : file;
}
