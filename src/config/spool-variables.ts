import * as z from "zod";
import { defaulted, optional } from "./variable.ts";
import { choice, filePath, wholeNumber } from "./variable-types.ts";

const DAY_MS = 86_400_000;
const MIB = 1_048_576;
const TIB = 1024 * 1024 * MIB;

/** The disk behind a Kafka that cannot be written. */
export const SPOOL_VARIABLES = z.strictObject({
  SPOOL_MODE: optional(choice(["overflow", "write", "off"]), {
    description:
      "Whether batches go to disk: `overflow`, what Kafka has not acknowledged within a second, so that a crash of this " +
      "process loses no more than that; `write`, every batch before its quotes count as accepted; `off`, none, memory alone.",
    example: "off",
    defaultNote: "`overflow` when SINK is `kafka`, else `off`: other sinks have no spool",
  }),
  SPOOL_DIR: optional(filePath(), {
    description:
      "Directory of the spool, made when it is missing. On a local disk, for this process alone: a second one that " +
      "starts with it is refused.",
    example: "/var/lib/edge-ingester/spool",
    defaultNote: "`spool` in STATE_DIR",
  }),
  SPOOL_MAX_BYTES: defaulted(wholeNumber({ min: MIB, max: 16 * TIB }), "10737418240", {
    description: "Most bytes on the disk: 10 GiB by default, at least twice BATCH_MAX_BYTES. A quote takes about 70.",
  }),
  SPOOL_MIN_FREE: defaulted(wholeNumber({ min: 0, max: 16 * TIB }), "1073741824", {
    description: "Bytes the spool leaves free on its disk, whatever SPOOL_MAX_BYTES says: 1 GiB by default.",
  }),
  SPOOL_WHEN_FULL: defaulted(choice(["drop_oldest", "drop_newest"]), "drop_oldest", {
    description:
      "What is lost when there is no room: `drop_oldest`, the oldest on the disk; `drop_newest`, what comes new once " +
      "memory is full and sockets have been paused. Counted and published as dropped either way.",
  }),
  SPOOL_MAX_AGE: defaulted(wholeNumber({ min: 0, max: 3650 * DAY_MS }), "0", {
    description: "Milliseconds after which what waits on the disk is dropped, at least 1000; 0, the default: never.",
    example: "86400000",
  }),
  SPOOL_FSYNC_MS: defaulted(wholeNumber({ min: 1, max: 10_000 }), "100", {
    description: "How long what was written may take to be safe from a power cut, where SPOOL_MODE is not `write`.",
  }),
  BACKFILL: defaulted(choice(["ordered", "live_first"]), "ordered", {
    description:
      "How what waited on the disk is delivered: `ordered`, before all newer quotes of its partition; `live_first`, to a " +
      "topic of its own, KAFKA_TOPIC with `.backfill` behind it, while new quotes go to KAFKA_TOPIC at once.",
  }),
});
