import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One line of a definition. */
export type Step =
  /** The tester connects. */
  | { readonly kind: "connect" }
  /** The tester sends this: `<TIME±n>` stands for a time, 9 and 10 may be missing. */
  | { readonly kind: "send"; readonly text: string }
  /** The engine under test answers this. */
  | { readonly kind: "expect"; readonly text: string }
  /** The engine under test closes the connection. */
  | { readonly kind: "disconnect" }
  /** A step of one of several connections (`i2,CONNECT`, `I2,8=…`). */
  | { readonly kind: "several connections" };

/** One of the public QuickFIX acceptance definitions (`test/definitions/server/fix44`). */
export interface Definition {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Reads every definition of a folder, by name. */
export function readDefinitions(folder: string): Definition[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".def"));
  return files.sort().map((file) => {
    // The texts are ASCII, garbled messages included.
    const lines = readFileSync(join(folder, file), "latin1").split(/\r?\n/);
    return { name: file.replace(/\.def$/, ""), steps: lines.flatMap((line) => readStep(line, file)) };
  });
}

function readStep(line: string, file: string): Step[] {
  if (line === "" || line.startsWith("#")) return [];
  if (/^[iIeE]\d+,/.test(line)) return [{ kind: "several connections" }];
  if (line === "iCONNECT") return [{ kind: "connect" }];
  if (line === "eDISCONNECT") return [{ kind: "disconnect" }];
  if (line.startsWith("I")) return [{ kind: "send", text: line.slice(1) }];
  if (line.startsWith("E")) return [{ kind: "expect", text: line.slice(1) }];
  if (line.trim() === "") return [];
  throw new Error(`Cannot read a line of ${file}: '${line}'`);
}
