import type { LoadedBatch, Spool } from "../../../src/publish/spool/batch-log.ts";
import { openSpool } from "../../../src/publish/spool/spool.ts";
import type { SpoolLoss, SpoolOptions } from "../../../src/publish/spool/spool-options.ts";
import type { RandomSource } from "../../../src/runtime/clock.ts";
import { createSeededRandom } from "../../../src/simulator/seeded-random.ts";
import { FakeClock, settle } from "../../harness/fake-clock.ts";
import { below, pick, shuffle } from "../../harness/fake-disk.ts";
import { FakeFileSystem } from "../../harness/fake-file-system.ts";
import { ModelLife } from "./model-life.ts";
import { type Ending, type Findings, judge } from "./model-verdict.ts";
import { ModelLog } from "./spool-model.ts";

const DIRECTORY = "/var/spool";
const START_MS = 1_700_000_000_000;
const LIVES_MAX = 4;
const STEPS_MAX = 60;
/** Calls of one life are a few hundred. */
const CALLS_MAX = 300;
/** Rounds of waiting before something counts as stuck. */
const ROUNDS_MAX = 2000;
/** Recoveries of one crash that may crash themselves. */
const CRASHED_STARTS_MAX = 3;
const TRACE_LINES_SHOWN = 120;
const UNBOUNDED = 1e12;

const FEEDS = ["alpha", "beta", "gamma"];

function createLogs(): ModelLog[] {
  return [
    new ModelLog({ topic: "quotes", partition: 0, partitionCount: 2 }, "alpha"),
    new ModelLog({ topic: "quotes", partition: 1, partitionCount: 2 }, "beta"),
    new ModelLog({ topic: "quotes", partition: -1, partitionCount: 0 }, "gamma"),
    new ModelLog({ topic: "events", partition: 0, partitionCount: 1 }, ""),
  ];
}

/** The process died before it was done. */
const DEAD = Symbol("dead");

/** With a clock that can be moved. */
type Opening = SpoolOptions & { readonly clock: FakeClock };

/** A look at the disk with no bounds: nothing is dropped. */
const LOOK = {
  directory: DIRECTORY,
  maxBytes: UNBOUNDED,
  minFreeBytes: 0,
  whenFull: "drop_oldest",
  yieldLast: [],
  maxAgeMs: 0,
  fsyncMs: 100,
  segmentBytes: 16_384,
  feedNames: FEEDS,
} as const;

/** How the seed's process is set up. */
type Setting = Omit<SpoolOptions, "fileSystem" | "clock" | "onLoss" | "onLostBatch" | "onTrouble" | "feedNames">;

/** A few lives of a process and their ends, all drawn from one seed. */
export class ModelRun {
  readonly #seed: number;
  readonly #random: RandomSource;
  readonly #logs: readonly ModelLog[];
  readonly #lines: string[] = [];
  /** When set: the life ends at this call of its disk. */
  readonly #crashAt: number | null;
  #disk: FakeFileSystem;
  #nowMs = START_MS;
  #clock: FakeClock | null = null;
  #nextId = 1;

  /** @param crashAt the first life dies at this call, whatever the seed says */
  constructor(seed: number, crashAt: number | null = null) {
    this.#seed = seed;
    this.#crashAt = crashAt;
    this.#random = createSeededRandom(seed);
    this.#disk = new FakeFileSystem({ random: this.#random });
    const all = createLogs();
    this.#logs = all.slice(0, 1 + below(this.#random, all.length));
  }

  /** All that was done, line by line. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Calls of the first life, known after {@link run}. */
  firstLifeCalls = 0;

