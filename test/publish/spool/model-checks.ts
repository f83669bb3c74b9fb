import type { Spool } from "../../../src/publish/spool/batch-log.ts";
import { type ModelBatch, type ModelLog, quotesOf, recordsOf } from "./spool-model.ts";

/** Compares what the spool says of itself with the model. @throws when they disagree */
export function checkSpool(spool: Spool, logs: readonly ModelLog[], troubleTold: () => string): void {
  for (const log of logs) checkLog(spool, log);
  checkTotals(spool, logs);
  const { trouble } = spool.status();
  if (trouble !== troubleTold())
    throw new Error(`status() tells the trouble '${trouble}', onTrouble '${troubleTold()}'`);
  checkFeeds(spool, logs);
  const named = spool.logs().map(({ name }) => `${name.topic}/${name.partition}`);
  const full = logs.filter((log) => log.stored.length > 0).map(({ name }) => `${name.topic}/${name.partition}`);
  if (named.sort().join() !== full.sort().join()) throw new Error(`logs() names ${named.join()}, not ${full.join()}`);
}

function checkLog(spool: Spool, model: ModelLog): void {
  const log = spool.log(model.name);
  checkBacklog(`${model.text}.stored`, log.stored, model.stored);
  checkBacklog(`${model.text}.unread`, log.unread, model.unread);
  const times = model.unread.map(({ timeMs }) => timeMs);
  // The clock may have been put back: the first of them need not be the oldest.
  const oldest = times.length === 0 ? [-1] : [times[0], Math.min(...times)];
  // Where something is damaged the time may be that of what was there.
  if (times.length > 0) for (const { fate, timeMs } of model.batches) if (fate === "spool_damaged") oldest.push(timeMs);
  if (!oldest.includes(log.oldestUnreadMs)) {
    throw new Error(`${model.text}.oldestUnreadMs is ${log.oldestUnreadMs}, not ${oldest.join(" or ")}`);
  }
}

function checkTotals(spool: Spool, logs: readonly ModelLog[]): void {
  const { unreadBatches, unreadRecords } = spool.status();
  const unread = logs.flatMap((log) => log.unread);
  checkBacklog("status()", { batches: unreadBatches, records: unreadRecords }, unread);
}

function checkFeeds(spool: Spool, logs: readonly ModelLog[]): void {
  const counts = spool.unreadByFeed();
  for (const [index, feed] of spool.feedNames.entries()) {
    const expected = quotesOf(logs.filter((log) => log.feed === feed).flatMap((log) => log.unread));
    if (counts[index] !== expected)
      throw new Error(`unreadByFeed() tells ${counts[index]} of ${feed}, not ${expected}`);
  }
}

function checkBacklog(
  what: string,
  told: { readonly batches: number; readonly records: number },
  batches: readonly ModelBatch[],
): void {
  if (told.batches === batches.length && told.records === recordsOf(batches)) return;
  throw new Error(
    `${what} tells ${told.batches} batches, ${told.records} records, not ${batches.length}, ${recordsOf(batches)}`,
  );
}
