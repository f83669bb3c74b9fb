import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Every address of 127/8 is this machine: each process has a name server of its own. */
const NETWORK = "127.53";
const DNS_PORT = 53;
const TTL_SECONDS = 1;
const TYPE_A = 1;
const HEADER_BYTES = 12;
/** How long the resolver of the C library waits for an answer, and how often it asks, s: 5 and 2 by default. */
const RESOLVER_OPTIONS = "options timeout:1 attempts:1";

/** What becomes of questions: an answer, silence, SERVFAIL, or NXDOMAIN. */
export type NameServerMode = "answer" | "silent" | "broken" | "unknown";

const RESPONSE_CODES: Readonly<Record<Exclude<NameServerMode, "silent">, number>> = {
  answer: 0,
  broken: 2,
  unknown: 3,
};

let opened = 0;

/** A DNS server on this machine alone, and the way to have a program ask it: a mount namespace. Needs root. */
export class NameServer {
  mode: NameServerMode = "answer";
  /** Addresses (IPv4) of names; other names are unknown. */
  readonly addresses = new Map<string, string>();
  /** Questions since the start, by name. */
  readonly questions = new Map<string, number>();
  readonly #socket: Socket;
  readonly #folder = mkdtempSync(join(tmpdir(), "edge-ingester-names-"));
  readonly #host = `${NETWORK}.${(process.pid >> 4) & 255}.${((process.pid << 4) & 240) + (opened++ & 15) || 1}`;

  private constructor() {
    this.#socket = createSocket("udp4", (question, from) => this.#onQuestion(question, from));
  }

  /** Resolves with a server that answers. */
  static async start(): Promise<NameServer> {
    const server = new NameServer();
    const bound = Promise.withResolvers<void>();
    server.#socket.once("error", bound.reject);
    server.#socket.bind({ port: DNS_PORT, address: server.#host }, bound.resolve);
    await bound.promise;
    writeFileSync(server.#resolverFile, `nameserver ${server.#host}\n${RESOLVER_OPTIONS}\n`);
    return server;
  }

  /** The command a program is started by so that it asks this server and no other. */
  get launcher(): readonly string[] {
    const mount = Bun.which("mount");
    const script = `${mount} --bind "$1" /etc/resolv.conf && shift && exec "$@"`;
    return [String(Bun.which("unshare")), "-m", String(Bun.which("sh")), "-c", script, "sh", this.#resolverFile];
  }

  /** Questions about a name since the start. */
  questionsAbout(name: string): number {
    return this.questions.get(name) ?? 0;
  }

  stop(): void {
    this.#socket.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #resolverFile(): string {
    return join(this.#folder, "resolv.conf");
  }

  #onQuestion(question: Buffer, from: RemoteInfo): void {
    const { name, end } = readName(question);
    this.questions.set(name, this.questionsAbout(name) + 1);
    if (this.mode === "silent") return;
    const address = this.addresses.get(name);
    const code = this.mode === "answer" && address === undefined ? RESPONSE_CODES.unknown : RESPONSE_CODES[this.mode];
    const type = question.readUInt16BE(end);
    const isFound = code === 0 && type === TYPE_A && address !== undefined;
    const header = Buffer.alloc(HEADER_BYTES);
    question.copy(header, 0, 0, 2);
    // An answer, with recursion asked for and available.
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(isFound ? 1 : 0, 6);
    const asked = question.subarray(HEADER_BYTES, end + 4);
    const found = isFound ? [addressRecord(address)] : [];
    this.#socket.send(Buffer.concat([header, asked, ...found]), from.port, from.address);
  }
}

/** The name a question is about, and where it ends. */
function readName(question: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  while (question[at] !== 0 && at < question.length) {
    labels.push(question.toString("latin1", at + 1, at + 1 + question[at]));
    at += 1 + question[at];
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

function addressRecord(address: string): Buffer {
  const record = Buffer.alloc(16);
  // The name is that of the question.
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(TTL_SECONDS, 6);
  record.writeUInt16BE(4, 10);
  Buffer.from(address.split(".").map(Number)).copy(record, 12);
  return record;
}
