import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY } from "../e2e/binary.ts";

// The package is made of the executable under test and goes through its life in a root of its own: install, upgrade,
// remove, purge, with the system's dpkg. Nothing of the machine's own packages is touched.

const ROOT = join(import.meta.dir, "../..");
const CAN_INSTALL = Bun.which("dpkg") !== null && Bun.which("dpkg-deb") !== null && process.geteuid?.() === 0;
const WHY = "(skipped where there is no dpkg or no root)";
const LIMIT_MS = 120_000;
const SETTINGS = "etc/edge-ingester/edge-ingester.env";

let scratch = "";
let first = "";
let second = "";

beforeAll(() => {
  if (!CAN_INSTALL) return;
  scratch = mkdtempSync(join(tmpdir(), "edge-ingester-deb-"));
  mkdirSync(join(scratch, "papers"));
  for (const name of ["THIRD-PARTY-LICENSES.txt", "edge-ingester.cdx.json"]) {
    writeFileSync(join(scratch, "papers", name), "of the release\n");
  }
  first = build("1.0.0");
  second = build("1.1.0");
}, LIMIT_MS);
afterAll(() => {
  if (scratch !== "") rmSync(scratch, { recursive: true });
});

function build(version: string, name = version): string {
  const file = join(scratch, `${name}.deb`);
  const made = Bun.spawnSync(
    [join(ROOT, "packaging/build-deb.sh"), BINARY, debianArchitecture(), version, join(scratch, "papers"), file],
    { env: { ...process.env, SOURCE_DATE_EPOCH: "1700000000", DEB_COMPRESSION: "none" } },
  );
  expect([made.exitCode, made.stderr.toString()]).toEqual([0, ""]);
  return file;
}

function debianArchitecture(): string {
  return process.arch === "arm64" ? "arm64" : "amd64";
}

/** A root with an empty package database. */
function emptyRoot(name: string): string {
  const root = join(scratch, name);
  for (const folder of ["updates", "info", "triggers"])
    mkdirSync(join(root, "var/lib/dpkg", folder), { recursive: true });
  writeFileSync(join(root, "var/lib/dpkg/status"), "");
  // As on every Debian of today; systemd's helper looks for units there.
  mkdirSync(join(root, "usr/lib"), { recursive: true });
  symlinkSync("usr/lib", join(root, "lib"));
  return root;
}

/** Runs dpkg on that root: what the package needs is not in it, and the scripts find the machine's own shell. */
function dpkg(root: string, ...args: string[]): string {
  const options = [`--root=${root}`, "--force-script-chrootless", "--force-depends", "--force-confold"];
  const ran = Bun.spawnSync(["dpkg", ...options, ...args], {
    env: { PATH: process.env["PATH"] ?? "", DEBIAN_FRONTEND: "noninteractive" },
  });
  const output = `${ran.stdout}${ran.stderr}`;
  expect([args[0], ran.exitCode, ran.exitCode === 0 ? "" : output]).toEqual([args[0], 0, ""]);
  return output;
}

const WANTED = "etc/systemd/system/multi-user.target.wants/edge-ingester.service";

/** Whether the service starts with the machine. The link leads to where the unit is when the root is the machine's. */
function isEnabled(root: string): boolean {
  return lstatSync(join(root, WANTED), { throwIfNoEntry: false }) !== undefined;
}

/** What `systemctl enable` does, on that root. */
function enable(root: string): void {
  const ran = Bun.spawnSync(["deb-systemd-helper", "enable", "edge-ingester.service"], {
    env: { PATH: process.env["PATH"] ?? "", DPKG_ROOT: root, DPKG_MAINTSCRIPT_PACKAGE: "edge-ingester" },
  });
  expect([ran.exitCode, ran.stderr.toString()]).toEqual([0, ""]);
}

function modeOf(root: string, path: string): string {
  return (statSync(join(root, path)).mode & 0o777).toString(8);
}

