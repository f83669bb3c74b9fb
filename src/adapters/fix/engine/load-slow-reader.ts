import type { FixFrame } from "../../../fix/fix-frame.ts";
import type { MarketDataMessage } from "../../../fix/market-data-message.ts";
import type { MarketDataPlan } from "../../../venues/compiled-fix-venue.ts";

/** Reads what the scanner declined, by the dictionaries; false = it cannot either. */
export type SlowRead = (frame: FixFrame, into: MarketDataMessage) => boolean;

/** What a reader is made of. */
export interface SlowReadOptions {
  readonly plan: MarketDataPlan;
  /** Text of the LP's dictionary (QuickFIX XML); null = none. */
  readonly dictionaryXml: string | null;
  readonly maxMessageBytes: number;
}

/** A reader as the engine has one, without a session; loads jspurefix, which takes its time and memory. */
export async function loadSlowRead(options: SlowReadOptions): Promise<SlowRead> {
  const { plan, dictionaryXml, maxMessageBytes } = options;
  // tsyringe, which jspurefix's classes are declared with, wants it to be there before it is loaded itself.
  await import("reflect-metadata");
  const { sessionDictionaries } = await import("./dictionaries.ts");
  const { SlowReader } = await import("./slow-reader.ts");
  const reader = new SlowReader(plan, sessionDictionaries(dictionaryXml), maxMessageBytes);
  return (frame, into) => reader.read(frame, into);
}
