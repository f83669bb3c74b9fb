import type { TestKafka } from "../harness/kafka-handle.ts";

/** `short`: seconds, for `./build.sh test`; `long`: minutes, for `./build.sh faults`. The same code does both. */
export type FaultForm = "short" | "long";

/** One measured figure of a case, for the report and `docs/promises.md`. */
export interface FaultFigure {
  readonly name: string;
  readonly value: number;
  /** `ms`, `quotes`, `MB`, …; empty for a bare number. */
  readonly unit: string;
  /** The most the promise allows, where it sets a figure; the case itself checks it. */
  readonly most?: number;
  /** The least. */
  readonly least?: number;
}

/** What a case is given to run with. */
export interface FaultRound {
  readonly form: FaultForm;
  /** Every chance of the case comes from it. */
  readonly seed: number;
  /** A broker behind a proxy, shared with other cases and started at first use; a case leaves it as it was. */
  kafka(): Promise<TestKafka>;
  /** One line about how far the case is. */
  say(text: string): void;
  /** Keeps a figure, and checks it against its own bounds. */
  measure(figure: FaultFigure): void;
}

/** One fault of `docs/promises.md`: how it is brought about, the proof that it acts, and the judgement afterwards. */
export interface FaultCase {
  /** `F1` to `F25`. */
  readonly fault: string;
  /** In kebab-case, unique: `./build.sh faults` takes it as well as the fault's number. */
  readonly name: string;
  readonly title: string;
  /** Network and mount namespaces are needed, and so root. */
  readonly needsRoot?: boolean;
  /** Why it cannot be brought about here (a tool that is missing); null when it can. */
  whyNot?(): string | null;
  /** A case that takes longer has failed, ms. */
  readonly limitMs: Readonly<Record<FaultForm, number>>;
  /** Rejects when anything is not as promised. */
  run(round: FaultRound): Promise<void>;
}
