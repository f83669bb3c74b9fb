import { type KeyObject, verify } from "node:crypto";
import { Tag } from "../../fix/tags.ts";
import { type InboundMessage, textOf } from "./inbound-message.ts";

/** Longest heartbeat interval taken, s. */
const MAX_HEARTBEAT_S = 3600;
/** What a signed Logon is signed over, joined by SOH. */
const SIGNED_TAGS = [Tag.msgType, Tag.senderCompId, Tag.targetCompId, Tag.msgSeqNum, Tag.sendingTime];

/** What a client must show; absent: anything goes. */
export interface LogonRules {
  /** SenderCompID (49) and TargetCompID (56) of the client. */
  readonly sender?: string;
  readonly target?: string;
  readonly username?: string;
  readonly password?: string;
  /** Checks RawData (96). */
  readonly publicKey?: KeyObject;
}

/** What becomes of a Logon. */
export type LogonVerdict =
  | { readonly kind: "accept"; readonly heartbeatS: number }
  /** A Logout with this Text (58), then the end. */
  | { readonly kind: "refuse"; readonly text: string }
  /** The connection stays open and nothing is ever answered. */
  | { readonly kind: "hold" };

/** Judges Logons; one for all sessions of an LP. */
export class LogonDesk {
  readonly #rules: LogonRules;
  #refusals = 0;
  #refusalText = "";
  #isHolding = false;

  constructor(rules: LogonRules) {
    this.#rules = rules;
  }

  /** The next `count` Logons are answered with a Logout of this text. */
  refuse(text: string, count: number): void {
    this.#isHolding = false;
    this.#refusals = count;
    this.#refusalText = text;
  }

  /** Logons are not answered. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Logons are judged by the rules again. */
  accept(): void {
    this.#isHolding = false;
    this.#refusals = 0;
  }

  judge(logon: InboundMessage): LogonVerdict {
    if (this.#isHolding) return { kind: "hold" };
    if (this.#refusals > 0) {
      this.#refusals--;
      return { kind: "refuse", text: this.#refusalText };
    }
    const heartbeatS = Number(textOf(logon, Tag.heartBtInt) ?? Number.NaN);
    const problem = this.#problemWith(logon, heartbeatS);
    if (problem !== null) return { kind: "refuse", text: problem };
    return { kind: "accept", heartbeatS };
  }

  #problemWith(logon: InboundMessage, heartbeatS: number): string | null {
    const { sender, target, username, password, publicKey } = this.#rules;
    const has = (tag: number, wanted: string | undefined) => wanted === undefined || textOf(logon, tag) === wanted;
    if (!has(Tag.senderCompId, sender)) return "Unknown SenderCompID";
    if (!has(Tag.targetCompId, target)) return "Unknown TargetCompID";
    if (!has(Tag.encryptMethod, "0")) return "EncryptMethod must be 0";
    if (!(Number.isInteger(heartbeatS) && heartbeatS >= 0 && heartbeatS <= MAX_HEARTBEAT_S)) {
      return "HeartBtInt must be a whole number of seconds";
    }
    if (!has(Tag.username, username) || !has(Tag.password, password)) return "Invalid username or password";
    if (publicKey !== undefined && !isSigned(logon, publicKey)) return "Signature is not valid";
    return null;
  }
}

function isSigned(logon: InboundMessage, publicKey: KeyObject): boolean {
  const signed = SIGNED_TAGS.map((tag) => textOf(logon, tag) ?? "").join("\u0001");
  const signature = Buffer.from(textOf(logon, Tag.rawData) ?? "", "base64");
  return verify(null, Buffer.from(signed, "latin1"), publicKey, signature);
}
