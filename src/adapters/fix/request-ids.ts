import type { Clock } from "../../runtime/clock.ts";

/** 2020-01-01, ms since the epoch. */
const YEAR_2020_MS = 1_577_836_800_000;
/** Ids that one second of a process's life has for itself: far more than are ever asked for. */
const IDS_PER_SECOND = 1_000_000;

/**
 * Ids of requests (262, 131): whole numbers above 0 of at most 15 digits, as some LPs take nothing else. They begin with the
 * second of the first one, so that what the LP still sends to an older life of the process is not taken for an answer.
 */
export class RequestIds {
  #last = 0;

  next(clock: Clock): string {
    if (this.#last === 0) {
      const seconds = Math.floor((clock.wallUs() / 1000 - YEAR_2020_MS) / 1000);
      this.#last = Math.max(0, seconds) * IDS_PER_SECOND;
    }
    return String(++this.#last);
  }
}
