import type { CertificateFile, TlsConfig, VenueTlsConfig } from "./config.ts";
import { type ConfigFile, describeReadError } from "./config-file.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem } from "./problems.ts";
import { quote } from "./redact.ts";
import { Secret } from "./secret.ts";
import { groupFileWarning, openFileProblem } from "./secret-file-mode.ts";
import type { SectionContext } from "./section.ts";

/** The variables of one peer's TLS, whole names, with the values of those that are well-formed. */
export interface TlsVariables {
  /** The one that turns TLS on, and the assignment that does. */
  readonly flag: { readonly variable: string; readonly word: string };
  /** Undefined when the flag is not well-formed. */
  readonly isOn: boolean | undefined;
  readonly ca: TlsFileVariable;
  readonly certificate: TlsFileVariable;
  readonly key: TlsFileVariable;
  /** Others that say nothing without TLS. */
  readonly others: readonly string[];
}

/** A variable that names a file. */
export interface TlsFileVariable {
  readonly variable: string;
  readonly path: string | undefined;
}

/** The files read; `tls` is null when TLS is off. */
export interface TlsFiles {
  readonly tls: TlsConfig | null;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** Reads the PEM files and sees that they make sense together. */
export function readTlsFiles(variables: TlsVariables, context: SectionContext): TlsFiles {
  const { flag, isOn } = variables;
  const problems: ConfigProblem[] = [];
  if (isOn === false) {
    const files = [variables.ca, variables.certificate, variables.key].map(({ variable }) => variable);
    for (const variable of [...files, ...variables.others].filter((name) => context.texts.has(name))) {
      const wanted = `not be set unless ${flag.variable} is ${flag.word}`;
      problems.push(stateProblem(variable, wanted, "it is set", `set ${flag.variable}=${flag.word}`));
    }
  }
  problems.push(...checkPair(variables, context));
  const reader = new PemReader(context, problems);
  const ca = reader.read(variables.ca, "CERTIFICATE");
  const certificate = reader.read(variables.certificate, "CERTIFICATE");
  const key = reader.read(variables.key, "PRIVATE KEY");
  if (isOn !== true) return { tls: null, problems, warnings: reader.warnings };
  const client =
    certificate === null || key === null ? null : { certificate, key: { path: key.path, pem: new Secret(key.pem) } };
  return { tls: { ca, client }, problems, warnings: reader.warnings };
}

/** The well-formed values of a feed's `TLS` variables. */
export interface FeedTlsValues {
  readonly TLS?: "on" | "off" | undefined;
  readonly TLS_CA_FILE?: string | undefined;
  readonly TLS_CERT_FILE?: string | undefined;
  readonly TLS_KEY_FILE?: string | undefined;
  readonly TLS_SERVER_NAME?: string | undefined;
}

/** What came of a feed's `TLS` variables; `tls` is null when TLS is off. */
export interface FeedTls {
  readonly tls: VenueTlsConfig | null;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** Reads TLS towards the venue of one feed; `prefix` is what the feed's variables begin with. */
export function readFeedTls(prefix: string, values: FeedTlsValues, context: SectionContext): FeedTls {
  const { tls, problems, warnings } = readTlsFiles(
    {
      flag: { variable: `${prefix}TLS`, word: "on" },
      isOn: values.TLS === undefined ? undefined : values.TLS === "on",
      ca: { variable: `${prefix}TLS_CA_FILE`, path: values.TLS_CA_FILE },
      certificate: { variable: `${prefix}TLS_CERT_FILE`, path: values.TLS_CERT_FILE },
      key: { variable: `${prefix}TLS_KEY_FILE`, path: values.TLS_KEY_FILE },
      others: [`${prefix}TLS_SERVER_NAME`],
    },
    context,
  );
  return { tls: tls === null ? null : { ...tls, serverName: values.TLS_SERVER_NAME ?? null }, problems, warnings };
}

/** Reads the file of the authorities to trust, where TLS is not a matter of a variable: `ca` is null when none is named. */
export function readAuthorities(
  file: TlsFileVariable,
  context: SectionContext,
): { readonly ca: CertificateFile | null; readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const ca = new PemReader(context, problems).read(file, "CERTIFICATE");
  return { ca, problems };
}

/** Certificate and key come together or not at all. */
function checkPair({ certificate, key }: TlsVariables, context: SectionContext): ConfigProblem[] {
  const hasCertificate = context.texts.has(certificate.variable);
  const hasKey = context.texts.has(key.variable);
  if (hasCertificate === hasKey) return [];
  const [missing, given] = hasCertificate ? [key, certificate] : [certificate, key];
  return [stateProblem(missing.variable, `be set together with ${given.variable}`, "it is not set")];
}

/** Reads PEM files and gathers what is wrong with them. Knows no cryptography: that a marker is there is enough here. */
class PemReader {
  readonly warnings: ConfigWarning[] = [];
  readonly #context: SectionContext;
  readonly #problems: ConfigProblem[];

  constructor(context: SectionContext, problems: ConfigProblem[]) {
    this.#context = context;
    this.#problems = problems;
  }

  read({ variable, path }: TlsFileVariable, label: "CERTIFICATE" | "PRIVATE KEY"): CertificateFile | null {
    if (path === undefined) return null;
    const wanted = `name a PEM file with a ${label.toLowerCase()}`;
    try {
      const file = this.#context.readFile(path);
      if (!new RegExp(`-----BEGIN [A-Z ]*${label}-----`).test(file.text)) {
        this.#problems.push(stateProblem(variable, wanted, `there is none in ${quote(path)}`));
        return null;
      }
      if (label === "PRIVATE KEY" && !this.#isKeySafe(variable, file)) return null;
      return { path, pem: file.text };
    } catch (error) {
      this.#problems.push(stateProblem(variable, wanted, `${describeReadError(error)} at ${quote(path)}`));
      return null;
    }
  }

  #isKeySafe(variable: string, file: ConfigFile): boolean {
    const problem = openFileProblem(variable, file);
    const warning = groupFileWarning(variable, file);
    if (problem !== null) this.#problems.push(problem);
    else if (warning !== null) this.warnings.push(warning);
    return problem === null;
  }
}
