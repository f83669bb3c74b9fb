import { expect } from "bun:test";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { BINARY, runBinary } from "../e2e/binary.ts";
import { environment, feedEnv } from "../e2e/program.ts";
import { type TracedRun, traceFiles, whyNoTrace } from "../harness/traced-files.ts";
import type { FaultCase, FaultRound } from "./fault-case.ts";

const SEED = 22;
/** `nobody` on every Linux. */
const NOBODY = "65534";
/** Long enough for feeds and sink to have started, also under strace. */
const RUN_S = "3";
const EXIT_USAGE = 2;
const CANARY = "canary-of-the-folder";
const REFUSED: readonly (readonly [name: string, value: string])[] = [
  ["BUN_OPTIONS", `--define CANARY="${CANARY}"`],
  ["BUN_INSPECT", `ws://127.0.0.1:1/${CANARY}`],
  ["BUN_INSPECT_PRELOAD", `/${CANARY}.ts`],
  ["BUN_CONFIG_VERBOSE_FETCH", "curl"],
  ["NODE_TLS_REJECT_UNAUTHORIZED", "0"],
];
const IGNORED: readonly (readonly [name: string, value: string])[] = [
  ["NODE_OPTIONS", "--require ./trap.ts"],
  ["NODE_PATH", "."],
  ["BUN_CONFIG_FILE", "./bunfig.toml"],
  ["NODE_ENV", "development"],
];

