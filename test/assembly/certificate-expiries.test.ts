import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificateExpiries } from "../../src/assembly/certificate-expiries.ts";
import { configOf } from "../config/fixtures.ts";
import { TestAuthority } from "../harness/tls-certificates.ts";

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), "edge-ingester-expiries-"));
let authority: TestAuthority;

beforeAll(async () => {
  authority = await TestAuthority.create(folder);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The days from now in which each file runs out, as far as these variables name it. */
function daysByFile(env: Record<string, string>): Record<string, number> {
  const paths = Object.values(env).filter((value) => value.startsWith(folder));
  const files = Object.fromEntries(paths.map((path) => [path, { text: readFileSync(path, "utf8"), mode: 0o600 }]));
  const expiries = certificateExpiries(configOf({ KAFKA_BROKERS: "broker:9092", ...env }, files));
  return Object.fromEntries(
    expiries.map(({ file, notAfterMs }) => [file, Math.round((notAfterMs - Date.now()) / DAY_MS)]),
  );
}

test("certificateExpiries() tells of every file once, by the first certificate in it that runs out", async () => {
  const [long, short] = [await authority.sign({ days: [-1, 9] }), await authority.sign({ days: [-1, 5] })];
  const chain = join(folder, "chain.pem");
  const key = join(folder, "chain.key");
  writeFileSync(chain, `${long.cert}${short.cert}`);
  writeFileSync(key, long.key, { mode: 0o600 });
  const kafka = { KAFKA_TLS: "true", KAFKA_TLS_CERT_FILE: chain, KAFKA_TLS_KEY_FILE: key };
  expect(daysByFile({ ...kafka, KAFKA_TLS_CA_FILE: authority.file })).toEqual({ [authority.file]: 2, [chain]: 5 });
});

test("certificateExpiries() says nothing of what cannot be read, or is not there", () => {
  const file = join(folder, "no.pem");
  writeFileSync(file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  expect(daysByFile({ KAFKA_TLS: "true", KAFKA_TLS_CA_FILE: file })).toEqual({});
  expect(daysByFile({})).toEqual({});
});
