import type { FeedState } from "../domain/feed-event.ts";
import type { FeedStatus } from "../domain/feed-status.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Adapter } from "./adapter.ts";

/** A feed as the program runs it: one that asks a venue, or one that plays what was recorded of it. */
export interface RunningFeed {
  readonly name: string;
  readonly instruments: readonly Instrument[];
  readonly state: FeedState;
  /** Does nothing while it runs. */
  start(): void;
  /** Resolves when no timer, socket or file is left. */
  stop(): Promise<void>;
  /** Asks the venue anew for one instrument. */
  resubscribe(instrument: Instrument, reason: string): void;
  /** @throws IngestError when it cannot take other instruments */
  changeInstruments(added: readonly Instrument[], removed: readonly Instrument[]): Promise<void>;
  /** The next session is this adapter's. */
  setAdapter(adapter: Adapter): void;
  status(): FeedStatus;
}
