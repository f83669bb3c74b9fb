import type { LoadedBatch, Spool } from "../../../src/publish/spool/batch-log.ts";
import type { SpoolLoss } from "../../../src/publish/spool/spool-options.ts";
import { idOf, type ModelBatch, type ModelLog, recordsOf } from "./spool-model.ts";

/** How a life ended. */
export type Ending = "kill" | "power_cut";

/** What a new process found on the disk. */
export interface Findings {
  readonly spool: Spool;
  /** Told while the spool was opened, and while all of it was read. */
  readonly atStart: readonly SpoolLoss[];
  readonly atRead: readonly SpoolLoss[];
  /** Everything that could be read, by log. */
  readonly read: ReadonlyMap<ModelLog, readonly LoadedBatch[]>;
}

/** Checks what was found after a crash against the model, then brings the model to what is there. */
export function judge(findings: Findings, logs: readonly ModelLog[], ending: Ending): void {
  for (const log of logs) judgeLog(log, findings.read.get(log) ?? [], ending);
  const topics = new Set(logs.map(({ name }) => name.topic));
  for (const topic of topics) {
    judgeLosses(
      topic,
      findings,
      logs.filter(({ name }) => name.topic === topic),
      ending,
    );
  }
  judgeStatus(findings, logs);
  for (const log of logs) adopt(log, findings.read.get(log) ?? [], ending);
}

/** What must be there is, what must not come again does not, in order, as it was. */
function judgeLog(log: ModelLog, loaded: readonly LoadedBatch[], ending: Ending): void {
  let last = -1;
  for (const found of loaded) {
    const id = idOf(found.batch);
    const index = log.batches.findIndex((batch) => batch.id === id && !batch.isErased);
    if (index < 0) throw new Error(`${log.text} has batch ${id}, which was never written there or is long gone`);
    if (index <= last) throw new Error(`${log.text} has batch ${id} behind batch ${log.batches[last].id}`);
    last = index;
    const batch = log.batches[index];
    log.checkSame(batch, found);
    checkQuotes(log, batch, found);
    if (batch.fate !== "stored" && isEndDurable(batch, ending)) {
      throw new Error(`${log.text} gives batch ${id} again, which is ${batch.fate}`);
    }
  }
  const ids = new Set(loaded.map(({ batch }) => idOf(batch)));
  const lost = log.stored.filter((batch) => !ids.has(batch.id) && mustBeThere(batch, ending));
  if (lost.length > 0) throw new Error(`${log.text} has lost batch ${lost.map(({ id }) => id).join()}`);
}

/** The quotes are counted as they were; a segment that was never synced may have lost the names of the feeds. */
function checkQuotes(log: ModelLog, batch: ModelBatch, { batch: found }: LoadedBatch): void {
  const quotes = found.countsByFeed.reduce((sum, count) => sum + count, 0);
  if (quotes === batch.quotes || (quotes === 0 && !batch.isSynced)) return;
  throw new Error(`${log.text} gives ${quotes} quotes in batch ${batch.id}, not ${batch.quotes}`);
}

/** What is missing between what is there must be told to the record; what lies behind the last may be. */
function judgeLosses(topic: string, findings: Findings, logs: readonly ModelLog[], ending: Ending): void {
  const losses = [...findings.atStart, ...findings.atRead].filter((loss) => loss.topic === topic);
  const strange = losses.find(({ reason }) => reason !== "spool_damaged");
  if (strange !== undefined) throw new Error(`A start tells ${strange.reason} with no bound set`);
  const told = losses.reduce((sum, { recordCount }) => sum + recordCount, 0);
  let least = 0;
  let most = 0;
  for (const log of logs) {
    const ids = new Set((findings.read.get(log) ?? []).map(({ batch }) => idOf(batch)));
    const missing = log.batches.filter(({ id }) => !ids.has(id));
    const lastIndex = log.batches.findLastIndex(({ id }) => ids.has(id));
    const firstIndex = log.batches.findIndex(({ id }) => ids.has(id));
    // Where nothing of a log was ever synced its checkpoint may be gone too, and with it where the log began.
    const beginsAt = log.batches.some(({ isSynced }) => isSynced) ? 0 : firstIndex;
    const between = missing.filter((batch) => {
      const index = log.batches.indexOf(batch);
      return index >= beginsAt && index < lastIndex;
    });
    const mustTell = between.filter(({ fate, isDoubtful }) => fate === "stored" && !isDoubtful);
    least += recordsOf(mustTell);
    // What was on the disk for good and has ended is found again or known to have ended: a file goes after its checkpoint.
    const mayTell = missing.filter(
      (batch) => batch.fate === "stored" || !(isEndDurable(batch, ending) || batch.isSynced),
    );
    most += recordsOf(mayTell);
  }
  if (told < least || told > most) {
    throw new Error(`The losses told of ${topic} are ${told} records, not ${least} to ${most}`);
  }
}

