import type { IngesterRig } from "../harness/ingester-rig.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../harness/kcat.ts";
import type { LedgerAccount } from "../harness/metrics-text.ts";
import type { FaultRound } from "./fault-case.ts";

/** Of a rig that is killed: small, so that few quotes stand twice for a batch whose ack nobody heard. */
export const BATCH_MAX_BYTES = 16_384;
/** The smallest record of a rig has more than 256 bytes. */
export const BATCH_RECORDS_MAX = BATCH_MAX_BYTES / 256;

/** What was accepted by a moment of one life. */
export interface Look {
  readonly atMs: number;
  readonly accounts: readonly LedgerAccount[];
}

/** One life that was killed. */
export interface Killed {
  readonly session: string;
  readonly looks: readonly Look[];
  readonly killedMs: number;
}

/** What {@link checkSurvived} looks at. */
export interface Evidence {
  readonly rig: IngesterRig;
  readonly lives: readonly Killed[];
  /** What was accepted so shortly before the end may be lost, ms. */
  readonly lossMs: number;
}

/** What each life had accepted by then is in the topic; and how much of its last word is not. */
export async function checkSurvived(round: FaultRound, { rig, lives, lossMs }: Evidence): Promise<void> {
  const written = new Map<string, Set<string>>();
  for (const { key, headers } of await readTopicWithKcat(rig.kafka.bootstrap.plain, rig.topic)) {
    const names = Object.fromEntries(headers);
    const life = `${names["session"]}/${names["source"]}`;
    const numbers = written.get(life) ?? new Set<string>();
    written.set(life, numbers.add(`${key} ${names["seq"]}`));
  }
  let lostMax = 0;
  let lost = 0;
  for (const { session, looks, killedMs } of lives) {
    const due = looks.findLast(({ atMs }) => atMs <= killedMs - lossMs);
    const last = looks[looks.length - 1];
    for (const { source, accepted } of last.accounts) {
      const survived = written.get(`${session}/${source}`)?.size ?? 0;
      const dueAccepted = due?.accounts.find((account) => account.source === source)?.accepted ?? 0;
      if (survived < dueAccepted)
        throw new Error(
          `Cannot find ${dueAccepted - survived} of ${dueAccepted} accepted quotes of ${session}/${source}`,
        );
      lost += Math.max(0, accepted - survived);
      lostMax = Math.max(lostMax, accepted - survived);
    }
  }
  // The fault proves itself: there were batches on the disk that only the next life could send.
  const recovered = lives.flatMap(({ looks }) => looks[0].accounts.map((account) => account.recovered));
  const found = recovered.reduce((sum, count) => sum + count, 0);
  round.measure({ name: "found on the spool by the next life", value: found, unit: "quotes", least: 1 });
  const mostLost = lossMs === 0 ? { most: 0 } : {};
  round.measure({ name: "accepted and lost with the process", value: lost, unit: "quotes", ...mostLost });
  round.measure({ name: "most of one feed at one kill", value: lostMax, unit: "quotes", ...mostLost });
}

/** Ends whatever keeps the program from Kafka; what was held on the way is lost. */
export function restoreLine({ proxy }: TestKafka): void {
  proxy.dropConnections();
  proxy.release();
}
