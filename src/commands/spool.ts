import { existsSync } from "node:fs";
import { createNodeFileSystem } from "../publish/spool/node-file-system.ts";
import { type Command, type CommandContext, ExitCode } from "./command.ts";
import { loadAll } from "./load.ts";
import { parseOptions } from "./parse-options.ts";
import { dropFromSpool } from "./spool-drop.ts";
import { exportSpool } from "./spool-export.ts";
import { SPOOL_OPTIONS, type SpoolJob, type SpoolValues } from "./spool-job.ts";
import { listSpool } from "./spool-list.ts";
import { verifySpool } from "./spool-verify.ts";

interface SpoolVerb {
  run(job: SpoolJob): Promise<number>;
  /** Beside `--dir`. */
  readonly options: readonly (keyof SpoolValues)[];
  /** The spool must not be in use. */
  readonly needsLock: boolean;
}

/** The words after `spool`. */
const VERBS: Readonly<Record<string, SpoolVerb>> = {
  ls: { run: listSpool, options: ["json"], needsLock: false },
  verify: { run: verifySpool, options: ["json"], needsLock: true },
  export: { run: exportSpool, options: ["topic", "partition", "from", "to", "out"], needsLock: true },
  drop: { run: dropFromSpool, options: ["json", "topic", "older-than", "all", "yes"], needsLock: true },
};

/** As a verb of a sentence. */
const WHAT: Readonly<Record<string, string>> = { ls: "list", verify: "verify", export: "export", drop: "drop from" };

/** `edge-ingester spool`. */
export const spoolCommand: Command = {
  name: "spool",
  summary: "Look at what waits on the disk, check it, export it, drop it",
  help: `edge-ingester spool ls [--json]
edge-ingester spool verify [--json]
edge-ingester spool export [--topic T] [--partition P] [--from TIME] [--to TIME] --out FILE|-
edge-ingester spool drop --older-than DURATION | --topic T | --all  [--yes] [--json]

The spool is SPOOL_DIR, or the directory --dir names (then nothing else of the environment is read).

ls      What waits for Kafka, by topic and partition: records, batches, bytes, oldest and newest record, sources, state.
        Works while the service runs too.
verify  Reads every batch that waits: its checksum and the structure of its records. Says where damage is. The service
        itself passes over what is damaged and counts it; nothing needs to be mended by hand.
export  Writes the records that wait as JSON lines: topic, partition, timestamp (ms), key, headers, value. TIME is ISO 8601
        (2026-01-31T12:00:00Z) or ms since 1970; --from is part of the range, --to is not. FILE must not exist yet.
drop    Gives up records for good, oldest first within a partition: those older than DURATION (90s, 15m, 12h, 7d), of one
        topic, or all. Without --yes it only says what it would drop.

verify, export and drop need the spool to themselves: stop the service first.

Exit code: 0 done, 1 failed or damage found, 2 the words or the configuration are wrong.

Examples:
  edge-ingester spool ls
  edge-ingester spool verify --dir /var/lib/edge-ingester/spool
  edge-ingester spool export --from 2026-01-31T12:00:00Z --out - | jq .value.payload.bidPrice
  edge-ingester spool drop --older-than 7d --yes
`,
  async run(context) {
    const options = parseOptions(context.args, SPOOL_OPTIONS, 1);
    if ("problem" in options) {
      context.complain(`${options.problem}\n`);
      return ExitCode.usage;
    }
    const [word] = options.words;
    if (word === undefined || !Object.hasOwn(VERBS, word)) {
      context.complain(spoolCommand.help);
      return ExitCode.usage;
    }
    const verb = VERBS[word];
    const allowed: readonly string[] = ["dir", ...verb.options];
    const extra = Object.keys(options.values).find((name) => !allowed.includes(name));
    if (extra !== undefined) {
      context.complain(`Cannot use --${extra}: 'spool ${word}' takes no such option\n`);
      return ExitCode.usage;
    }
    const directory = options.values.dir ?? (await configuredDirectory(context));
    if (directory === null) return ExitCode.usage;
    return await runOn({ context, directory, values: options.values, fileSystem: createNodeFileSystem() }, word, verb);
  },
};

async function configuredDirectory(context: CommandContext): Promise<string | null> {
  return (await loadAll(context))?.config.spool.directory ?? null;
}

async function runOn(job: SpoolJob, word: string, { run, needsLock }: SpoolVerb): Promise<number> {
  const { context, directory, fileSystem } = job;
  const fail = (state: string) => {
    context.complain(`Cannot ${WHAT[word]} the spool in '${directory}': ${state}\n`);
    return ExitCode.failed;
  };
  try {
    if (!existsSync(directory)) return fail("there is no such directory");
    if (!needsLock) return await run(job);
    const holder = fileSystem.claimFolder(directory);
    if (holder !== null)
      return fail(`process ${holder} uses it. Stop the service first; 'spool ls' works while it runs`);
    try {
      return await run(job);
    } finally {
      fileSystem.releaseFolder(directory);
    }
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}
