import { type ConfigProblem, stateProblem } from "./problems.ts";

/** A variable of the runtime that this program refuses. */
interface RefusedVariable {
  readonly name: RegExp;
  readonly why: string;
  isHarmless(value: string): boolean;
}

/**
 * Variables of Bun and Node that change what the executable does before it reads its configuration: other code is run
 * in it, certificates go unchecked, or secrets are printed. A service that has them set by mistake must not start quietly.
 */
const REFUSED: readonly RefusedVariable[] = [
  { name: /^BUN_OPTIONS$/, why: "it can load other code into the program", isHarmless: isBlank },
  { name: /^BUN_INSPECT_PRELOAD$/, why: "it loads other code into the program", isHarmless: isBlank },
  { name: /^BUN_INSPECT(?!_PRELOAD$)/, why: "it opens a debugger", isHarmless: isBlank },
  { name: /^BUN_CONFIG_VERBOSE_FETCH$/, why: "it prints requests with the secrets in them", isHarmless: isOff },
  { name: /^BUN_ENABLE_CRASH_REPORTING$/, why: "it has crash reports sent to a third party", isHarmless: isOff },
  { name: /^BUN_CRASH_REPORT_URL$/, why: "it has crash reports sent to a third party", isHarmless: isBlank },
  {
    name: /^NODE_TLS_REJECT_UNAUTHORIZED$/,
    why: "it turns certificate checks off",
    isHarmless: (value) => value !== "0",
  },
];

/** Problems with variables that the runtime obeys and this program refuses; their values are never shown. */
export function findRefusedVariables(env: Readonly<Record<string, string | undefined>>): ConfigProblem[] {
  return REFUSED.flatMap(({ name, why, isHarmless }) =>
    Object.keys(env)
      .filter((variable) => name.test(variable) && !isHarmless(env[variable] ?? ""))
      .sort()
      .map((variable) => stateProblem(variable, "be unset", why)),
  );
}

function isBlank(value: string): boolean {
  return value.trim() === "";
}

function isOff(value: string): boolean {
  return isBlank(value) || value === "0" || value === "false";
}
