import { readFileSync } from "node:fs";
import type { Clock } from "../runtime/clock.ts";

/** The running instance answers within this, or counts as not there, ms. */
const ANSWER_LIMIT_MS = 5000;
const DEFAULT_PORT = "9464";

/** How the admin server of a running instance is reached. */
export interface AdminEndpoint {
  /** Without path. */
  readonly url: string;
  readonly token: string | null;
  /** PEM: whom to trust, and who we are; null: the authorities built in, and nobody. */
  readonly ca: string | null;
  readonly identity: { readonly cert: string; readonly key: string } | null;
}

/** What the command line says of it. */
export interface AdminEndpointWords {
  readonly url?: string | undefined;
  readonly "token-file"?: string | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Options of a command that asks the running instance. */
export const ADMIN_ENDPOINT_OPTIONS = {
  url: { type: "string" },
  "token-file": { type: "string" },
  ca: { type: "string" },
  cert: { type: "string" },
  key: { type: "string" },
} as const;

/**
 * The endpoint as options and environment name it: the same variables as the service's own. The rest of the configuration is
 * not looked at, as the service has another environment than who asks.
 *
 * @returns a text that says what is wrong
 */
export function findAdminEndpoint(
  words: AdminEndpointWords,
  env: Readonly<Record<string, string | undefined>>,
): AdminEndpoint | string {
  const url = words.url ?? urlOf(env);
  if (!/^https?:\/\/[^/?#]+\/?$/i.test(url) || !URL.canParse(url)) {
    return `Cannot ask '${url}': it must be an http:// or https:// URL without a path`;
  }
  if ((words.cert === undefined) !== (words.key === undefined)) {
    return "Cannot show a certificate without its key: --cert and --key come together";
  }
  try {
    const { cert, key } = words;
    return {
      url: url.replace(/\/$/, ""),
      token: readToken(words["token-file"] ?? env["ADMIN_TOKEN_FILE"] ?? null, env["ADMIN_TOKEN"] ?? null),
      ca: words.ca === undefined ? null : readFileSync(words.ca, "utf8"),
      identity:
        cert === undefined || key === undefined
          ? null
          : { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") },
    };
  } catch (error) {
    return `Cannot read a file of the options: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** One page as JSON, whatever the status; null with the reason when there is none. */
export async function askAdmin(
  endpoint: AdminEndpoint,
  path: string,
  clock: Clock,
): Promise<{ readonly body: unknown; readonly problem: string }> {
  const limit = new AbortController();
  const timer = clock.schedule(ANSWER_LIMIT_MS, () => limit.abort());
  const { url, token, ca, identity } = endpoint;
  try {
    const response = await fetch(url + path, {
      headers: token === null ? {} : { Authorization: `Bearer ${token}` },
      redirect: "error",
      signal: limit.signal,
      tls: { rejectUnauthorized: true, ...(ca === null ? {} : { ca }), ...identity },
    });
    if (response.status === 401) return { body: null, problem: `${url} wants a token: give it with --token-file` };
    return { body: await response.json(), problem: "" };
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const why = limit.signal.aborted ? `no answer within ${ANSWER_LIMIT_MS} ms` : String(code ?? error);
    return { body: null, problem: `Cannot reach a running instance at ${url}: ${why}` };
  } finally {
    timer.cancel();
  }
}

function urlOf(env: Readonly<Record<string, string | undefined>>): string {
  const host = env["ADMIN_HOST"] ?? "127.0.0.1";
  // An address that means all of this machine's is none to connect to.
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const scheme = env["ADMIN_TLS"]?.toLowerCase() === "true" ? "https" : "http";
  return `${scheme}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${env["ADMIN_PORT"] ?? DEFAULT_PORT}`;
}

/** The token alone, or that of the first `name:token` line as the service's own file has them. */
function readToken(path: string | null, text: string | null): string | null {
  const all = path === null ? text : readFileSync(path, "utf8");
  const line = all
    ?.split("\n")
    .find((one) => one.trim() !== "")
    ?.trim();
  return line === undefined ? null : line.slice(line.indexOf(":") + 1);
}
