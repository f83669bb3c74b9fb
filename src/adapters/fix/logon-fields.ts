import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { IngestError } from "../../domain/ingest-error.ts";
import type { CompiledFixVenue, FixField, FixLogonRules } from "../../venues/compiled-fix-venue.ts";
import type { FixIdentity } from "./engine/fix-engine.ts";

/** What the values of a signed logon are joined by. */
const SOH = "\u0001";

/** What a feed proves itself with; the password is asked for when it is needed and kept by nobody. */
export interface FixCredentials {
  /** Username (553); null = not sent. */
  readonly username: string | null;
  /** Password (554), or the private key that signs the logon; null = none. */
  readonly password: () => string | null;
}

/** What the header of the Logon says, as far as it may be signed. */
export interface LogonHeader {
  readonly sequence: number;
  readonly sendingTime: string;
}

/** What the fields of a Logon are made from. */
export interface LogonFieldsOptions {
  /** Of the feed, for errors. */
  readonly name: string;
  readonly venue: CompiledFixVenue;
  readonly identity: FixIdentity;
  readonly heartbeatS: number;
  readonly credentials: FixCredentials;
}

/**
 * Makes what gives a Logon its fields behind 98, 108 and 141: 553 with 554, or with the signature in 95 and 96, then the
 * profile's own.
 *
 * @throws IngestError when the venue wants a signature and the key cannot sign; no error ever holds a secret
 */
export function createLogonFields(options: LogonFieldsOptions): (header: LogonHeader) => readonly FixField[] {
  const { venue, credentials } = options;
  const { signature } = venue.logon;
  const username: readonly FixField[] = credentials.username === null ? [] : [[553, credentials.username]];
  if (signature === null) {
    return () => {
      const password = credentials.password();
      const secret: readonly FixField[] = password === null ? [] : [[554, password]];
      return [...username, ...secret, ...venue.logon.fields];
    };
  }
  const key = signingKey(options);
  const signed = signature.tags.map((tag) => signedValue(tag, options));
  return (header) => {
    const text = signed.map((read) => read(header)).join(SOH);
    const rawData = sign(null, Buffer.from(text, "latin1"), key).toString("base64");
    return [...username, [95, String(rawData.length)], [96, rawData], ...venue.logon.fields];
  };
}

function signingKey({ name, credentials }: LogonFieldsOptions): KeyObject {
  const pem = credentials.password();
  if (pem === null) throw keyError(name, "there is none");
  const key = parseKey(pem);
  if (key === null) throw keyError(name, "it is no private key in PEM (PKCS 8)");
  if (key.asymmetricKeyType !== "ed25519") throw keyError(name, `it is of the type ${key.asymmetricKeyType}`);
  return key;
}

/** Null when it is no key. The library's complaint is dropped: nothing of the key may reach a log, not even that way. */
function parseKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey({ key: pem, format: "pem" });
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}

/** The value of one signed tag of the Logon. */
function signedValue(tag: number, options: LogonFieldsOptions): (header: LogonHeader) => string {
  const { venue, identity } = options;
  if (tag === 34) return (header) => String(header.sequence);
  if (tag === 52) return (header) => header.sendingTime;
  const value = constantValue(tag, options) ?? fieldValue(venue.logon, tag);
  if (value === null) {
    throw new IngestError(
      `Cannot sign the logon of "${options.name}": the profile "${venue.name}" signs tag ${tag}, which is not sent`,
      { code: "config_invalid", retry: "never", context: { tag, sender: identity.sender } },
    );
  }
  return () => value;
}

function constantValue(tag: number, { identity, heartbeatS, credentials }: LogonFieldsOptions): string | null {
  if (tag === 8) return identity.beginString;
  if (tag === 35) return "A";
  if (tag === 49) return identity.sender;
  if (tag === 56) return identity.target;
  if (tag === 50) return identity.senderSub;
  if (tag === 57) return identity.targetSub;
  if (tag === 98) return "0";
  if (tag === 108) return String(heartbeatS);
  return tag === 553 ? credentials.username : null;
}

function fieldValue(rules: FixLogonRules, tag: number): string | null {
  return rules.fields.find(([fieldTag]) => fieldTag === tag)?.[1] ?? null;
}

function keyError(name: string, state: string): IngestError {
  return new IngestError(
    `Cannot sign the logon of "${name}": the password must be an Ed25519 private key in PEM (PKCS 8), and ${state}`,
    { code: "config_invalid", retry: "never" },
  );
}
