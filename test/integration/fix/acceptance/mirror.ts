import { fieldOf, readable } from "../../../harness/fix-wire.ts";
import type { Definition } from "./definition.ts";
import { mirroredMessage, type OrderMapping } from "./mirrored-message.ts";

/** Tags an answer must agree in, beside MsgType (35); one must have what the other has. */
const KEY_TAGS = [7, 16, 36, 123, 43, 112, 45, 373] as const;
/** RefTagID (371): an answer may name a tag where the definition names none. */
const REF_TAG_ID = 371;
/** How long an answer, or the end of the connection, may take, ms, beside what the heartbeat interval explains. */
const ANSWER_LIMIT_MS = 4_000;
/** Messages that were not expected, in a row, beyond which a case is given up. */
const SKIPPED_MAX = 10;

/** What came of waiting for an initiator. */
export type Arrival = Uint8Array | "closed" | "silent";

/** One connection of an initiator, seen from the side of the LP. */
export interface InitiatorLink {
  send(bytes: Uint8Array): void;
  /** The initiator's next message. */
  next(limitMs: number): Promise<Arrival>;
}

/** An initiator that is put through definitions: sender ISLD, target TW44, numbers from 1 at every connection. */
export interface InitiatorUnderTest {
  /** Its next connection. */
  connect(heartbeatS: number): Promise<InitiatorLink>;
  /** The wall clock it lives by, ms. */
  wallMs(): number;
}

/**
 * Runs a definition, which is written for an acceptor, against an initiator: we are the acceptor. When the definition's
 * tester connects and logs on, the initiator does; the tester's Logon is our answer. Echoes of orders, which an acceptor
 * of the definitions gives, are not waited for. Returns what went wrong; null when nothing did.
 */
export async function runMirrored(definition: Definition, initiator: InitiatorUnderTest): Promise<string | null> {
  const mapping = isAboutOrders(definition) ? "as order" : "as snapshot";
  const heartbeatS = heartbeatOf(definition);
  let run: ConnectionRun | null = null;
  for (const step of definition.steps) {
    if (step.kind === "several connections") return "needs several connections at once";
    if (step.kind === "connect") {
      run = new ConnectionRun(await initiator.connect(heartbeatS), { initiator, heartbeatS, mapping });
      const trouble = await run.awaitLogon();
      if (trouble !== null) return trouble;
      continue;
    }
    if (run === null) return "the definition does not begin with a connection";
    const trouble = await run.step(step);
    if (trouble !== null) return trouble;
  }
  return null;
}

/** True for the definitions whose subject is the fields of an order: there it must stay one. */
function isAboutOrders({ name }: Definition): boolean {
  return /^14|^ReverseRoute|^RejectResent/.test(name);
}

function heartbeatOf(definition: Definition): number {
  for (const step of definition.steps) {
    const heartbeat = step.kind === "send" ? fieldOf(Buffer.from(step.text, "latin1"), 108) : null;
    if (heartbeat !== null) return Number(heartbeat);
  }
  return 30;
}

interface RunOptions {
  readonly initiator: InitiatorUnderTest;
  readonly heartbeatS: number;
  readonly mapping: OrderMapping;
}

/** One connection of a definition. */
class ConnectionRun {
  readonly #link: InitiatorLink;
  readonly #options: RunOptions;
  #hasLogonBeenExpected = false;
  #mayBeRefused = true;
  /** The initiator has asked whether we live, and the definition leaves it without an answer. */
  #isSilenceProvoked = false;

  constructor(link: InitiatorLink, options: RunOptions) {
    this.#link = link;
    this.#options = options;
  }

  async awaitLogon(): Promise<string | null> {
    const arrival = await this.#link.next(ANSWER_LIMIT_MS);
    if (isMessage(arrival) && fieldOf(arrival, 35) === "A") return null;
    return `the initiator began with ${describe(arrival)} instead of a Logon`;
  }

  async step(step: { kind: "send" | "expect"; text: string } | { kind: "disconnect" }): Promise<string | null> {
    if (step.kind === "disconnect") return await this.#expectEnd();
    if (step.kind === "expect") return await this.#expect(step.text);
    const { initiator, mapping } = this.#options;
    this.#link.send(mirroredMessage(step.text, initiator.wallMs(), mapping));
    return null;
  }

  async #expect(text: string): Promise<string | null> {
    const expected = Buffer.from(text, "latin1");
    const msgType = fieldOf(expected, 35);
    if (msgType === "A" && !this.#hasLogonBeenExpected) {
      // Ours came first: it has been seen.
      this.#hasLogonBeenExpected = true;
      this.#mayBeRefused = false;
      return null;
    }
    this.#isSilenceProvoked = msgType === "1";
    const isEcho = msgType === "D" || msgType === "d";
    if (isEcho) return null;
    const heartbeatMs = msgType === "0" || msgType === "1" ? this.#options.heartbeatS * 2500 : 0;
    for (let skipped = 0; skipped < SKIPPED_MAX; skipped++) {
      const arrival = await this.#link.next(ANSWER_LIMIT_MS + heartbeatMs);
      if (isMessage(arrival) && isIdleHeartbeat(arrival) && !isIdleHeartbeat(expected)) continue;
      return compare(expected, arrival);
    }
    return `${SKIPPED_MAX} heartbeats instead of ${readable(expected)}`;
  }

  /** An initiator may say why it goes, where an acceptor without a session has nobody to tell. */
  async #expectEnd(): Promise<string | null> {
    const limitMs = ANSWER_LIMIT_MS + (this.#isSilenceProvoked ? this.#options.heartbeatS * 2500 : 0);
    for (let skipped = 0; skipped < SKIPPED_MAX; skipped++) {
      const arrival = await this.#link.next(limitMs);
      if (arrival === "closed") return null;
      const isFarewell = isMessage(arrival) && /^[35]$/.test(fieldOf(arrival, 35) ?? "");
      const isAllowed = isMessage(arrival) && (isIdleHeartbeat(arrival) || (this.#mayBeRefused && isFarewell));
      if (!isAllowed) return `${describe(arrival)} instead of the end of the connection`;
    }
    return "the connection does not end";
  }
}

function compare(expected: Uint8Array, arrival: Arrival): string | null {
  if (!isMessage(arrival)) return `${describe(arrival)} instead of ${readable(expected)}`;
  for (const tag of [35, ...KEY_TAGS, REF_TAG_ID]) {
    if (fieldOf(expected, tag) === fieldOf(arrival, tag)) continue;
    if (tag === REF_TAG_ID && fieldOf(expected, tag) === null) continue;
    return `${readable(arrival)} instead of ${readable(expected)} (tag ${tag})`;
  }
  return null;
}

/** A Heartbeat that answers no TestRequest. */
function isIdleHeartbeat(message: Uint8Array): boolean {
  return fieldOf(message, 35) === "0" && fieldOf(message, 112) === null;
}

function isMessage(arrival: Arrival): arrival is Uint8Array {
  return typeof arrival !== "string";
}

function describe(arrival: Arrival): string {
  if (arrival === "closed") return "the end of the connection";
  return arrival === "silent" ? "silence" : readable(arrival);
}
