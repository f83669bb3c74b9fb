import { peerText } from "./connection-errors.ts";
import type { FixCredentials } from "./logon-fields.ts";

/** What stands in the place of a secret. */
const HIDDEN = "[redacted]";
/** A password shorter than this is no secret, and hiding it would tear other text apart. */
const SECRET_LENGTH_MIN = 4;
/** Bytes of a message that are looked through; what is published of a reject is less. */
const BYTES_MAX = 8192;
/**
 * RawDataLength (95), RawData (96), Password (554), NewPassword (925), EncryptedPassword (1402), EncryptedNewPassword (1404),
 * with their values. Between SOH a value may hold a `|`.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: SOH ends a field
const SECRET_FIELD = /(\u0001)(95|96|554|925|1402|1404)=[^\u0001]*|(^|\|)(95|96|554|925|1402|1404)=[^\u0001|]*/g;
/** What the transmitter writes as a question mark. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ISO 8859-1 is written as it is
const UNWRITABLE = /[^\u0000-\u00ff]/g;

/** Takes our secrets out of what an LP sends back to us, before it gets into an error, an event or a record. */
export class SecretHider {
  readonly #credentials: FixCredentials;

  constructor(credentials: FixCredentials) {
    this.#credentials = credentials;
  }

  /** The text without our password and without fields that hold secrets. */
  text(text: string): string {
    const secret = this.#credentials.password() ?? "";
    // As a whole first: a secret that is torn apart by its own field's end is not found any more.
    const open = secret.length < SECRET_LENGTH_MIN ? text : hide(text, secret);
    return open.replace(SECRET_FIELD, `$1$3$2$4=${HIDDEN}`);
  }

  /** What the LP wrote, fit for a message of ours: without secrets, then one line of printable characters, bounded. */
  peerText(text: string): string {
    return peerText(this.text(text));
  }

  /** The first bytes of a message without the same; the bytes themselves when there is nothing to hide. */
  bytes(bytes: Uint8Array): Uint8Array {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, BYTES_MAX)).toString("latin1");
    const hidden = this.text(text);
    return hidden === text ? bytes.subarray(0, BYTES_MAX) : Buffer.from(hidden, "latin1");
  }
}

/** Hides a secret as it is and as it was sent. */
function hide(text: string, secret: string): string {
  return text.replaceAll(secret, HIDDEN).replaceAll(secret.replace(UNWRITABLE, "?"), HIDDEN);
}
