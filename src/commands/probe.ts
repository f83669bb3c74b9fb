import type { QuoteView } from "../domain/quote.ts";
import { type Command, type CommandContext, ExitCode } from "./command.ts";
import { loadSolo } from "./load-solo.ts";
import { parseOptions } from "./parse-options.ts";
import { readLimits, runSolo } from "./solo-run.ts";

/** Lines that wait for a slow reader of standard output; further quotes are not shown. */
const WAITING_MAX = 10_000;

/** `edge-ingester probe`. */
export const probeCommand: Command = {
  name: "probe",
  summary: "Show the live quotes of one feed; nothing is published",
  help: `edge-ingester probe FEED [--symbols A,B] [--count N] [--seconds N] [--json]

Connects one feed as the service would, and prints its quotes one per line: receive time (UTC), symbol, bid size, bid, ask,
ask size, and how long after the venue's stamp it was received. FEED is a feed of the configuration, or any built-in venue.
Changes of state go to standard error. Nothing is published, spooled or stored, but a FIX feed uses up session numbers of
STATE_DIR: stop the service first.

--symbols  these instead of the configured ones
--count    end after so many quotes
--seconds  end after so long
--json     one JSON object per line: prices are text, digit by digit as the venue wrote them

Exit code: 0 when there was a quote (with --count: as many as asked for), 1 when not, 2 when the words or the
configuration are wrong.

Examples:
  edge-ingester probe binance
  edge-ingester probe kraken --symbols BTC/USD,ETH/USD --count 10
  edge-ingester probe okx --seconds 30 --json | jq .bidPrice
`,
  async run(context) {
    const options = parseOptions(
      context.args,
      {
        symbols: { type: "string" },
        count: { type: "string" },
        seconds: { type: "string" },
        json: { type: "boolean" },
      },
      1,
    );
    if ("problem" in options) {
      context.complain(`${options.problem}\n`);
      return ExitCode.usage;
    }
    const [name] = options.words;
    const limits = readLimits(options.values);
    if (name === undefined || typeof limits === "string") {
      context.complain(typeof limits === "string" ? `${limits}\n` : probeCommand.help);
      return ExitCode.usage;
    }
    const loaded = await loadSolo(context, name, { symbols: options.values.symbols });
    if (loaded === null) return ExitCode.usage;
    const output = new LineOutput(context);
    const render = options.values.json === true ? jsonLine : textLine;
    let seen = 0;
    await runSolo(context, {
      loaded,
      feed: loaded.feed,
      seconds: limits.seconds,
      onQuote: (quote, stop) => {
        if (limits.count !== null && seen >= limits.count) return;
        seen++;
        output.write(render(quote));
        if (seen === limits.count || output.isReaderGone) stop();
      },
    });
    await output.finish();
    if (output.leftOut > 0) context.complain(`${output.leftOut} quotes were not shown: standard output was too slow\n`);
    return seen > 0 && (limits.count === null || seen === limits.count) ? ExitCode.ok : ExitCode.failed;
  },
};

/** Writes lines no faster than they are read, and keeps a bounded number of them. */
class LineOutput {
  isReaderGone = false;
  leftOut = 0;
  readonly #context: CommandContext;
  #lines: string[] = [];
  #writing: Promise<void> | null = null;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  write(line: string): void {
    if (this.#lines.length >= WAITING_MAX) {
      this.leftOut++;
      return;
    }
    this.#lines.push(line);
    this.#writing ??= this.#drain();
  }

  async finish(): Promise<void> {
    await this.#writing;
  }

  async #drain(): Promise<void> {
    while (this.#lines.length > 0 && !this.isReaderGone) {
      const text = this.#lines.join("");
      this.#lines = [];
      this.isReaderGone = !(await this.#context.printAll(text));
    }
    this.#writing = null;
  }
}

function textLine(quote: QuoteView): string {
  const time = new Date(Math.floor(quote.receivedTimeUs / 1000)).toISOString().slice(11, 23);
  const lagMs = quote.venueTimeMs < 0 ? null : quote.receivedTimeUs / 1000 - quote.venueTimeMs;
  const cells = [
    time,
    (quote.instrument?.symbol ?? "").padEnd(12),
    (sliceOf(quote, quote.bidSizeStart, quote.bidSizeEnd) ?? "-").padStart(14),
    (sliceOf(quote, quote.bidPriceStart, quote.bidPriceEnd) ?? "-").padStart(14),
    (sliceOf(quote, quote.askPriceStart, quote.askPriceEnd) ?? "-").padStart(14),
    (sliceOf(quote, quote.askSizeStart, quote.askSizeEnd) ?? "-").padStart(14),
    lagMs === null ? "" : `${lagMs.toFixed(1)} ms`.padStart(10),
  ];
  return `${cells.join("  ").trimEnd()}\n`;
}

function jsonLine(quote: QuoteView): string {
  const line = {
    source: quote.instrument?.source,
    symbol: quote.instrument?.symbol,
    bidPrice: sliceOf(quote, quote.bidPriceStart, quote.bidPriceEnd),
    bidSize: sliceOf(quote, quote.bidSizeStart, quote.bidSizeEnd),
    askPrice: sliceOf(quote, quote.askPriceStart, quote.askPriceEnd),
    askSize: sliceOf(quote, quote.askSizeStart, quote.askSizeEnd),
    venueTimestamp: quote.venueTimeMs < 0 ? null : quote.venueTimeMs,
    receivedTimestampUs: quote.receivedTimeUs,
    venueSequence: sliceOf(quote, quote.sequenceStart, quote.sequenceEnd),
  };
  return `${JSON.stringify(line)}\n`;
}

function sliceOf({ fields }: QuoteView, start: number, end: number): string | null {
  return start < 0 ? null : Buffer.from(fields.subarray(start, end)).toString("latin1");
}
