import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createKafkaCertificates } from "./kafka-certificates.ts";

/** Of the key stores of one test run; they live as long as it does. */
const STORE_PASSWORD = "changeit";

/** What TLS between an LP and its client takes, made afresh for one test run. */
export interface FixCertificates {
  /** PEM of the authority that signed the LP's and the client's certificate. */
  readonly caPem: string;
  readonly clientCertPem: string;
  readonly clientKeyPem: string;
  /** PEM of an authority that signed nothing here. */
  readonly otherCaPem: string;
  /** Settings of a QuickFIX/J acceptor that is `localhost` and 127.0.0.1. */
  readonly acceptorSettings: Readonly<Record<string, string>>;
  /** The same, and it wants to see the client's certificate. */
  readonly mutualSettings: Readonly<Record<string, string>>;
}

/** Makes the certificates and puts the LP's into the stores Java reads. */
export async function createFixCertificates(folder: string): Promise<FixCertificates> {
  const { caFile, otherCaFile, clientCertFile, clientKeyFile } = await createKafkaCertificates(folder);
  const keyStore = join(folder, "lp.p12");
  const trustStore = join(folder, "trust.p12");
  const pair = ["-inkey", join(folder, "broker.key"), "-in", join(folder, "broker.pem"), "-name", "lp"];
  const store = ["-keystore", trustStore, "-storetype", "PKCS12", "-storepass", STORE_PASSWORD];
  await Promise.all([
    run(["openssl", "pkcs12", "-export", ...pair, "-out", keyStore, "-passout", `pass:${STORE_PASSWORD}`]),
    run(["keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", caFile, ...store]),
  ]);
  const acceptorSettings = {
    SocketUseSSL: "Y",
    SocketKeyStore: keyStore,
    SocketKeyStorePassword: STORE_PASSWORD,
    KeyStoreType: "PKCS12",
    SocketTrustStore: trustStore,
    SocketTrustStorePassword: STORE_PASSWORD,
    TrustStoreType: "PKCS12",
  };
  return {
    caPem: readFileSync(caFile, "utf8"),
    otherCaPem: readFileSync(otherCaFile, "utf8"),
    clientCertPem: readFileSync(clientCertFile, "utf8"),
    clientKeyPem: readFileSync(clientKeyFile, "utf8"),
    acceptorSettings,
    mutualSettings: { ...acceptorSettings, NeedClientAuth: "Y" },
  };
}

async function run(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const [exitCode, complaint] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  if (exitCode !== 0) throw new Error(`Cannot run ${command[0]}: exit code ${exitCode}\n${complaint}`);
}
