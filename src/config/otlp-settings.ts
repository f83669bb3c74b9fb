import type { OtlpConfig } from "./config.ts";
import { isLoopback } from "./loopback.ts";
import { OTLP_VARIABLES } from "./otlp-variables.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem } from "./problems.ts";
import { Secret } from "./secret.ts";
import { parseSection, type SectionContext } from "./section.ts";

const HEADERS_MAX = 16;
/** A token of RFC 9110, then visible text. */
const HEADER = /^([!#$%&'*+.^_`|~A-Za-z0-9-]{1,100})=([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/;

/** The OTLP section read; `otlp` is null when nothing is to be exported, undefined when a variable is not well-formed. */
export interface OtlpSettings {
  readonly otlp: OtlpConfig | null | undefined;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** Checks the OTLP_ variables. */
export function readOtlp(context: SectionContext): OtlpSettings {
  const { values, partial, problems } = parseSection(OTLP_VARIABLES, "", context);
  const url = partial.OTLP_METRICS_URL;
  const headers = parseHeaders(partial.OTLP_HEADERS?.reveal() ?? "");
  const found = [...problems];
  const warnings: ConfigWarning[] = [];
  if (headers === null) found.push(headersProblem());
  if (!context.texts.has("OTLP_METRICS_URL") && context.texts.has("OTLP_HEADERS")) {
    warnings.push({ variable: "OTLP_HEADERS", message: "OTLP_HEADERS has no effect: OTLP_METRICS_URL is not set" });
  }
  if (url !== undefined && headers !== null && headers.size > 0 && isOpen(url)) {
    const message = "OTLP_METRICS_URL is not encrypted: OTLP_HEADERS can be read on the way";
    warnings.push({ variable: "OTLP_METRICS_URL", message });
  }
  if (values === null || headers === null) return { otlp: undefined, problems: found, warnings };
  const otlp = url === undefined ? null : { url, intervalMs: values.OTLP_INTERVAL_MS, headers };
  return { otlp, problems: found, warnings };
}

/** Null when a part is no `name=value`, or a name stands twice. */
function parseHeaders(text: string): Map<string, Secret> | null {
  const headers = new Map<string, Secret>();
  for (const part of text.split(/[\n,]/).map((one) => one.trim())) {
    if (part === "") continue;
    const [, name = "", value = ""] = HEADER.exec(part) ?? [];
    if (name === "" || headers.has(name.toLowerCase())) return null;
    headers.set(name.toLowerCase(), new Secret(value));
  }
  return headers.size > HEADERS_MAX ? null : headers;
}

function isOpen(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !isLoopback(hostname.replace(/^\[|\]$/g, ""));
}

function headersProblem(): ConfigProblem {
  const wanted = `hold up to ${HEADERS_MAX} headers name=value, one a line or with commas between, none twice`;
  return stateProblem("OTLP_HEADERS", wanted, "it holds something else");
}
