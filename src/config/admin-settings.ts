import { ADMIN_VARIABLES } from "./admin-variables.ts";
import type { AdminConfig, AdminToken } from "./config.ts";
import { isLoopback } from "./loopback.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem, valueProblem } from "./problems.ts";
import { Secret } from "./secret.ts";
import { parseSection, type SectionContext } from "./section.ts";
import { readTlsFiles } from "./tls-files.ts";

/** Tokens there may be: one per person or tool. */
const TOKENS_MAX = 64;
const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
/** No blank, no control character, long enough not to be guessed over the network. */
const TOKEN = /^[\x21-\x7e]{16,256}$/;

/** The admin section read; `admin` is null when its variables are not well-formed. */
export interface AdminSettings {
  readonly admin: AdminConfig | null;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** Checks the ADMIN_ variables, reads the certificates, and sees that nobody unknown can change anything. */
export function readAdmin(context: SectionContext): AdminSettings {
  const { values, partial, problems } = parseSection(ADMIN_VARIABLES, "", context);
  const files = readTlsFiles(
    {
      flag: { variable: "ADMIN_TLS", word: "true" },
      isOn: partial.ADMIN_TLS,
      ca: { variable: "ADMIN_TLS_CLIENT_CA_FILE", path: partial.ADMIN_TLS_CLIENT_CA_FILE },
      certificate: { variable: "ADMIN_TLS_CERT_FILE", path: partial.ADMIN_TLS_CERT_FILE },
      key: { variable: "ADMIN_TLS_KEY_FILE", path: partial.ADMIN_TLS_KEY_FILE },
      others: [],
    },
    context,
  );
  const tokens = partial.ADMIN_TOKEN === undefined ? [] : parseAdminTokens(partial.ADMIN_TOKEN.reveal());
  const found = [...problems, ...files.problems];
  if (partial.ADMIN_TLS === true && !context.texts.has("ADMIN_TLS_CERT_FILE")) {
    found.push(stateProblem("ADMIN_TLS_CERT_FILE", "be set when ADMIN_TLS is true", "it is not set"));
  }
  if (tokens === null) found.push(tokenProblem());
  const isGuarded = partial.ADMIN_TOKEN !== undefined || context.texts.has("ADMIN_TLS_CLIENT_CA_FILE");
  const host = partial.ADMIN_HOST;
  if (host !== undefined && !isLoopback(host) && !isGuarded) found.push(openProblem(host));
  const warnings = [...files.warnings];
  if (host !== undefined && !isLoopback(host) && partial.ADMIN_TLS === false) {
    const message = "ADMIN_HOST is not loopback and ADMIN_TLS is false: the token and the pages travel unencrypted";
    warnings.push({ variable: "ADMIN_HOST", message });
  }
  const identity = files.tls?.client ?? null;
  const admin: AdminConfig | null =
    values === null || tokens === null
      ? null
      : {
          host: values.ADMIN_HOST,
          port: values.ADMIN_PORT,
          tokens,
          tls: identity === null ? null : { ...identity, clientCa: files.tls?.ca ?? null },
        };
  return { admin, problems: found, warnings };
}

/** The tokens of a text with one `name:token` per line; null when a line is another, or a name or token stands twice. */
function parseAdminTokens(text: string): AdminToken[] | null {
  const lines = text.split("\n").map((line) => line.trim());
  const tokens: AdminToken[] = [];
  const seen = new Set<string>();
  for (const line of lines.filter((one) => one !== "")) {
    const colonAt = line.indexOf(":");
    const [name, token] = [line.slice(0, Math.max(0, colonAt)), line.slice(colonAt + 1)];
    if (!TOKEN_NAME.test(name) || !TOKEN.test(token) || seen.has(name) || seen.has(`:${token}`)) return null;
    seen.add(name).add(`:${token}`);
    tokens.push({ name, token: new Secret(token) });
  }
  return tokens.length === 0 || tokens.length > TOKENS_MAX ? null : tokens;
}

function tokenProblem(): ConfigProblem {
  const wanted =
    `hold 1 to ${TOKENS_MAX} lines name:token, each name of letters, digits, ".", "_", "@" or "-", each token of 16 to 256 ` +
    "printable characters without blanks, none twice";
  return stateProblem("ADMIN_TOKEN", wanted, "it holds something else");
}

function openProblem(host: string): ConfigProblem {
  return valueProblem(
    "ADMIN_HOST",
    { text: host, display: "plain" },
    "be loopback unless ADMIN_TOKEN or ADMIN_TLS_CLIENT_CA_FILE is set",
    "set ADMIN_TOKEN_FILE, as feeds can be stopped through the admin server",
  );
}
