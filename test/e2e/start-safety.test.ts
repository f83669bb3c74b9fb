import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { emptyFolder, runBinary } from "./binary.ts";

// The compiled executable refuses surroundings in which it would not be safe, before it opens anything.

const SASL = {
  KAFKA_BROKERS: "broker.example:9092",
  KAFKA_TLS: "true",
  KAFKA_SASL_MECHANISM: "plain",
  KAFKA_SASL_USERNAME: "u",
};
/** Some group that is not root's. */
const GROUP_ID = 12_345;
const isRoot = process.geteuid?.() === 0;

function secretFile(mode: number, groupId = GROUP_ID): string {
  const path = join(emptyFolder(), "password");
  writeFileSync(path, "canary\n");
  if (isRoot) chownSync(path, 0, groupId);
  chmodSync(path, mode);
  return path;
}

describe("variables of the runtime", () => {
  for (const [name, value, why] of [
    ["NODE_TLS_REJECT_UNAUTHORIZED", "0", "it turns certificate checks off"],
    ["BUN_OPTIONS", "--smol", "it can load other code into the program"],
    ["BUN_INSPECT", "ws://127.0.0.1:0/canary", "it opens a debugger"],
    ["BUN_INSPECT_CONNECT_TO", "/nowhere/canary", "it opens a debugger"],
    ["BUN_ENABLE_CRASH_REPORTING", "1", "it has crash reports sent to a third party"],
    ["BUN_CRASH_REPORT_URL", "http://127.0.0.1:9", "it has crash reports sent to a third party"],
    ["BUN_CONFIG_VERBOSE_FETCH", "curl", "it prints requests with the secrets in them"],
  ] as const) {
    test(`run and check refuse ${name} and say why`, async () => {
      for (const word of ["run", "check"]) {
        const { code, stderr, stdout } = await runBinary([word], { [name]: value });
        expect(stderr).toContain(`Cannot use ${name} as it must be unset: ${why}\n`);
        expect({ word, code, stdout }).toEqual({ word, code: 2, stdout: "" });
      }
    });
  }
});

describe("files with secrets", () => {
  test("one that everybody can read is refused, by the name of its variable", async () => {
    const path = secretFile(0o604);
    const { code, stderr } = await runBinary(["run"], { ...SASL, KAFKA_SASL_PASSWORD_FILE: path });
    expect(code).toBe(2);
    expect(stderr).toStartWith("Cannot use KAFKA_SASL_PASSWORD_FILE as it must name a file that only those can read");
    expect(stderr).not.toContain("canary");
    expect(stderr).not.toContain(path);
  });

  test("one that a group can read is warned of; one of its owner alone, or of root's group, is not", async () => {
    for (const [path, isWarned] of [
      [secretFile(0o640), true],
      [secretFile(0o600), false],
      ...(isRoot ? ([[secretFile(0o440, 0), false]] as const) : []),
    ] as const) {
      const { code, stdout } = await runBinary(["check", "--json"], { ...SASL, KAFKA_SASL_PASSWORD_FILE: path });
      const variables = JSON.parse(stdout).warnings.map((warning: { variable: string }) => warning.variable);
      expect([code, variables.includes("KAFKA_SASL_PASSWORD_FILE")]).toEqual([0, isWarned]);
    }
  });
});

test("running as root is warned of, and nothing else", async () => {
  const { code, stdout } = await runBinary(["check"], {});
  expect(code).toBe(0);
  expect(stdout.includes("Warning: The program runs as root")).toBe(isRoot);
});