function judgeStatus({ spool, atStart, atRead, read }: Findings, logs: readonly ModelLog[]): void {
  const sum = (losses: readonly SpoolLoss[]) => losses.reduce((total, { recordCount }) => total + recordCount, 0);
  const { recoveredRecords, damagedRecords, missingRecords } = spool.status();
  const readRecords = [...read.values()].flat().reduce((total, { batch }) => total + batch.recordCount, 0);
  if (recoveredRecords !== readRecords + sum(atRead)) {
    throw new Error(`recoveredRecords is ${recoveredRecords}; ${readRecords} were read, ${sum(atRead)} damaged`);
  }
  if (damagedRecords + missingRecords !== sum(atStart) + sum(atRead)) {
    throw new Error(`status() tells ${damagedRecords} damaged, ${missingRecords} missing; onLoss ${sum(atStart)}`);
  }
  for (const log of logs.filter(({ feed }) => feed !== "")) {
    const index = spool.feedNames.indexOf(log.feed);
    const loaded = read.get(log) ?? [];
    const quotes = loaded.reduce((total, { batch }) => total + batch.countsByFeed[index], 0);
    const lost = atRead.reduce((total, { countsByFeed }) => total + countsByFeed[index], 0);
    if (index < 0 && loaded.length > 0) throw new Error(`The feed ${log.feed} is on the disk and has no name`);
    if (index >= 0 && spool.recoveredByFeed[index] !== quotes + lost) {
      throw new Error(
        `recoveredByFeed tells ${spool.recoveredByFeed[index]} of ${log.feed}; ${quotes} read, ${lost} lost`,
      );
    }
  }
}

function mustBeThere({ isDoubtful, isSynced }: ModelBatch, ending: Ending): boolean {
  return !isDoubtful && (ending === "kill" || isSynced);
}

function isEndDurable({ isFateDoubtful, isFateSynced }: ModelBatch, ending: Ending): boolean {
  return ending === "kill" ? !isFateDoubtful : isFateSynced;
}

/** From now on the model holds what is on the disk. */
function adopt(log: ModelLog, loaded: readonly LoadedBatch[], ending: Ending): void {
  const found = new Map(loaded.map((one) => [idOf(one.batch), one]));
  for (const batch of log.batches) {
    const one = found.get(batch.id);
    if (one === undefined) erase(batch, ending);
    else {
      batch.location = one.location;
      batch.quotes = one.batch.countsByFeed.reduce((sum, count) => sum + count, 0);
      batch.fate = "stored";
      batch.isDoubtful = false;
      batch.isSynced ||= ending === "power_cut";
      batch.isFateDoubtful = false;
    }
  }
  log.batches = log.batches.filter(({ isErased, isFateSynced }) => !isErased || !isFateSynced);
  log.cursor = 0;
}

/** A batch that was not found. What a kill left unsynced another power cut may still bring back. */
function erase(batch: ModelBatch, ending: Ending): void {
  batch.isErased ||= ending === "power_cut";
  if (batch.fate === "stored") {
    batch.fate = "spool_damaged";
    batch.isFateSynced = false;
  }
  // Told of at this start, which may not live to note it.
  batch.isFateDoubtful = !batch.isFateSynced;
}