  /** @throws with the seed and all that was done, when the spool and the model disagree */
  async run(): Promise<void> {
    try {
      const lives = 1 + below(this.#random, LIVES_MAX);
      for (let life = 0; life < lives; life++) await this.#live(life);
      await this.#empty();
    } catch (error) {
      const shown = this.#lines.slice(-TRACE_LINES_SHOWN).join("\n");
      throw new Error(`${(error as Error).message}\nSeed ${this.#seed}, what was done:\n${shown}`, { cause: error });
    }
  }

  async #live(number: number): Promise<void> {
    const random = this.#random;
    const setting = this.#drawSetting();
    const life = await this.#start(setting);
    const dies = random() < 0.7;
    if (number === 0 && this.#crashAt !== null) life.dieAfterCalls(this.#crashAt);
    else if (dies) life.dieAfterCalls(below(random, CALLS_MAX));
    const callsBefore = this.#disk.calls;
    for (let steps = below(random, STEPS_MAX); steps >= 0 && !life.isDead; steps--) await life.step();
    if (!life.isDead && random() < 0.3) {
      await life.heal();
      await life.close();
    }
    if (number === 0) this.firstLifeCalls = this.#disk.calls - callsBefore;
  }

  /** A quiet last life: everything is delivered, and the disk is given back. */
  async #empty(): Promise<void> {
    const life = await this.#start({ ...this.#drawSetting(), maxAgeMs: 0, maxBytes: UNBOUNDED, minFreeBytes: 0 });
    await life.readAll();
    await life.settleAll();
    await life.heal();
    await life.sync();
    await life.rest();
    life.checkEmpty();
    await life.close();
    const after = await this.#lookAt("kill");
    if ([...after.read.values()].flat().length > 0) throw new Error("Delivered batches come again");
  }

