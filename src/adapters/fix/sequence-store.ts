import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { IngestError } from "../../domain/ingest-error.ts";
import { releaseLock, takeLock } from "../../files/process-lock.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { TradingCalendar } from "../../runtime/trading-calendar.ts";
import type { ResetPolicy } from "../../venues/compiled-fix-venue.ts";
import type { FixIdentity, SessionNumbers } from "./engine/fix-engine.ts";
import { shouldReset } from "./reset-policy.ts";
import { SequenceFile } from "./sequence-file.ts";

/** The number we expect next is written this long after it changed, at the latest, ms. */
const WRITE_AFTER_MS = 100;
/** What was written is brought to the disk this long afterwards, at the latest, ms. */
const SYNC_AFTER_MS = 5000;

/** Trouble with the file; it never ends a session. */
export interface SequenceTrouble {
  /** `not_locked`: numbers are kept, and nothing keeps another process away from them. */
  readonly kind: "set_aside" | "not_written" | "not_locked";
  readonly path: string;
  readonly message: string;
}

/** The numbers of one session as the session uses them: the engine sees no more than {@link SessionNumbers}. */
export interface KeptNumbers extends SessionNumbers {
  /** True when 141=Y goes with the next Logon. */
  shouldReset(policy: ResetPolicy, calendar: TradingCalendar | null): boolean;
  /** Both numbers are 1 again. */
  startAnew(): void;
  /** The LP has answered our 141=Y: the next one is due with the next day or week. */
  noteReset(): void;
  /** The next Logon starts the numbers anew, as far as the policy allows. */
  wantReset(): void;
  /** Brings what is written to the disk, without waiting for it. */
  sync(): void;
  /** The session is over; resolves when the disk has all of it. Never rejects. */
  close(): Promise<void>;
}

/** What a store is made of. */
export interface SequenceStoreOptions {
  /** Of the feed; names the file. */
  readonly name: string;
  /** Made when absent, for us alone. */
  readonly directory: string;
  readonly identity: FixIdentity;
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  onTrouble(trouble: SequenceTrouble): void;
}

/**
 * The numbers of one FIX session, kept over connections, restarts and `kill -9` in a small file of its own.
 *
 * What is written when: our own number before its message goes out (a number used twice ends a session, one skipped is
 * only asked for again); the number we expect up to 100 ms late, so after a crash the LP is asked to send some messages
 * twice. These writes go to the kernel and survive the end of the process. They are brought to the disk, off the event loop, at logon, at the
 * end of a session and 5 s after a change: a power cut costs what came since, and the LP tells us by "MsgSeqNum too low".
 *
 * A disk that is full or read-only is told of and costs no session: the numbers then live as long as the process.
 */
export class SequenceStore implements KeptNumbers {
  /** Files that could not be used and were renamed. */
  setAsideCount = 0;
  readonly #options: SequenceStoreOptions;
  readonly #path: string;
  readonly #lockPath: string;
  readonly #identity: string;
  #outgoing = 1;
  #incoming = 1;
  #lastResetMs = 0;
  #isResetWanted = false;
  #file: SequenceFile | null = null;
  #isOpen = false;
  #isLocked = false;
  /** True when the file has all that memory has. */
  #isWritten = true;
  /** Each is told once until it is mended: a full disk is found at every write. */
  readonly #told = new Set<SequenceTrouble["kind"]>();
  #writeTimer: Timer | null = null;
  #syncTimer: Timer | null = null;

  constructor(options: SequenceStoreOptions) {
    const { name, directory, identity, host, port } = options;
    const { beginString, sender, senderSub, target, targetSub } = identity;
    this.#options = options;
    this.#path = join(directory, `${name}.fix-numbers`);
    this.#lockPath = `${this.#path}.lock`;
    this.#identity = JSON.stringify([beginString, sender, senderSub, target, targetSub, `${host}:${port}`]);
  }

  get nextOutgoing(): number {
    return this.#outgoing;
  }

