import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** How long the certificates of one test run are good. */
const VALID_DAYS = 2;

/** PEM files of one test run, made afresh, so that nothing secret lies in the repository and nothing runs out. */
export interface KafkaCertificates {
  /** The authority that signed the broker's and the client's certificate. */
  readonly caFile: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  /** An authority that signed nothing here: trusting it must make the handshake fail. */
  readonly otherCaFile: string;
  /** The broker's key and certificate in one file, for Kafka alone. */
  readonly brokerKeystoreFile: string;
}

/** Makes an authority, a broker certificate for localhost and 127.0.0.1, a client certificate and a wrong authority. */
export async function createKafkaCertificates(folder: string): Promise<KafkaCertificates> {
  mkdirSync(folder, { recursive: true });
  await Promise.all([createAuthority(folder, "ca"), createAuthority(folder, "other-ca")]);
  await Promise.all([
    createSigned(folder, "broker", "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth"),
    createSigned(folder, "client", "extendedKeyUsage=clientAuth"),
  ]);
  const brokerKeystoreFile = join(folder, "broker-keystore.pem");
  writeFileSync(brokerKeystoreFile, readFileSync(join(folder, "broker.key")), { mode: 0o600 });
  appendFileSync(brokerKeystoreFile, readFileSync(join(folder, "broker.pem")));
  return {
    caFile: join(folder, "ca.pem"),
    clientCertFile: join(folder, "client.pem"),
    clientKeyFile: join(folder, "client.key"),
    otherCaFile: join(folder, "other-ca.pem"),
    brokerKeystoreFile,
  };
}

async function createAuthority(folder: string, name: string): Promise<void> {
  await createKey(folder, name);
  await openssl(folder, [
    ...["req", "-x509", "-new", "-key", `${name}.key`, "-out", `${name}.pem`, "-days", String(VALID_DAYS)],
    ...["-subj", `/CN=edge-ingester test ${name}`],
    ...["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
  ]);
}

async function createSigned(folder: string, name: string, extensions: string): Promise<void> {
  await createKey(folder, name);
  writeFileSync(join(folder, `${name}.ext`), `${extensions}\n`);
  await openssl(folder, ["req", "-new", "-key", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`]);
  await openssl(folder, [
    ...["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-out", `${name}.pem`],
    ...["-set_serial", name === "broker" ? "1001" : "1002", "-days", String(VALID_DAYS), "-extfile", `${name}.ext`],
  ]);
}

async function createKey(folder: string, name: string): Promise<void> {
  await openssl(folder, [
    ...["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", `${name}.key`],
  ]);
}

async function openssl(folder: string, args: readonly string[]): Promise<void> {
  const process = Bun.spawn(["openssl", ...args], { cwd: folder, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const [exitCode, complaint] = await Promise.all([process.exited, new Response(process.stderr).text()]);
  if (exitCode !== 0) throw new Error(`Cannot run openssl ${args[0]}: exit code ${exitCode}\n${complaint}`);
}
