import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRefusedVariables } from "../../src/config/refused-variables.ts";

const UNIT = join(import.meta.dir, "../../packaging/edge-ingester.service");
const text = readFileSync(UNIT, "utf8");
/** `systemd-analyze security`: 0 is locked in, 10 open. */
const EXPOSURE_MAX = 1.5;

function valuesOf(key: string): string[] {
  return [...text.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].flatMap(([, value = ""]) => value.split(" "));
}

describe("systemd unit", () => {
  test("unsets the variables the program refuses", () => {
    const unset = valuesOf("UnsetEnvironment");
    const env = Object.fromEntries(unset.map((name) => [name, name === "NODE_TLS_REJECT_UNAUTHORIZED" ? "0" : "x"]));
    const refused = findRefusedVariables(env).map(({ variable }) => variable);
    for (const name of ["BUN_OPTIONS", "BUN_INSPECT", "BUN_INSPECT_PRELOAD", "NODE_TLS_REJECT_UNAUTHORIZED"]) {
      expect(unset).toContain(name);
      expect(refused).toContain(name);
    }
    expect(unset).toContain("BUN_BE_BUN");
  });

  test("leaves time to drain, and does not start a wrong configuration again and again", () => {
    expect(Number(valuesOf("TimeoutStopSec")[0])).toBeGreaterThanOrEqual(15);
    expect(valuesOf("RestartPreventExitStatus")).toEqual(["2"]);
    expect(valuesOf("StateDirectory")).toEqual(["edge-ingester"]);
  });

  test("reloads with the signal the program hears", () => {
    expect(text).toMatch(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
    expect(readFileSync(join(import.meta.dir, "../../src/main.ts"), "utf8")).toContain('"SIGHUP"');
  });

  const analyze = Bun.which("systemd-analyze");
  test.skipIf(analyze === null)(`scores ${EXPOSURE_MAX} or better (skipped where there is no systemd-analyze)`, () => {
    const run = Bun.spawnSync([analyze ?? "", "security", "--offline=true", "--no-pager", UNIT]);
    const score = /Overall exposure level for edge-ingester\.service: ([\d.]+)/.exec(run.stdout.toString())?.[1];
    expect(score).toBeDefined();
    expect(Number(score)).toBeLessThanOrEqual(EXPOSURE_MAX);
  });

  test.skipIf(analyze === null)("has no word systemd does not know (skipped where there is no systemd-analyze)", () => {
    const folder = mkdtempSync(join(tmpdir(), "edge-ingester-unit-"));
    try {
      // The executable is not installed here: any other stands in for it.
      const path = join(folder, "edge-ingester.service");
      writeFileSync(path, text.replace("/usr/bin/edge-ingester", "/bin/true"));
      const run = Bun.spawnSync([analyze ?? "", "verify", "--man=no", path]);
      const complaints = run.stderr
        .toString()
        .split("\n")
        .filter((line) => line.includes("edge-ingester.service"));
      expect(complaints).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
