import { describe, expect, test } from "bun:test";
import { configOf, loadedOf, problemsOf, warningsOf } from "./fixtures.ts";

const KAFKA = { KAFKA_BROKERS: "b:9092" };

describe("SPOOL_MODE", () => {
  test("readSpool() overflows to disk with Kafka, and is off with any other sink", () => {
    expect(configOf(KAFKA).spool.mode).toBe("overflow");
    expect(configOf({ ...KAFKA, SINK: "Kafka" }).spool.mode).toBe("overflow");
    expect(configOf({}).spool.mode).toBe("off");
    for (const SINK of ["stdout", "sqlite", "discard"]) expect(configOf({ ...KAFKA, SINK }).spool.mode).toBe("off");
  });

  test("readSpool() shows the mode and the directory it chose", () => {
    const settings = loadedOf({ ...KAFKA, STATE_DIR: "/var/lib/edge" }).settings;
    const shown = settings.filter(({ group }) => group === "Spool").map(({ variable, value }) => [variable, value]);
    expect(shown.slice(0, 2)).toEqual([
      ["SPOOL_MODE", "overflow"],
      ["SPOOL_DIR", "/var/lib/edge/spool"],
    ]);
  });

  test("readSpool() takes off with Kafka", () => {
    expect(configOf({ ...KAFKA, SPOOL_MODE: "off" }).spool.mode).toBe("off");
  });

  test("readSections() refuses a spool for another sink: it would not hold what it promises", () => {
    expect(problemsOf({ SINK: "sqlite", SPOOL_MODE: "write" })).toEqual([
      'Cannot use SPOOL_MODE as it must be off when SINK is sqlite: current value is "write" (only SINK=kafka has a spool)',
    ]);
    expect(configOf({ SINK: "sqlite", SPOOL_MODE: "off" }).spool.mode).toBe("off");
  });
});

describe("SPOOL_DIR", () => {
  test("loadConfig() takes it, else a folder in STATE_DIR, wherever that is", () => {
    expect(configOf({ SPOOL_DIR: "/disk/spool", STATE_DIR: "/s" }).spool.directory).toBe("/disk/spool");
    expect(configOf({ STATE_DIR: "/s/" }).spool.directory).toBe("/s/spool");
    expect(configOf({ STATE_DIRECTORY: "/var/lib/a:/var/lib/b" }).spool.directory).toBe("/var/lib/a/spool");
    expect(configOf({}).spool.directory).toBe("state/spool");
  });
});

describe("the other spool variables", () => {
  test("readSpool() takes every variable", () => {
    const env = {
      ...KAFKA,
      SPOOL_MODE: "write",
      SPOOL_DIR: "/disk/spool",
      SPOOL_MAX_BYTES: "17592186044416",
      SPOOL_MIN_FREE: "0",
      SPOOL_WHEN_FULL: "drop_newest",
      SPOOL_MAX_AGE: "86400000",
      SPOOL_FSYNC_MS: "1",
      BACKFILL: "live_first",
    };
    expect(configOf(env).spool).toEqual({
      mode: "write",
      directory: "/disk/spool",
      maxBytes: 17_592_186_044_416,
      minFreeBytes: 0,
      whenFull: "drop_newest",
      maxAgeMs: 86_400_000,
      fsyncMs: 1,
      backfill: "live_first",
    });
    expect(warningsOf(env)).toEqual([]);
  });

  test("readSpool() tells everything that is wrong at once", () => {
    const problems = problemsOf({
      ...KAFKA,
      SPOOL_MODE: "overflows",
      SPOOL_DIR: "x".repeat(4097),
      SPOOL_MAX_BYTES: "1000",
      SPOOL_MIN_FREE: "-1",
      SPOOL_WHEN_FULL: "drop-oldest",
      SPOOL_MAX_AGE: "999",
      SPOOL_FSYNC_MS: "0",
      BACKFILL: "live",
    });
    expect(problems.map((text) => text.replace(/"x+"/, '"x…"'))).toEqual([
      'Cannot use SPOOL_MODE as it must be one of overflow, write, off: current value is "overflows" (did you mean overflow?)',
      expect.stringContaining("Cannot use SPOOL_DIR as it must be a path of at most 4096 characters"),
      'Cannot use SPOOL_MAX_BYTES as it must be >= 1048576: current value is "1000"',
      'Cannot use SPOOL_MIN_FREE as it must be >= 0: current value is "-1"',
      'Cannot use SPOOL_WHEN_FULL as it must be one of drop_oldest, drop_newest: current value is "drop-oldest" (did you mean drop_oldest?)',
      'Cannot use SPOOL_FSYNC_MS as it must be >= 1: current value is "0"',
      expect.stringContaining("Cannot use BACKFILL as it must be one of ordered, live_first"),
      'Cannot use SPOOL_MAX_AGE as it must be 0 or >= 1000: current value is "999" (it is in milliseconds)',
    ]);
  });

  test("readSections() wants room for two batches", () => {
    const env = { ...KAFKA, BATCH_MAX_BYTES: "1048576" };
    expect(problemsOf({ ...env, SPOOL_MAX_BYTES: "2097151" })).toEqual([
      'Cannot use SPOOL_MAX_BYTES as it must be >= 2097152, twice BATCH_MAX_BYTES: current value is "2097151"',
    ]);
    expect(configOf({ ...env, SPOOL_MAX_BYTES: "2097152" }).spool.maxBytes).toBe(2_097_152);
  });

  test("readSpool() warns of a backfill without a spool", () => {
    expect(warningsOf({ ...KAFKA, SPOOL_MODE: "off", BACKFILL: "live_first" })).toEqual([
      "BACKFILL has no effect: SPOOL_MODE is off",
    ]);
  });
});
