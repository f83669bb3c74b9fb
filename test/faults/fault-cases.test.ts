import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FAULT_CASES } from "./fault-cases.ts";

const PROMISES = readFileSync(join(import.meta.dir, "../../docs/promises.md"), "utf8");

test("FAULT_CASES have each a fault and a name of its own", () => {
  expect(FAULT_CASES.filter(({ fault }) => !/^F\d+$/.test(fault))).toEqual([]);
  const names = FAULT_CASES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
});

test("docs/promises.md names every case in the row of its fault", () => {
  const rows = PROMISES.split("\n").filter((line) => /^\| F\d+ /.test(line));
  const missing = FAULT_CASES.filter(
    ({ fault, name }) => !rows.some((row) => row.startsWith(`| ${fault} `) && row.includes(`\`${name}\``)),
  );
  expect(missing.map(({ fault, name }) => `${fault} ${name}`)).toEqual([]);
});
