import { checkCommand } from "./check.ts";
import type { Command } from "./command.ts";
import { createCompletionCommand } from "./completion.ts";
import { demoCommand } from "./demo.ts";
import { fixCommand } from "./fix.ts";
import { createHelpCommand } from "./help.ts";
import { probeCommand } from "./probe.ts";
import { recordCommand } from "./record.ts";
import { replayCommand } from "./replay.ts";
import { runCommand } from "./run.ts";
import { schemaCommand } from "./schema.ts";
import { simulateCommand } from "./simulate.ts";
import { spoolCommand } from "./spool.ts";
import { statusCommand } from "./status.ts";
import { topicsCommand } from "./topics.ts";
import { venuesCommand } from "./venues.ts";
import { versionCommand } from "./version.ts";

const WITHOUT_COMPLETION: readonly Command[] = [
  runCommand,
  demoCommand,
  checkCommand,
  statusCommand,
  venuesCommand,
  probeCommand,
  recordCommand,
  replayCommand,
  topicsCommand,
  spoolCommand,
  fixCommand,
  schemaCommand,
  versionCommand,
];

const SHOWN: readonly Command[] = [...WITHOUT_COMPLETION, createCompletionCommand(WITHOUT_COMPLETION)];

/** Every word of the command line; `simulate` is for tests and not shown. */
export const COMMANDS: readonly Command[] = [...SHOWN, createHelpCommand(SHOWN), simulateCommand];