  set nextOutgoing(next: number) {
    if (next === this.#outgoing) return;
    this.#outgoing = next;
    this.#write();
  }

  get nextIncoming(): number {
    return this.#incoming;
  }

  set nextIncoming(next: number) {
    if (next === this.#incoming) return;
    this.#incoming = next;
    this.#isWritten = false;
    if (this.#writeTimer === null && this.#isOpen) this.#armWrite();
  }

  /**
   * Lends the numbers to a session until its `close`: those of the file, of which this process is then the only user. A second session beside
   * the first gets numbers of its own, which begin at 1 and are kept nowhere.
   *
   * @throws IngestError when another process uses the file
   */
  lend(): KeptNumbers {
    if (this.#isOpen) return new PassingNumbers();
    this.#lock();
    this.#isOpen = true;
    this.#open();
    return this;
  }

  shouldReset(policy: ResetPolicy, calendar: TradingCalendar | null): boolean {
    if (this.#isResetWanted && policy !== "never") return true;
    const wallMs = Math.floor(this.#options.clock.wallUs() / 1000);
    return shouldReset({ policy, calendar, lastResetMs: this.#lastResetMs, wallMs });
  }

  startAnew(): void {
    this.#outgoing = 1;
    this.#incoming = 1;
    this.#write();
  }

  noteReset(): void {
    this.#isResetWanted = false;
    this.#lastResetMs = Math.floor(this.#options.clock.wallUs() / 1000);
    this.#write();
  }

  wantReset(): void {
    this.#isResetWanted = true;
    // Also for another process, should this one end before the next Logon.
    this.#lastResetMs = 0;
    this.#write();
  }

  sync(): void {
    if (!this.#isWritten) this.#write();
    this.#file?.sync().catch((error) => this.#complain("not_written", error));
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    if (!this.#isWritten) this.#write();
    this.#writeTimer?.cancel();
    this.#writeTimer = null;
    this.#syncTimer?.cancel();
    this.#syncTimer = null;
    const file = this.#file;
    this.#file = null;
    this.#isOpen = false;
    this.#unlock();
    await file?.close().catch((error) => this.#complain("not_written", error));
  }

  #lock(): void {
    const { name, directory } = this.#options;
    let holder: number | null = null;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      holder = takeLock(this.#lockPath);
      this.#isLocked = holder === null;
      this.#told.delete("not_locked");
    } catch (error) {
      this.#complain("not_locked", error);
    }
    if (holder === null) return;
    throw new IngestError(
      `Cannot use the session numbers of "${name}" in ${this.#path}: process ${holder} is using them`,
      { code: "config_invalid", retry: "backoff", context: { pid: holder } },
    );
  }

  #unlock(): void {
    if (!this.#isLocked) return;
    this.#isLocked = false;
    try {
      releaseLock(this.#lockPath);
    } catch (error) {
      this.#complain("not_locked", error);
    }
  }

  /** Reads the file anew: another process may have used it since. What it never took still lives in memory and counts. */
  #open(): void {
    try {
      const { file, record, setAside } = SequenceFile.open(this.#path, this.#identity);
      this.#file = file;
      if (!this.#isWritten) this.#write();
      else if (record !== null) this.#load(record);
      else this.#begin(setAside);
    } catch (error) {
      this.#complain("not_written", error);
    }
  }

  #load(record: { nextOutgoing: number; nextIncoming: number; lastResetMs: number }): void {
    this.#outgoing = record.nextOutgoing;
    this.#incoming = record.nextIncoming;
    this.#lastResetMs = record.lastResetMs;
  }

  #begin(setAside: string | null): void {
    this.#load({ nextOutgoing: 1, nextIncoming: 1, lastResetMs: 0 });
    if (setAside === null) return;
    this.#isResetWanted = true;
    this.setAsideCount++;
    const message = `The file was set aside: ${setAside}; the numbers start at 1`;
    this.#options.onTrouble({ kind: "set_aside", path: this.#path, message });
  }

  #write(): void {
    const file = this.#file;
    this.#isWritten = false;
    if (file === null) return;
    try {
      file.write({
        identity: this.#identity,
        nextOutgoing: this.#outgoing,
        nextIncoming: this.#incoming,
        lastResetMs: this.#lastResetMs,
      });
      this.#isWritten = true;
      this.#told.delete("not_written");
    } catch (error) {
      this.#complain("not_written", error);
    }
    this.#syncTimer ??= this.#options.clock.schedule(SYNC_AFTER_MS, () => {
      this.#syncTimer = null;
      this.sync();
    });
  }

  /** While the disk is waited for, what can wait does: the slot that is on its way becomes the safe one. */
  #armWrite(): void {
    this.#writeTimer = this.#options.clock.schedule(WRITE_AFTER_MS, () => {
      this.#writeTimer = null;
      if (this.#file?.isSyncing === true) this.#armWrite();
      else if (!this.#isWritten) this.#write();
    });
  }

  #complain(kind: SequenceTrouble["kind"], error: unknown): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#options.onTrouble({ kind, path: this.#path, message: String(error) });
  }
}

/** Numbers of a session beside another of the same feed: they begin anew and are kept nowhere. */
class PassingNumbers implements KeptNumbers {
  nextOutgoing = 1;
  nextIncoming = 1;

  shouldReset(): boolean {
    return true;
  }

  startAnew(): void {
    this.nextOutgoing = 1;
    this.nextIncoming = 1;
  }

  noteReset(): void {}

  wantReset(): void {}

  sync(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}
