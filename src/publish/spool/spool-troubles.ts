import type { SpoolState } from "../../domain/spool-status.ts";
import type { Clock } from "../../runtime/clock.ts";

/** What can go wrong with a disk; each is told of until it is mended. */
export type TroubleKind = "write" | "read" | "sync" | "checkpoint" | "remove";

/** Trouble that nothing runs into any more is over after this, ms: nobody writes or reads that could find it mended. */
const FORGOTTEN_AFTER_MS = 10_000;
/** These are tried again by themselves until they are mended. */
const LASTING: readonly (TroubleKind | "full")[] = ["sync", "checkpoint", "remove", "full"];

interface Trouble {
  readonly text: string;
  readonly lastMs: number;
}

/** The troubles of the disk, one of each kind, and the state they make. */
export class SpoolTroubles {
  readonly #kinds = new Map<TroubleKind | "full", Trouble>();
  readonly #clock: Clock;
  readonly #onTrouble: (trouble: string) => void;
  #told = "";

  constructor(clock: Clock, onTrouble: (trouble: string) => void) {
    this.#clock = clock;
    this.#onTrouble = onTrouble;
  }

  get state(): SpoolState {
    if (this.#kinds.size === 0) return "ok";
    return this.#kinds.size === 1 && this.#kinds.has("full") ? "full" : "failing";
  }

  /** The worst one; empty when all is well. */
  get text(): string {
    for (const kind of ["write", "sync", "checkpoint", "remove", "read", "full"] as const) {
      const trouble = this.#kinds.get(kind);
      if (trouble !== undefined) return trouble.text;
    }
    return "";
  }

  begin(kind: TroubleKind | "full", text: string): void {
    this.#kinds.set(kind, { text, lastMs: this.#clock.monotonicMs() });
    this.#tell();
  }

  end(kind: TroubleKind | "full"): void {
    if (this.#kinds.delete(kind)) this.#tell();
  }

  /** Now and then: ends what nothing has run into for a while. */
  endOld(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [kind, { lastMs }] of [...this.#kinds]) {
      if (!LASTING.includes(kind) && nowMs - lastMs >= FORGOTTEN_AFTER_MS) this.end(kind);
    }
  }

  #tell(): void {
    const { text } = this;
    if (text === this.#told) return;
    this.#told = text;
    this.#onTrouble(text);
  }
}