describe("Debian package", () => {
  test.skipIf(!CAN_INSTALL)(
    `installs what it should, for whom it should, and starts nothing ${WHY}`,
    () => {
      const root = emptyRoot("installed");
      const output = dpkg(root, "--install", first);
      expect(output).toContain("systemctl enable --now edge-ingester");
      expect(modeOf(root, "usr/bin/edge-ingester")).toBe("755");
      expect(modeOf(root, SETTINGS)).toBe("640");
      expect(modeOf(root, "etc/edge-ingester/credentials")).toBe("700");
      expect(readFileSync(join(root, SETTINGS), "utf8")).toBe(readFileSync(join(ROOT, "config/env.example"), "utf8"));
      for (const path of [
        "usr/lib/systemd/system/edge-ingester.service",
        "usr/share/doc/edge-ingester/operations.md",
        "usr/share/doc/edge-ingester/copyright",
        "usr/share/doc/edge-ingester/THIRD-PARTY-LICENSES.txt",
        "usr/share/edge-ingester/alerts.yml",
      ]) {
        expect([path, modeOf(root, path)]).toEqual([path, "644"]);
      }
      expect(isEnabled(root)).toBe(false);
      const version = Bun.spawnSync([join(root, "usr/bin/edge-ingester"), "version"], { env: {} });
      expect(version.stdout.toString()).toStartWith("edge-ingester ");
      const lines = readFileSync(join(root, SETTINGS), "utf8").split("\n");
      expect(lines.filter((line) => line !== "" && !line.startsWith("#"))).toEqual([]);
    },
    LIMIT_MS,
  );

  test.skipIf(!CAN_INSTALL)(
    `keeps settings and state through upgrade and removal; purge ends them ${WHY}`,
    () => {
      const root = emptyRoot("life");
      dpkg(root, "--install", first);
      writeFileSync(join(root, SETTINGS), "FEEDS=kraken\n");
      const state = join(root, "var/lib/private/edge-ingester");
      mkdirSync(state, { recursive: true });
      writeFileSync(join(state, "numbers"), "7");
      enable(root);
      expect(isEnabled(root)).toBe(true);

      dpkg(root, "--install", second);
      const installed = Bun.spawnSync(["dpkg-query", `--admindir=${root}/var/lib/dpkg`, "-W", "edge-ingester"]);
      expect(installed.stdout.toString().trim()).toBe("edge-ingester\t1.1.0");
      expect(isEnabled(root)).toBe(true);
      expect(readFileSync(join(root, SETTINGS), "utf8")).toBe("FEEDS=kraken\n");

      dpkg(root, "--remove", "edge-ingester");
      expect(existsSync(join(root, "usr/bin/edge-ingester"))).toBe(false);
      expect(readFileSync(join(root, SETTINGS), "utf8")).toBe("FEEDS=kraken\n");
      expect(existsSync(join(state, "numbers"))).toBe(true);

      dpkg(root, "--purge", "edge-ingester");
      expect(existsSync(join(root, "etc/edge-ingester"))).toBe(false);
      expect(existsSync(state)).toBe(false);
      expect(isEnabled(root)).toBe(false);
    },
    LIMIT_MS,
  );

  test.skipIf(!CAN_INSTALL)(
    `purge leaves a spool with quotes in it, and says so ${WHY}`,
    () => {
      const root = emptyRoot("spooled");
      dpkg(root, "--install", first);
      const lane = join(root, "var/lib/private/edge-ingester/spool/lane");
      mkdirSync(lane, { recursive: true });
      writeFileSync(join(lane, "00000000000000000000.seg"), "quotes");
      const output = dpkg(root, "--purge", "edge-ingester");
      expect(output).toContain("never delivered");
      expect(existsSync(join(lane, "00000000000000000000.seg"))).toBe(true);
    },
    LIMIT_MS,
  );

  test.skipIf(!CAN_INSTALL)(
    `is the same byte for byte when it is made again ${WHY}`,
    () => {
      const again = build("1.0.0", "again");
      expect(Bun.spawnSync(["cmp", first, again]).exitCode).toBe(0);
      expect(Bun.spawnSync(["cmp", first, second]).exitCode).toBe(1);
    },
    LIMIT_MS,
  );
});