/** F22: started in a folder of somebody else, with an environment of somebody else. */
export const hostileSurroundings: FaultCase = {
  fault: "F22",
  name: "hostile-surroundings",
  title: "A hostile .env, bunfig.toml and environment, a parent folder that cannot be read",
  needsRoot: true,
  limitMs: { short: 60_000, long: 60_000 },
  whyNot: whyNoTrace,
  async run(round) {
    const root = mkdtempSync(join(tmpdir(), "edge-ingester-hostile-"));
    try {
      const folder = layTraps(root);
      await seeTrapsSpring(root, folder);
      await openNothing(round, root, folder);
      await withstandVariables(round, root, folder);
      await readEnvironmentBelow(root);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};

/** Traps in the working directory and above it. Returns the working directory. */
function layTraps(root: string): string {
  const folder = join(root, "parent", "work");
  mkdirSync(join(folder, "node_modules/kafkajs"), { recursive: true });
  for (const where of [root, join(root, "parent"), folder]) {
    const trap = join(where, "trap.ts");
    const sprung = join(root, "sprung");
    writeFileSync(trap, `require("node:fs").writeFileSync(${JSON.stringify(sprung)}, "");`);
    for (const name of [".env", ".env.local", ".env.production", ".env.development"])
      writeFileSync(join(where, name), `${CANARY}=1\nLOG_LEVEL=nonsense\n`);
    for (const name of ["bunfig.toml", ".bunfig.toml"])
      writeFileSync(join(where, name), `preload = [${JSON.stringify(trap)}]\n`);
    writeFileSync(join(where, "package.json"), "{ this is no JSON");
    writeFileSync(join(where, "tsconfig.json"), '{"compilerOptions":{"paths":{"kafkajs":["./trap.ts"]}}}');
    writeFileSync(join(where, "openssl.cnf"), "this = [is no configuration");
  }
  writeFileSync(join(folder, "node_modules/kafkajs/index.js"), 'require("../../trap.ts")');
  return folder;
}

/** The fault proves itself: a program compiled as Bun does it by default falls into these very traps. */
async function seeTrapsSpring(root: string, folder: string): Promise<void> {
  const apart = mkdtempSync(join(tmpdir(), "edge-ingester-naive-"));
  try {
    const source = join(apart, "naive.js");
    const naive = join(apart, "naive");
    writeFileSync(source, "console.log(process.env.LOG_LEVEL);");
    const build = [process.execPath, "build", source, "--compile", "--outfile", naive];
    expect(Bun.spawnSync(build, { cwd: apart, stdout: "ignore", stderr: "ignore" }).exitCode).toBe(0);
    const run = await traceFiles([naive], { cwd: folder, env: {} });
    expect(run.stdout.trim()).toBe("nonsense");
    expect([...run.paths]).toContain(join(folder, ".env"));
    const sprung = join(root, "sprung");
    expect(existsSync(sprung)).toBe(true);
    rmSync(sprung);
  } finally {
    rmSync(apart, { recursive: true, force: true });
  }
}

/** A whole run from the trapped folder asks the system about no file below it. */
async function openNothing(round: FaultRound, root: string, folder: string): Promise<void> {
  const venue = startSimulator({ venue: "binance", seed: SEED, ratePerSecond: 100 });
  const lp = startSimulator({ venue: "fix-generic", seed: SEED, ratePerSecond: 100 });
  const state = mkdtempSync(join(tmpdir(), "edge-ingester-state-"));
  try {
    const feeds = { binance: feedEnv("binance", venue), lp: feedEnv("lp", lp) };
    const env = {
      ...environment(feeds),
      SINK: "stdout",
      STATE_DIR: state,
      SPOOL_DIR: join(state, "spool"),
      HOME: folder,
    };
    const run = await traceFiles(["timeout", "--foreground", "--signal=TERM", RUN_S, BINARY, "run"], {
      cwd: folder,
      env,
    });
    expect(run.stderr).toContain('"event":"drained"');
    expect(run.stdout).toContain('"source":"lp"');
    checkUntouched(run, root);
    const check = await traceFiles([BINARY, "check", "--json"], { cwd: folder, env });
    expect(check.code).toBe(0);
    checkUntouched(check, root);
    round.measure({ name: "files asked for in the hostile folder", value: 0, unit: "", most: 0 });
  } finally {
    venue.stop();
    lp.stop();
    rmSync(state, { recursive: true, force: true });
  }
}

function checkUntouched(run: TracedRun, root: string): void {
  expect([...run.paths].filter((path) => path.startsWith(`${root}/`))).toEqual([]);
  expect(existsSync(join(root, "sprung"))).toBe(false);
  expect(run.stdout + run.stderr).not.toContain(CANARY);
}

async function withstandVariables(round: FaultRound, root: string, folder: string): Promise<void> {
  for (const [name, value] of REFUSED) {
    for (const command of ["run", "check"]) {
      const { code, stdout, stderr } = await runBinary([command], { [name]: value, ADMIN_PORT: "0" }, folder);
      expect([name, code]).toEqual([name, EXIT_USAGE]);
      expect(stderr).toContain(`Cannot use ${name} as it must be unset`);
      expect(stdout + stderr).not.toContain(CANARY);
    }
  }
  const plain = await runBinary(["check", "--json"], {}, folder);
  for (const [name, value] of IGNORED) {
    const { code, stdout } = await runBinary(["check", "--json"], { [name]: value }, folder);
    expect([name, code, stdout]).toEqual([name, 0, plain.stdout]);
  }
  expect(existsSync(join(root, "sprung"))).toBe(false);
  round.measure({ name: "variables refused", value: REFUSED.length, unit: "" });
}

/** Bun up to 1.3.12 showed an empty environment below a folder it could not read. */
async function readEnvironmentBelow(root: string): Promise<void> {
  const open = mkdtempSync(join(tmpdir(), "edge-ingester-nobody-"));
  try {
    const binary = join(open, "edge-ingester");
    copyFileSync(BINARY, binary);
    const locked = join(open, "locked");
    const folder = join(locked, "work");
    mkdirSync(folder, { recursive: true });
    chmodSync(open, 0o711);
    chmodSync(locked, 0o711);
    const asNobody = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
    const env = { PATH: process.env["PATH"] ?? "", LOG_LEVEL: "error", KAFKA_BROKERS: "broker.example:9092" };
    const spawn = (command: string[]) =>
      Bun.spawnSync([...asNobody, ...command], { cwd: folder, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    // The fault proves itself.
    expect(spawn(["ls", locked]).exitCode).not.toBe(0);
    const { exitCode, stdout } = spawn([binary, "check", "--json"]);
    expect(exitCode).toBe(0);
    expect(stdout.toString()).toContain("broker.example:9092");
    expect(stdout.toString()).not.toContain(root);
  } finally {
    rmSync(open, { recursive: true, force: true });
  }
}
