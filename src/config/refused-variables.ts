import { type ConfigProblem, stateProblem } from "./problems.ts";

/**
 * Variables of Bun and Node that change what the executable does before it reads its configuration: other code is run
 * in it, or certificates go unchecked. A service that has them set by mistake must not start quietly.
 */
const REFUSED: readonly { readonly name: string; readonly why: string; isHarmless(value: string): boolean }[] = [
  { name: "BUN_OPTIONS", why: "it can load other code into the program", isHarmless: (value) => value.trim() === "" },
  { name: "BUN_INSPECT", why: "it opens a debugger", isHarmless: (value) => value === "" },
  { name: "BUN_INSPECT_PRELOAD", why: "it loads other code into the program", isHarmless: (value) => value === "" },
  {
    name: "NODE_TLS_REJECT_UNAUTHORIZED",
    why: "it turns certificate checks off",
    isHarmless: (value) => value !== "0",
  },
];

/** Problems with variables that the runtime obeys and this program refuses; their values are never shown. */
export function findRefusedVariables(env: Readonly<Record<string, string | undefined>>): ConfigProblem[] {
  return REFUSED.filter(({ name, isHarmless }) => !isHarmless(env[name] ?? "")).map(({ name, why }) =>
    stateProblem(name, "be unset", why),
  );
}
