import type { LineDestination } from "./line-destination.ts";

/** `2026-11-23T02:22:30.392Z`: the part people read, to the millisecond. */
const TIME_OF_DAY = { from: 11, to: 23 };
const LEVEL_COLOURS: Readonly<Record<string, string>> = { debug: "2", info: "32", warn: "33", error: "31;1" };
const LEVEL_WIDTH = 5;
const EVENT_WIDTH = 22;

/** Turns the JSON lines of the log into lines for people: time of day, level, event, and the fields that say something. */
export class ReadableLines {
  readonly #destination: Pick<LineDestination, "write" | "flush" | "linesLost">;

  constructor(destination: Pick<LineDestination, "write" | "flush" | "linesLost">) {
    this.#destination = destination;
  }

  /** Lines that could not be written since the program began. */
  get linesLost(): number {
    return this.#destination.linesLost;
  }

  /** Takes one line as pino makes it. */
  write(line: string): void {
    this.#destination.write(`${readable(JSON.parse(line))}\n`);
  }

  /** Writes what waits. */
  flush(): void {
    this.#destination.flush();
  }
}

function readable({ level, time, event, ...fields }: Record<string, unknown>): string {
  const name = String(level);
  const colour = LEVEL_COLOURS[name] ?? "0";
  const parts = [
    dim(String(time).slice(TIME_OF_DAY.from, TIME_OF_DAY.to)),
    `\u001b[${colour}m${name.padEnd(LEVEL_WIDTH)}\u001b[0m`,
    String(event).padEnd(EVENT_WIDTH),
  ];
  for (const [field, value] of Object.entries(fields)) {
    // Zeros and empty texts are there for programs.
    if (value === 0 || value === "" || value === null) continue;
    parts.push(`${dim(`${field}=`)}${typeof value === "string" ? quoted(value) : JSON.stringify(value)}`);
  }
  return parts.join(" ");
}

function quoted(text: string): string {
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}

function dim(text: string): string {
  return `\u001b[2m${text}\u001b[0m`;
}
