import { closeOpenRigs } from "../harness/ingester-rig.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import { whyNoNamespaces } from "../harness/namespaces.ts";
import type { FaultCase, FaultFigure, FaultForm, FaultRound } from "./fault-case.ts";

/** Seeds are whole numbers below this. */
const SEEDS = 2 ** 31;
/** How long a case that was given up may take to put its things away, ms. */
const TIDY_LIMIT_MS = 20_000;

/** How one run of a case ended. */
export interface FaultOutcome {
  readonly fault: string;
  readonly name: string;
  readonly title: string;
  readonly form: FaultForm;
  readonly seed: number;
  readonly tookMs: number;
  readonly figures: readonly FaultFigure[];
  /** Null when all was as promised. */
  readonly error: Error | null;
}

/** With what a case is run. */
export interface FaultRunOptions {
  readonly form: FaultForm;
  readonly seed: number;
  kafka(): Promise<TestKafka>;
  say(text: string): void;
}

/** `FAULT_SEED` of the environment, else any. */
export function drawSeed(): number {
  return Number(process.env["FAULT_SEED"] ?? Math.floor(Math.random() * SEEDS));
}

/** Why a case cannot be run here; null when it can. */
export function whyNotHere({ needsRoot, whyNot }: FaultCase): string | null {
  const refusal = needsRoot === true ? whyNoNamespaces() : null;
  return refusal ?? whyNot?.() ?? null;
}

/** Runs one case within its time limit. Never rejects: a failure is part of the outcome. */
export async function runFault(faultCase: FaultCase, options: FaultRunOptions): Promise<FaultOutcome> {
  const { form, seed } = options;
  const { fault, name, title } = faultCase;
  const figures: FaultFigure[] = [];
  const round: FaultRound = {
    form,
    seed,
    kafka: options.kafka,
    say: options.say,
    measure(figure) {
      figures.push(figure);
      checkFigure(figure);
    },
  };
  const startMs = performance.now();
  let error: Error | null = null;
  try {
    await within(faultCase.run(round), faultCase.limitMs[form]);
  } catch (cause) {
    error = cause instanceof Error ? cause : new Error(String(cause));
  }
  return { fault, name, title, form, seed, tookMs: performance.now() - startMs, figures, error };
}

function checkFigure({ name, value, unit, most, least }: FaultFigure): void {
  if (most !== undefined && !(value <= most))
    throw new Error(`Cannot accept ${name}: ${value} ${unit}, at most ${most}`);
  if (least !== undefined && !(value >= least))
    throw new Error(`Cannot accept ${name}: ${value} ${unit}, at least ${least}`);
}

/** The case's work, or its limit: then its programs are ended, and it has a while to put its own things away. */
async function within(work: Promise<void>, limitMs: number): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const timer = setTimeout(() => limit.resolve(), limitMs);
  const finished = work.then(() => true);
  try {
    if (await Promise.race([finished, limit.promise.then(() => false)])) return;
    await closeOpenRigs();
    const tidied = finished.then(
      () => null,
      () => null,
    );
    await Promise.race([tidied, Bun.sleep(TIDY_LIMIT_MS)]);
    throw new Error(`Cannot go on: not done within ${limitMs} ms`);
  } finally {
    clearTimeout(timer);
  }
}
