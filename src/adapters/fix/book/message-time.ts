// Hot path.
import type { FixFrame } from "../../../fix/fix-frame.ts";
import { entryTimeMs, NOT_A_TIME, sendingTimeMs, utcTimestampMs } from "../../../fix/fix-time.ts";
import type { MarketDataMessage } from "../../../fix/market-data-message.ts";
import type { MarketDataPlan } from "../../../venues/compiled-fix-venue.ts";

/**
 * The venue's stamp of a message, whole ms since the epoch: from where the profile says it is, else SendingTime (52); −1
 * when that is no time either.
 */
export function messageTimeMs(from: MarketDataPlan["time"], message: MarketDataMessage, frame: FixFrame): number {
  const sentMs = sendingTimeMs(frame);
  let timeMs = NOT_A_TIME;
  if (from === "transactTime") timeMs = utcTimestampMs(message.bytes, message.timeStart, message.timeEnd);
  else if (from === "entry") timeMs = firstEntryTimeMs(message, sentMs);
  return timeMs === NOT_A_TIME ? sentMs : timeMs;
}

/** MDEntryDate (272) and MDEntryTime (273) of the first entry that has one. */
function firstEntryTimeMs(message: MarketDataMessage, sentMs: number): number {
  for (let i = 0; i < message.count; i++) {
    if (message.dateFrom[i] >= 0 || message.timeFrom[i] >= 0) return entryTimeMs(message, i, sentMs);
  }
  return NOT_A_TIME;
}
