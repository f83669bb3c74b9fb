import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DAY_MS = 86_400_000;

/** A certificate and its key, PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** What one certificate says. */
export interface CertificateWish {
  /** `subjectAltName` of OpenSSL; that of this machine when absent. */
  readonly names?: string;
  /** From and until when it is good, days from now. */
  readonly days?: readonly [from: number, until: number];
}

/** An authority of its own for one test, made with OpenSSL, that signs whatever it is asked for. */
export class TestAuthority {
  readonly #folder: string;
  #signed = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes an authority in a folder of its own. */
  static async create(folder: string): Promise<TestAuthority> {
    mkdirSync(folder, { recursive: true });
    const authority = new TestAuthority(folder);
    writeFileSync(join(folder, "index.txt"), "");
    writeFileSync(join(folder, "ca.cnf"), CONFIGURATION);
    await authority.#openssl(...keyArguments("ca.key"));
    const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
    const more = extensions.flatMap((extension) => ["-addext", extension]);
    const request = ["req", "-x509", "-new", "-key", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test"];
    await authority.#openssl(...request, ...more);
    return authority;
  }

  /** Its own certificate: what a client must trust. */
  get file(): string {
    return join(this.#folder, "ca.pem");
  }

  /** {@link TestAuthority.file} as text. */
  get pem(): string {
    return readFileSync(this.file, "utf8");
  }

  /** Signs a new key. Files `<n>.pem` and `<n>.key` hold the same. */
  async sign({ names = "DNS:localhost,IP:127.0.0.1", days = [-1, 1] }: CertificateWish = {}): Promise<CertificatePair> {
    const name = String(++this.#signed);
    const file = (extension: string) => join(this.#folder, `${name}.${extension}`);
    await this.#openssl(...keyArguments(`${name}.key`));
    await this.#openssl("req", "-new", "-key", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    writeFileSync(file("ext"), `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    const [from, until] = days.map((day) => stamp(Date.now() + day * DAY_MS));
    const time = ["-startdate", from, "-enddate", until];
    const paths = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-extfile", `${name}.ext`];
    await this.#openssl("ca", "-batch", "-notext", "-config", "ca.cnf", ...time, ...paths);
    return { cert: readFileSync(file("pem"), "utf8"), key: readFileSync(file("key"), "utf8") };
  }

  async #openssl(...args: string[]): Promise<void> {
    const command = Bun.spawn(["openssl", ...args], { cwd: this.#folder, stdin: "ignore", stderr: "pipe" });
    const [code, complaint] = await Promise.all([command.exited, new Response(command.stderr).text()]);
    if (code !== 0) throw new Error(`Cannot run openssl ${args[0]}: exit code ${code}\n${complaint}`);
  }
}

const CONFIGURATION = `[ca]
default_ca=test
[test]
database=index.txt
new_certs_dir=.
certificate=ca.pem
private_key=ca.key
default_md=sha256
unique_subject=no
policy=any
rand_serial=yes
[any]
commonName=supplied
`;

function keyArguments(file: string): string[] {
  return ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file];
}

/** `20261123001530Z`, as OpenSSL reads it. */
function stamp(timeMs: number): string {
  const digits = new Date(timeMs).toISOString().replaceAll(/\D/g, "");
  return `${digits.slice(0, "YYYYMMDDHHMMSS".length)}Z`;
}
