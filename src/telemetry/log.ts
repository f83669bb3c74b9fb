import { type Logger, pino } from "pino";
import type { Log, LogFields, LogLevel, LogValue } from "../domain/log.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import { LineDestination } from "./line-destination.ts";
import { LineLimiter, WINDOW_MS } from "./line-limiter.ts";
import { ReadableLines } from "./readable-lines.ts";
import { sanitizeText } from "./sanitize-text.ts";

/** Standard error: logs never go to standard output, which belongs to `SINK=stdout`. */
const STDERR_FD = 2;
/** Fields one line keeps; a line needs no more, and a caller's mistake must not grow it. */
const FIELDS_MAX = 32;
/** Names the line itself uses; a field of that name gets an underscore, as JSON readers keep only one of two. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(["level", "time", "event"]);

type WrittenLevel = Exclude<LogLevel, "silent">;

/** What {@link createLog} needs. */
export interface LogOptions {
  readonly level: LogLevel;
  /** Takes every known secret out of a text. */
  readonly redact: (text: string) => string;
  readonly clock: Clock;
  /** `text`: for people on a terminal; JSON when absent. */
  readonly format?: "json" | "text";
  /** Where lines go; standard error when absent. */
  readonly destination?: Pick<LineDestination, "write" | "flush" | "linesLost">;
}

/** The root log: also says how many lines were lost, and is closed once by `main.ts`. */
export interface RootLog extends Log {
  /** Lines left out by the limit or lost because nobody read them, since the program began. */
  readonly linesLeftOut: number;
  /** Tells what was left out so far, writes what waits and stops the timer. */
  close(): void;
}

/** The program's log. One line per state change: `time`, `level`, `event` and the fields, sanitised and redacted. */
export function createLog(options: LogOptions): RootLog {
  const writer = new LogWriter(options);
  const log = new FieldLog(writer, {});
  return {
    debug: (fields, event) => log.debug(fields, event),
    info: (fields, event) => log.info(fields, event),
    warn: (fields, event) => log.warn(fields, event),
    error: (fields, event) => log.error(fields, event),
    child: (fields) => log.child(fields),
    close: () => writer.close(),
    get linesLeftOut() {
      return writer.linesLeftOut;
    },
  };
}

/** Owns pino, the limit and the timer that reports what the limit left out. */
class LogWriter {
  readonly #pino: Logger;
  readonly #clock: Clock;
  readonly #redact: (text: string) => string;
  readonly #destination: Pick<LineDestination, "write" | "flush" | "linesLost">;
  readonly #limiter: LineLimiter;
  #reportTimer: Timer | null = null;
  #leftOut = 0;

  constructor(options: LogOptions) {
    this.#clock = options.clock;
    this.#redact = options.redact;
    const destination = options.destination ?? new LineDestination(STDERR_FD);
    this.#destination = options.format === "text" ? new ReadableLines(destination) : destination;
    this.#limiter = new LineLimiter(options.clock);
    this.#pino = pino(
      {
        level: options.level,
        base: null,
        messageKey: "event",
        formatters: { level: (label) => ({ level: label }) },
        timestamp: () => `,"time":"${new Date(this.#clock.wallUs() / 1000).toISOString()}"`,
      },
      this.#destination,
    );
  }

  get linesLeftOut(): number {
    return this.#leftOut + this.#destination.linesLost;
  }

  write(level: WrittenLevel, fields: LogFields, event: string): void {
    if (!this.#pino.isLevelEnabled(level)) return;
    this.#report("ended");
    const { source = "", code = "" } = fields;
    const cause = `${event}|${source}|${code}`;
    if (this.#limiter.allows(cause)) {
      this.#pino[level](this.#clean(fields), sanitizeText(event));
      return;
    }
    this.#leftOut++;
    this.#reportLater();
  }

  close(): void {
    this.#reportTimer?.cancel();
    this.#reportTimer = null;
    this.#report("all");
    this.#destination.flush();
  }

  /** The count is told even when its cause never comes again. */
  #reportLater(): void {
    this.#reportTimer ??= this.#clock.schedule(WINDOW_MS, () => {
      this.#reportTimer = null;
      this.#report("ended");
      if (this.#limiter.hasLeftOut) this.#reportLater();
    });
  }

  #report(which: "ended" | "all"): void {
    for (const { cause, count } of this.#limiter.takeLeftOut(which)) {
      const [event = "", source = "", code = ""] = cause.split("|");
      this.#pino.warn(this.#clean({ leftOutEvent: event, source, code, count }), "log_lines_left_out");
    }
  }

  #clean(fields: LogFields): Record<string, LogValue> {
    const clean: Record<string, LogValue> = {};
    let kept = 0;
    for (const [name, value] of Object.entries(fields)) {
      if (kept === FIELDS_MAX) break;
      kept++;
      clean[RESERVED_NAMES.has(name) ? `${name}_` : name] =
        typeof value === "string" ? sanitizeText(this.#redact(value)) : value;
    }
    return clean;
  }
}

class FieldLog implements Log {
  readonly #writer: LogWriter;
  readonly #fields: LogFields;

  constructor(writer: LogWriter, fields: LogFields) {
    this.#writer = writer;
    this.#fields = fields;
  }

  debug(fields: LogFields, event: string): void {
    this.#writer.write("debug", { ...this.#fields, ...fields }, event);
  }

  info(fields: LogFields, event: string): void {
    this.#writer.write("info", { ...this.#fields, ...fields }, event);
  }

  warn(fields: LogFields, event: string): void {
    this.#writer.write("warn", { ...this.#fields, ...fields }, event);
  }

  error(fields: LogFields, event: string): void {
    this.#writer.write("error", { ...this.#fields, ...fields }, event);
  }

  child(fields: LogFields): Log {
    return new FieldLog(this.#writer, { ...this.#fields, ...fields });
  }
}
