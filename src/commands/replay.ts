import { enabledFeeds } from "../assembly/prepare-feeds.ts";
import { replayVariables } from "../assembly/recording/record-header.ts";
import type { RecordingHeader } from "../assembly/recording/recording-format.ts";
import { readRecordingHeader } from "../assembly/recording/recording-reader.ts";
import { ReplayFeed, type ReplayOptions } from "../assembly/recording/replay-feed.ts";
import { feedPrefix } from "../config/feed-names.ts";
import { IngestError } from "../domain/ingest-error.ts";
import { countText } from "../telemetry/board-text.ts";
import { type Command, type CommandContext, ExitCode } from "./command.ts";
import { loadAll } from "./load.ts";
import { soloEnv } from "./load-solo.ts";
import { parseOptions } from "./parse-options.ts";
import { runApp } from "./run.ts";

const SPEED_MAX = 10_000;

/** `edge-ingester replay`. */
export const replayCommand: Command = {
  name: "replay",
  summary: "Play a recording through the pipeline to the sink",
  help: `edge-ingester replay FILE [--speed N|max]

Plays what 'edge-ingester record' wrote: decoder, sequence numbers, gaps, record, sink are those of the service, receive times
those of the recording, session and sequence numbers new ones. Records go to standard output, unless SINK or KAFKA_BROKERS says
where else; nothing is spooled, and nothing is lost for a slow sink: it is waited for. The admin server takes any free port.

--speed  1 as recorded (default), 10 ten times as fast, 0.5 half as fast; max: as fast as the sink takes it

Exit code: 0 when all of it was played and acknowledged, 1 when the recording is cut off or damaged or the sink failed,
2 when the words, the file or the configuration are wrong.

Examples:
  edge-ingester replay kraken.rec | head -3
  edge-ingester replay kraken.rec --speed max
  KAFKA_BROKERS=localhost:9092 edge-ingester replay kraken.rec --speed 10
`,
  async run(context) {
    const options = parseOptions(context.args, { speed: { type: "string" } }, 1);
    if ("problem" in options) {
      context.complain(`${options.problem}\n`);
      return ExitCode.usage;
    }
    const [path] = options.words;
    const speed = readSpeed(options.values.speed ?? "1");
    if (path === undefined || speed === null) {
      const wanted = `Cannot use --speed '${options.values.speed}': it must be a number up to ${SPEED_MAX}, or max\n`;
      context.complain(path === undefined ? replayCommand.help : wanted);
      return ExitCode.usage;
    }
    try {
      return await replay(context, { header: await readRecordingHeader(path), path, speed });
    } catch (error) {
      if (!(error instanceof IngestError)) throw error;
      context.complain(`${error.message}\n`);
      return ExitCode.usage;
    }
  },
};

function readSpeed(text: string): number | "max" | null {
  if (text === "max") return text;
  const speed = /^\d{1,5}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  return speed > 0 && speed <= SPEED_MAX ? speed : null;
}

async function replay(
  context: CommandContext,
  job: { header: RecordingHeader; path: string; speed: number | "max" },
): Promise<number> {
  const { header, path, speed } = job;
  const files = new Map(Object.entries(header.files));
  const loaded = await loadAll(context, replayEnv(context.env, header), { given: files });
  if (loaded === null) return ExitCode.usage;
  const [feed] = enabledFeeds(loaded.feeds);
  if (feed?.transport !== header.transport) {
    context.complain(`Cannot replay '${path}': feed ${header.feed} was ${header.transport}, and is another today\n`);
    return ExitCode.usage;
  }
  const stop = new AbortController();
  context.stop.addEventListener("abort", () => stop.abort(), { once: true });
  let isWhole = false;
  const options: ReplayOptions = {
    path,
    speed,
    onEnd: ({ isWhole: hasEnd, error, player }) => {
      isWhole = hasEnd && error === null;
      const what = error?.message ?? (hasEnd ? "" : "the recording is cut off: its last line is missing");
      const rejected = player.rejected === 0 ? "" : `, ${countText(player.rejected)} could not be decoded`;
      context.complain(`${countText(player.frames)} messages played${rejected}${what === "" ? "" : `; ${what}`}\n`);
      stop.abort();
    },
  };
  const code = await runApp({ ...context, stop: stop.signal }, loaded, {
    createFeeds: ([only], surroundings) => [new ReplayFeed(only, options, surroundings)],
  });
  return code === ExitCode.ok && isWhole ? ExitCode.ok : ExitCode.failed;
}

/** The sink of this environment, the feed of the recording. */
function replayEnv(env: CommandContext["env"], header: RecordingHeader): Record<string, string | undefined> {
  const solo = soloEnv(env, header.feed, undefined);
  const others = Object.entries(solo).filter(([name]) => !name.startsWith(feedPrefix(header.feed)));
  const isSinkNamed = env["SINK"] !== undefined || env["KAFKA_BROKERS"] !== undefined;
  return {
    // As much time as the sink wants, unless told otherwise.
    DRAIN_MS: "600000",
    LOG_LEVEL: "warn",
    ...Object.fromEntries(others),
    ...replayVariables(header),
    [`${feedPrefix(header.feed)}ENABLED`]: "true",
    ...(isSinkNamed ? {} : { SINK: "stdout" }),
    SPOOL_MODE: "off",
    MEMORY_PAUSE_MAX_MS: "600000",
    // The service may be running.
    ADMIN_HOST: "127.0.0.1",
    ADMIN_PORT: "0",
  };
}
