import { expect } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withRig } from "../harness/ingester-rig.ts";
import type { FaultCase } from "./fault-case.ts";
import { BATCH_MAX_BYTES, BATCH_RECORDS_MAX, restoreLine } from "./survival.ts";
import { twoVenues } from "./whole-life.ts";

const RATE = 1500;
const PARTITIONS = 2;
/** No file of the program may grow beyond it: a write that would is cut short there, and the next one fails (EFBIG). */
const FILE_BYTES_MAX = 200_000;
const OUTAGE_MS = { short: 4000, long: 60_000 } as const;
const DRAIN_LIMIT_MS = 120_000;

/** F8 by a limit on the size of files: every few dozen batches one is written by half. */
export const shortWrites: FaultCase = {
  fault: "F8",
  name: "short-writes",
  title: "Writes of the spool cut short by a limit of 200 kB on every file",
  limitMs: { short: 90_000, long: 240_000 },
  whyNot: () => (Bun.which("prlimit") === null ? "`prlimit` is not on the PATH" : null),
  async run(round) {
    const kafka = await round.kafka();
    const folder = mkdtempSync(join(tmpdir(), "edge-ingester-spool-"));
    // The signal that comes with the limit would end the program before its write could fail.
    const script = `trap '' XFSZ; exec prlimit --fsize=${FILE_BYTES_MAX} "$@"`;
    const env = {
      PATH: process.env["PATH"] ?? "",
      SPOOL_DIR: folder,
      BATCH_MAX_BYTES: String(BATCH_MAX_BYTES),
      KAFKA_COMPRESSION: "none",
    };
    const launcher = [String(Bun.which("sh")), "-c", script, "sh"];
    const options = { kafka, feeds: twoVenues(RATE), isProxied: true, env, launcher, seed: round.seed };
    try {
      await withRig(options, async (rig) => {
        await rig.createTopics(PARTITIONS);
        await rig.startLive();
        kafka.proxy.blackhole();
        await Bun.sleep(OUTAGE_MS[round.form]);
        // The fault proves itself: files have come up against the limit, and others were begun.
        const sizes = sizesIn(join(folder, rig.topic));
        const full = sizes.filter((bytes) => bytes > FILE_BYTES_MAX - BATCH_MAX_BYTES).length;
        expect(Math.max(...sizes)).toBeLessThanOrEqual(FILE_BYTES_MAX);
        round.measure({ name: "files at the limit", value: full, unit: "", least: PARTITIONS });
        const now = await rig.metrics();
        round.measure({ name: "dropped", value: now.sum("ingester_quotes_dropped_total"), unit: "quotes", most: 0 });
        expect(now.sum("ingester_spool_state", { state: "ok" })).toBe(1);
        restoreLine(kafka);
        await rig.untilAckedMore(1);
        await rig.quiet();
        expect((await rig.finish(DRAIN_LIMIT_MS)).code).toBe(0);
        const verdict = await rig.judge({ duplicatesMax: PARTITIONS * BATCH_RECORDS_MAX });
        expect(verdict.findings).toEqual([]);
        expect(verdict).toMatchObject({ declaredMissing: 0, declaredDropped: 0, distinct: verdict.sent });
      });
    } finally {
      restoreLine(kafka);
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function sizesIn(folder: string): number[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".seg"))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
}
