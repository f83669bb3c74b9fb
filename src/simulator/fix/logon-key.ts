import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { mixSeed } from "../seeded-random.ts";

/** PKCS 8 around the 32 bytes of an Ed25519 key (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const KEY_WORDS = 8;

/** The key pair of a client whose logons are signed. */
export interface LogonKey {
  /** PEM, PKCS 8. */
  readonly privatePem: string;
  readonly publicKey: KeyObject;
}

/** An Ed25519 key pair that the seed fixes: for a loopback LP, worth nothing elsewhere. */
export function createLogonKey(seed: number): LogonKey {
  const secret = Buffer.alloc(KEY_WORDS * 4);
  for (let word = 0; word < KEY_WORDS; word++) secret.writeUInt32BE(mixSeed(seed, `logon key ${word}`), word * 4);
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: "der", type: "pkcs8" });
  return {
    privatePem: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    publicKey: createPublicKey(privateKey),
  };
}