  #drawSetting(): Setting {
    const random = this.#random;
    const segmentBytes = 9000 + below(random, 8000);
    return {
      directory: DIRECTORY,
      maxBytes: random() < 0.4 ? segmentBytes * (3 + below(random, 5)) : UNBOUNDED,
      minFreeBytes: random() < 0.3 ? below(random, 8000) : 0,
      whenFull: random() < 0.6 ? "drop_oldest" : "drop_newest",
      yieldLast: [],
      maxAgeMs: random() < 0.2 ? 1000 + below(random, 3000) : 0,
      fsyncMs: pick(random, [1, 100]),
      segmentBytes,
    };
  }

  /** Ends the process before, judges what is left on the disk, and starts the next one, which may die at that. */
  async #start(setting: Setting): Promise<ModelLife> {
    if (this.#clock !== null) this.#nowMs = Math.floor(this.#clock.wallUs() / 1000);
    this.#nowMs += below(this.#random, 3000);
    for (let tries = 0; ; tries++) {
      const ending: Ending = this.#random() < 0.5 ? "kill" : "power_cut";
      this.#trace(`---- ${ending}`);
      this.#disk = ending === "kill" ? this.#disk.afterKill() : this.#disk.afterPowerCut();
      const findings = await this.#lookAt(ending);
      const mayCrash = tries < CRASHED_STARTS_MAX && this.#random() < 0.3;
      const crashAt = mayCrash ? below(this.#random, 60) : Number.POSITIVE_INFINITY;
      this.#disk.fault = ({ index }) => (index >= crashAt ? pick(this.#random, ["crash_before", "crash_after"]) : null);
      const life = await this.#open(findings, setting);
      if (life !== null) return life;
      this.#trace("died while it started");
    }
  }

  /** What a process would find, judged; the disk itself is not touched. */
  async #lookAt(ending: Ending): Promise<Findings> {
    const losses: SpoolLoss[] = [];
    const disk = this.#disk.copy();
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    const clock = new FakeClock(this.#nowMs);
    const options: Opening = {
      ...LOOK,
      clock,
      fileSystem: disk,
      onLoss: (loss) => losses.push(loss),
      onLostBatch: () => undefined,
      onTrouble: (text) => {
        if (text !== "") throw new Error(`A start on a good disk tells trouble: ${text}`);
      },
    };
    const spool = await finish(() => start(options), disk, clock);
    if (spool === DEAD) throw new Error("A look cannot die");
    const atStart = losses.splice(0);
    const read = new Map<ModelLog, LoadedBatch[]>();
    for (const log of this.#logs) {
      const loaded = await finish(() => readOut(spool, log), disk, clock);
      read.set(log, loaded === DEAD ? [] : loaded);
    }
    const findings: Findings = { spool, atStart, atRead: losses, read };
    this.#trace(`  files: ${disk.files().join(" ")}`);
    this.#traceFindings(findings);
    judge(findings, this.#logs, ending);
    if (disk.misuses.length > 0) throw new Error(disk.misuses.join("; "));
    return findings;
  }

  /** Null when the process died at it. */
  async #open(findings: Findings, setting: Setting): Promise<ModelLife | null> {
    const early: (() => void)[] = [];
    let life: ModelLife | null = null;
    const clock = new FakeClock(this.#nowMs);
    const isTorn = findings.atRead.length > 0;
    const bounds = isTorn ? { maxBytes: UNBOUNDED, maxAgeMs: 0, minFreeBytes: 0 } : {};
    const options: Opening = {
      ...setting,
      ...bounds,
      fileSystem: this.#disk,
      clock,
      feedNames: this.#drawFeeds(),
      onLoss: (loss) => {
        const tell = () => {
          if (life !== null && loss.reason !== "spool_damaged") life.onLoss(loss);
          else if (life !== null) throw new Error("Damage is told where there is none");
        };
        if (life !== null) tell();
        else if (loss.reason !== "spool_damaged") early.push(tell);
      },
      onLostBatch: (bytes, reason) => life?.onLostBatch(bytes, reason),
      onTrouble: (text) => (life === null ? void early.push(() => life?.onTrouble(text)) : life.onTrouble(text)),
    };
    const spool = await finish(() => start(options), this.#disk, clock);
    if (spool === DEAD) return null;
    const parts = {
      disk: this.#disk,
      clock,
      spool,
      logs: this.#logs,
      random: this.#random,
      options,
      nextId: () => this.#nextId++,
      trace: (line: string) => this.#trace(line),
    };
    if (isTorn) await finish(() => this.#readThrough(spool), this.#disk, clock);
    if (this.#disk.isCrashed) return null;
    life = new ModelLife(parts);
    for (const tell of early) tell();
    this.#trace(
      `started: ${JSON.stringify({ ...setting, directory: undefined })} [${spool.feedNames.join()}]${isTorn ? " torn" : ""}`,
    );
    this.#clock = clock;
    return life;
  }

  /** Reads all once, so that what is torn is told; then the cursors stand at the beginning again. */
  async #readThrough(spool: Spool): Promise<void> {
    for (const log of this.#logs) {
      const [first] = await readOut(spool, log);
      if (first !== undefined) spool.log(log.name).rewind(first.location);
    }
  }

  #drawFeeds(): string[] {
    const feeds = shuffle(this.#random, [...FEEDS, "other"]);
    return this.#random() < 0.7 ? feeds : feeds.filter((feed) => this.#logs.some((log) => log.feed === feed));
  }

  #traceFindings({ read, atStart, atRead }: Findings): void {
    for (const [log, loaded] of read) {
      const found = loaded.map(({ location }) => location.position).join(" ");
      const model = log.batches.map((batch) => {
        const marks = `${batch.isSynced ? "" : "~"}${batch.isDoubtful ? "?" : ""}`;
        const fate =
          batch.fate === "stored"
            ? ""
            : `:${batch.fate}${batch.isFateSynced ? "" : "~"}${batch.isFateDoubtful ? "?" : ""}`;
        return `#${batch.id}@${batch.location?.position ?? "?"}${marks}${fate}`;
      });
      this.#trace(`  ${log.text} found at ${found}; model: ${model.join(" ")}`);
    }
    const told = (losses: readonly SpoolLoss[]) => losses.map((loss) => `${loss.topic} ${loss.recordCount}`).join(", ");
    this.#trace(`  told at start: ${told(atStart)}; while reading: ${told(atRead)}`);
  }

  #trace(line: string): void {
    this.#lines.push(line);
  }
}

/** Opens the spool and waits until it has told what it found missing. */
async function start(options: Opening): Promise<Spool> {
  const spool = openSpool(options);
  await options.clock.advance(0);
  return spool;
}

async function readOut(spool: Spool, { name }: ModelLog): Promise<LoadedBatch[]> {
  const loaded: LoadedBatch[] = [];
  const log = spool.log(name);
  for (let next = await log.readNext(); next !== null; next = await log.readNext()) loaded.push(next);
  return loaded;
}

/** Lets time pass and calls come back until the work is done, or the process has died. */
async function finish<T>(work: () => Promise<T>, disk: FakeFileSystem, clock: FakeClock): Promise<T | typeof DEAD> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  const promise = work();
  promise.then(done, done);
  for (let round = 0; ; round++) {
    await settle();
    if (disk.isCrashed) return DEAD;
    if (isDone) return await promise;
    if (round > ROUNDS_MAX) throw new Error("A call of the spool never comes back");
    if (!disk.release()) await clock.advance(1);
  }
}
