import { recordingHeader } from "../assembly/recording/record-header.ts";
import type { RecordedStep } from "../assembly/recording/recording-format.ts";
import { RecordingWriter } from "../assembly/recording/recording-writer.ts";
import { tapFeed } from "../assembly/recording/tap-feed.ts";
import { IngestError } from "../domain/ingest-error.ts";
import { bytesText, countText } from "../telemetry/board-text.ts";
import { type Command, type CommandContext, ExitCode } from "./command.ts";
import { type LoadedSolo, loadSolo } from "./load-solo.ts";
import { parseOptions } from "./parse-options.ts";
import { readLimits, runSolo, wholeNumber } from "./solo-run.ts";

const BYTES_MAX_DEFAULT = 1024 * 1024 * 1024;
const BYTES_MAX_MAX = 1024 * BYTES_MAX_DEFAULT;

/** `edge-ingester record`. */
export const recordCommand: Command = {
  name: "record",
  summary: "Record the raw messages of one feed to a file",
  help: `edge-ingester record FEED --out FILE [--symbols A,B] [--count N] [--seconds N] [--max-bytes N]

Connects one feed as the service would, and writes every message as it came, with its receive time, until Ctrl-C or one of the
limits. 'edge-ingester replay' plays it. FILE must not exist yet; it is zstd over JSON lines ('zstdcat FILE | jq' shows it), holds
the profile and what else is needed to read the messages, and no secret of the configuration. What a venue itself sends
is in it as it is. Of a FIX feed it holds the market data, not the logon, and our requests; like 'probe' that uses up session
numbers of STATE_DIR. A gRPC feed by reflection cannot be recorded: name its .proto files.

--out        where to
--symbols    these instead of the configured ones
--count      end after so many quotes
--seconds    end after so long
--max-bytes  end when the file has grown to this, compressed: 1 GiB unless told

Exit code: 0 when there was a message, 1 when there was none or the file cannot be written, 2 when the words or the
configuration are wrong.

Examples:
  edge-ingester record kraken --out kraken.rec --seconds 60
  edge-ingester record binance --symbols BTCUSDT --count 100000 --out btc.rec
`,
  async run(context) {
    const options = parseOptions(
      context.args,
      {
        out: { type: "string" },
        symbols: { type: "string" },
        count: { type: "string" },
        seconds: { type: "string" },
        "max-bytes": { type: "string" },
      },
      1,
    );
    if ("problem" in options) {
      context.complain(`${options.problem}\n`);
      return ExitCode.usage;
    }
    const { values, words } = options;
    const limits = readLimits(values);
    const bytesMax = wholeNumber(values["max-bytes"], BYTES_MAX_MAX);
    const { out } = values;
    const problem =
      typeof limits === "string"
        ? `${limits}\n`
        : bytesMax === undefined
          ? `Cannot use --max-bytes '${values["max-bytes"]}': it must be a whole number, 1 to ${BYTES_MAX_MAX}\n`
          : words[0] === undefined || out === undefined
            ? recordCommand.help
            : "";
    if (typeof limits === "string" || words[0] === undefined || out === undefined || problem !== "") {
      context.complain(problem);
      return ExitCode.usage;
    }
    const files = new Map<string, string>();
    const loaded = await loadSolo(context, words[0], { symbols: values.symbols, files });
    if (loaded === null) return ExitCode.usage;
    const { count, seconds } = limits;
    return await record(context, { loaded, path: out, count, seconds, files, bytesMax: bytesMax ?? BYTES_MAX_DEFAULT });
  },
};

const PROTO_HINT = "name .proto files with <FEED>_PROTO_PATH";

interface RecordJob {
  readonly loaded: LoadedSolo;
  readonly path: string;
  readonly count: number | null;
  readonly seconds: number | null;
  readonly files: ReadonlyMap<string, string>;
  readonly bytesMax: number;
}

async function record(context: CommandContext, job: RecordJob): Promise<number> {
  const { loaded, path, count, seconds, files, bytesMax } = job;
  const { clock, complain } = context;
  let write: (step: RecordedStep) => void = () => {};
  const feed = tapFeed(loaded.feed, (step) => write(step));
  if (feed === null) {
    const name = loaded.feed.config.name;
    complain(`Cannot record feed '${name}' as the server alone can tell its types (reflection): ${PROTO_HINT}\n`);
    return ExitCode.usage;
  }
  let stop: () => void = () => {};
  let error: IngestError | null = null;
  let writer: RecordingWriter;
  try {
    const header = recordingHeader({ ...loaded, files, nowMs: clock.wallUs() / 1000 });
    writer = new RecordingWriter({
      path,
      header,
      clock,
      bytesMax,
      onEnd: (cause) => {
        error = cause;
        complain(`${cause?.message ?? `The recording has reached ${countText(bytesMax)} bytes`}\n`);
        stop();
      },
    });
  } catch (cause) {
    if (!(cause instanceof IngestError)) throw cause;
    complain(`${cause.message}\n`);
    return ExitCode.failed;
  }
  write = (step) => writer.write(step);
  let quotes = 0;
  await runSolo(context, {
    loaded,
    feed,
    seconds,
    onStart: (stopNow) => {
      stop = stopNow;
    },
    onQuote: (_, stopNow) => {
      if (++quotes === count) stopNow();
    },
    interruptions: {
      interrupt: (instruments, reason, timeUs) =>
        write({ kind: "interrupt", timeUs, reason, symbols: instruments.map(({ symbol }) => symbol) }),
      reportGap: ({ instruments, isWhole, from, to, timeUs }) =>
        write({ kind: "gap", timeUs, symbols: instruments.map(({ symbol }) => symbol), isWhole, from, to }),
    },
  });
  writer.close(clock.wallUs());
  complain(
    `${countText(writer.frames)} messages, ${countText(quotes)} quotes, ${bytesText(writer.bytes)} in ${path}\n`,
  );
  return error === null && writer.frames > 0 ? ExitCode.ok : ExitCode.failed;
}
