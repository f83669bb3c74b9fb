// `./build.sh faults`: every fault of docs/promises.md in its long form, one after the other, and a report of what was
// measured. Seeds that failed once are tried again first.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startKafka } from "../harness/kafka.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import type { FaultCase, FaultForm } from "./fault-case.ts";
import { FAULT_CASES } from "./fault-cases.ts";
import { recordMeasured } from "./fault-record.ts";
import { describeRun, renderFigure, renderJson, renderMarkdown } from "./fault-report.ts";
import { drawSeed, type FaultOutcome, runFault, whyNotHere } from "./fault-run.ts";
import { failedSeeds, keepFailedSeed } from "./fault-seeds.ts";

const DIST = join(import.meta.dir, "../../dist");

const PROMISES = join(import.meta.dir, "../../docs/promises.md");
const OPTIONS: readonly string[] = ["--short", "--list", "--record"];

const USAGE = `Usage: ./build.sh faults [--short] [--list] [--record] [fault or case...]

Faults are F1 to F25 of docs/promises.md, cases are named by --list. Without any, all are run.
--short runs the forms of ./build.sh test. --record writes the figures of what passed to docs/promises.md too. FAULT_SEED=<number> repeats a run.`;

interface Arguments {
  readonly form: FaultForm;
  readonly isListing: boolean;
  readonly isRecording: boolean;
  readonly cases: readonly FaultCase[];
}

/** Null when an argument means nothing. */
function readArguments(args: readonly string[]): Arguments | null {
  const wanted = args.filter((arg) => !arg.startsWith("--"));
  const options = args.filter((arg) => arg.startsWith("--"));
  const isKnown = (word: string) => FAULT_CASES.some(({ fault, name }) => word === fault || word === name);
  if (!options.every((option) => OPTIONS.includes(option)) || !wanted.every(isKnown)) return null;
  return {
    form: options.includes("--short") ? "short" : "long",
    isListing: options.includes("--list"),
    isRecording: options.includes("--record"),
    cases: FAULT_CASES.filter(
      ({ fault, name }) => wanted.length === 0 || wanted.includes(fault) || wanted.includes(name),
    ),
  };
}

/** The broker of one case, started when it asks: a case that breaks it for good costs no other. */
class SharedBroker {
  #kafka: Promise<TestKafka> | null = null;

  get(): Promise<TestKafka> {
    this.#kafka ??= startKafka({ listeners: { proxied: true } });
    return this.#kafka;
  }

  async stop(): Promise<void> {
    const running = this.#kafka;
    this.#kafka = null;
    await (await running)?.stop();
  }
}

async function runCase(faultCase: FaultCase, form: FaultForm): Promise<FaultOutcome[]> {
  const { fault, name, title } = faultCase;
  const outcomes: FaultOutcome[] = [];
  for (const seed of new Set([...failedSeeds(name), drawSeed()])) {
    console.log(`== ${fault} ${name} (${form}, seed ${seed}): ${title}`);
    const broker = new SharedBroker();
    const say = (text: string) => console.log(`   ${text}`);
    const outcome = await runFault(faultCase, { form, seed, kafka: () => broker.get(), say });
    await broker.stop();
    outcomes.push(outcome);
    for (const figure of outcome.figures) say(renderFigure(figure));
    const took = `${(outcome.tookMs / 1000).toFixed(0)} s`;
    if (outcome.error === null) console.log(`== ${fault} ${name}: passed, ${took}`);
    else {
      console.log(`== ${fault} ${name}: FAILED after ${took}; FAULT_SEED=${seed} ./build.sh faults ${name} repeats it`);
      console.log(outcome.error.stack ?? outcome.error.message);
      keepFailedSeed(name, seed);
    }
  }
  return outcomes;
}

function writeReport(command: string, outcomes: readonly FaultOutcome[], isRecording: boolean): void {
  const head = describeRun(command);
  mkdirSync(DIST, { recursive: true });
  writeFileSync(join(DIST, "faults-report.md"), renderMarkdown(head, outcomes));
  writeFileSync(join(DIST, "faults-report.json"), renderJson(head, outcomes));
  if (isRecording) writeFileSync(PROMISES, recordMeasured(readFileSync(PROMISES, "utf8"), head, outcomes));
}

async function main(args: readonly string[]): Promise<number> {
  const parsed = readArguments(args);
  if (parsed === null) {
    console.error(USAGE);
    return 2;
  }
  if (parsed.isListing) {
    for (const { fault, name, title } of parsed.cases) console.log(`${fault}\t${name}\t${title}`);
    return 0;
  }
  const outcomes: FaultOutcome[] = [];
  const leftOut: string[] = [];
  for (const faultCase of parsed.cases) {
    const refusal = whyNotHere(faultCase);
    if (refusal !== null) leftOut.push(`${faultCase.fault} ${faultCase.name}: ${refusal}`);
    else outcomes.push(...(await runCase(faultCase, parsed.form)));
    // After every case: a run that is cut short leaves what it has measured.
    writeReport(["./build.sh faults", ...args].join(" "), outcomes, parsed.isRecording);
  }
  const failed = outcomes.filter(({ error }) => error !== null).length;
  console.log(`${outcomes.length - failed} passed, ${failed} failed; dist/faults-report.md has the figures`);
  if (leftOut.length > 0) console.log(`NOT run: ${leftOut.join("; ")}`);
  return failed === 0 && leftOut.length === 0 ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));
