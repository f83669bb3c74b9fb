import { IngestError } from "../domain/ingest-error.ts";

/** Highest seed taken: seeds are 31 bits so that they are easy to copy. */
const MAX_SEED = 0x7fff_ffff;

/** Reads `--name value`, `--name=value` and `--flag` and gathers every problem, so that all are told at once. */
export class ArgumentReader {
  readonly #values = new Map<string, string[]>();
  readonly #flags = new Set<string>();
  readonly #problems: string[] = [];
  readonly #command: string;

  /** @param names options that take a value, and flags that take none; without the dashes */
  constructor(
    command: string,
    argv: readonly string[],
    names: { values: readonly string[]; flags: readonly string[] },
  ) {
    this.#command = command;
    for (let i = 0; i < argv.length; i++) {
      const match = /^--([a-z][a-z-]*)(?:=(.*))?$/s.exec(argv[i]);
      const name = match?.[1] ?? "";
      if (names.flags.includes(name) && match?.[2] === undefined) {
        this.#flags.add(name);
        continue;
      }
      if (!names.values.includes(name)) {
        const known = [...names.values, ...names.flags].map((each) => `--${each}`).join(", ");
        this.#problems.push(`there is no option '${argv[i]}': wanted ${known}`);
        continue;
      }
      const value = match?.[2] ?? argv[++i];
      if (value === undefined || value === "") this.#problems.push(`--${name} wants a value`);
      else this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
    }
  }

  hasFlag(name: string): boolean {
    return this.#flags.has(name);
  }

  /** The last value given; null when none. */
  text(name: string): string | null {
    return this.#values.get(name)?.at(-1) ?? null;
  }

  /** All values given, each split at commas. */
  list(name: string): string[] {
    return (this.#values.get(name) ?? []).flatMap((value) => value.split(",").filter((item) => item !== ""));
  }

  /** A number within bounds; null when not given. */
  number(name: string, bounds: { above: number; max: number; isWhole?: boolean }): number | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = Number(text);
    const isGood = value > bounds.above && value <= bounds.max && (bounds.isWhole !== true || Number.isInteger(value));
    if (isGood) return value;
    const kind = bounds.isWhole === true ? "a whole number" : "a number";
    this.#problems.push(`--${name} must be ${kind} above ${bounds.above} and at most ${bounds.max}: it is '${text}'`);
    return null;
  }

  /** `full`, or a number within bounds; null when not given. */
  numberOrFull(name: string, bounds: { above: number; max: number }): number | "full" | null {
    return this.text(name) === "full" ? "full" : this.number(name, bounds);
  }

  /** The seed given, else one drawn by chance. */
  seed(draw: () => number): number {
    return this.number("seed", { above: -1, max: MAX_SEED, isWhole: true }) ?? Math.floor(draw() * MAX_SEED);
  }

  reject(problem: string): void {
    this.#problems.push(problem);
  }

  /** @throws IngestError `config_invalid` that names every problem found */
  finish(): void {
    if (this.#problems.length === 0) return;
    throw new IngestError(`Cannot run ${this.#command}: ${this.#problems.join("; ")}`, {
      code: "config_invalid",
      retry: "never",
    });
  }
}
