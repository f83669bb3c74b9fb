import { readCode } from "./code-text.ts";
import { type Breach, lineAt, type ProjectFile } from "./project-files.ts";

/** One way by which time, chance, environment or the end of the process gets in, and the only files that may use it. */
interface Seam {
  readonly words: RegExp;
  readonly allowed: readonly string[];
}

const CLOCK = "src/runtime/system-clock.ts";
const MAIN = "src/main.ts";
/** The clock and the chance of the page in the browser. */
const BROWSER = "src/telemetry/dashboard/page/browser-clock.ts";

const SEAMS: readonly Seam[] = [
  {
    words: /\b(?:Date\.now|new Date\(\)|performance\.now|process\.hrtime|Bun\.nanoseconds)/g,
    allowed: [CLOCK, BROWSER],
  },
  {
    words: /\b(?:setTimeout|setInterval|setImmediate|Bun\.sleep|Bun\.sleepSync|AbortSignal\.timeout)\b/g,
    allowed: [CLOCK, BROWSER],
  },
  { words: /\b(?:Math\.random|randomUUID|randomBytes|randomInt|getRandomValues)\b/g, allowed: [CLOCK, MAIN, BROWSER] },
  { words: /\b(?:process\.env|Bun\.env|import\.meta\.env)\b/g, allowed: [MAIN] },
  { words: /\bprocess\.(?:exit|exitCode|abort|kill)\b/g, allowed: [MAIN] },
];

/** The places of one file of `src` where the outside gets in by the wrong door. */
export function checkSeams(file: ProjectFile): Breach[] {
  const { code } = readCode(file.text);
  const breaches: Breach[] = [];
  for (const seam of SEAMS) {
    if (seam.allowed.includes(file.path)) continue;
    for (const match of code.matchAll(seam.words)) {
      const rule = `uses ${match[0]}: only ${seam.allowed.join(" and ")} may`;
      breaches.push({ path: file.path, line: lineAt(file.text, match.index), rule });
    }
  }
  return breaches;
}
