import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BINARY, emptyFolder } from "../e2e/binary.ts";

// The page's own settings and the command lines that are not one of ours alone; those are run by test/docs.

const ROOT = join(import.meta.dir, "../..");
const PAGE = readFileSync(join(ROOT, "docs/getting-started.md"), "utf8");
const SETTINGS = /^```ini\n([\s\S]*?)^```$/m.exec(PAGE)?.[1] ?? "";
const INSTALLED = "/etc/edge-ingester/edge-ingester.env";

/** A machine as the page has made it: the settings in a file, the program in the PATH. */
function machine(): { readonly path: string; readonly settings: string } {
  const folder = emptyFolder();
  mkdirSync(join(folder, "bin"));
  symlinkSync(BINARY, join(folder, "bin/edge-ingester"));
  const settings = join(folder, "edge-ingester.env");
  writeFileSync(settings, SETTINGS);
  return { path: `${join(folder, "bin")}:/usr/bin:/bin`, settings };
}

describe("docs/getting-started.md", () => {
  test("its settings are good, read the way it says", () => {
    const { path, settings } = machine();
    const lines = [...PAGE.matchAll(/^sudo (sh -c '.*edge-ingester check.*')$/gm)].map((match) => match[1] ?? "");
    expect(lines.length).toBe(2);
    // The second one connects: here its words alone are looked at.
    expect(lines[1]).toBe(lines[0]?.replace("check'", "check --connect'"));
    const line = (lines[0] ?? "").replace(INSTALLED, settings);
    const ran = Bun.spawnSync(["/bin/sh", "-c", line], { env: { PATH: path } });
    expect([ran.exitCode, ran.stderr.toString()]).toEqual([0, ""]);
    for (const word of ["binance,kraken", "kafka-1.example:9092", "ldn-edge-1"]) {
      expect(ran.stdout.toString()).toContain(word);
    }
  });

  test("names files that a release makes, and units and paths of the package", () => {
    const buildScript = readFileSync(join(ROOT, "build.sh"), "utf8");
    const packageScript = readFileSync(join(ROOT, "packaging/build-deb.sh"), "utf8");
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(PAGE).toContain(`dist/release/edge-ingester_${version}_amd64.deb`);
    for (const [, name = ""] of PAGE.matchAll(/dist\/release\/edge-ingester-([a-z0-9-]+)/g)) {
      expect(buildScript).toContain(name);
    }
    expect(packageScript).toContain(INSTALLED.slice(1).replace(/\/[^/]*$/, ""));
    for (const name of ["alerts.yml", "grafana"]) expect(packageScript).toContain(name);
    expect(PAGE).toContain("/usr/share/edge-ingester");
  });

  test("shows quotes as the program counts them", () => {
    const metric = /grep (market_\w+)/.exec(PAGE)?.[1] ?? "none";
    expect(readFileSync(join(ROOT, "docs/metrics.md"), "utf8")).toContain(`\`${metric}\``);
  });
});
