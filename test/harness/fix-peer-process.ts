import type { Subprocess } from "bun";
import { installFixPeers } from "./fix-peers-install.ts";
import { waitUntil } from "./wait-until.ts";

/** How long a peer may take to start on a busy machine, and to answer one command (a burst of many messages). */
const READY_LIMIT_MS = 30_000;
const ANSWER_LIMIT_MS = 30_000;
/** Flags for a JVM that is up soon. */
const JAVA_FLAGS: readonly string[] = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xshare:auto"];

/** Which engine a peer is made of. */
export type FixPeerKind = "quickfixj" | "quickfix-go";

/** What a peer answered, without the id. */
export type PeerAnswer = Readonly<Record<string, unknown>>;

/** Something that happened to a session of a peer: `logon`, `logout`, `logonReceived`, `logoutReceived`. */
export interface PeerEvent {
  readonly event: string;
  readonly name: string;
  readonly [detail: string]: unknown;
}

interface Waiting {
  readonly resolve: (answer: PeerAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** One process of a FIX engine of another maker, steered by lines: `test/harness/fix-peers` says which. */
export class FixPeerProcess {
  readonly kind: FixPeerKind;
  readonly #child: Subprocess<"pipe", "pipe", "inherit">;
  readonly #waiting = new Map<string, Waiting>();
  readonly #events: PeerEvent[] = [];
  #lastId = 0;
  #hasEnded = false;

  private constructor(kind: FixPeerKind, child: Subprocess<"pipe", "pipe", "inherit">) {
    this.kind = kind;
    this.#child = child;
  }

  /** Resolves once the peer takes commands. The environment variable FIX_PEER_LOG=1 shows what it does. */
  static async start(kind: FixPeerKind): Promise<FixPeerProcess> {
    const peers = await installFixPeers();
    const isLogged = process.env["FIX_PEER_LOG"] === "1";
    const java = ["java", ...JAVA_FLAGS, `-Dpeer.log=${isLogged}`, "-cp", peers.classpath, "peer.PeerProgram"];
    const command = kind === "quickfixj" ? java : [peers.goProgram];
    // It ends with its standard input, so it outlives no test run whatever ends it.
    const child = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    child.unref();
    const peer = new FixPeerProcess(kind, child);
    void peer.#read();
    await waitUntil(() => peer.events("ready").length > 0, { limitMs: READY_LIMIT_MS, what: `start of ${kind}` });
    return peer;
  }

  /** True once there is nobody to command any more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Sends a command and resolves with its answer; rejects with the peer's own complaint. */
  command(verb: string, details: Readonly<Record<string, string | number | boolean>>): Promise<PeerAnswer> {
    const id = String(++this.#lastId);
    const words = Object.entries(details).map(([key, value]) => `${key}=${encodeURIComponent(wordOf(value))}`);
    if (this.#hasEnded) return Promise.reject(new Error(`Cannot ${verb}: ${this.kind} has ended`));
    const { promise, resolve, reject } = Promise.withResolvers<PeerAnswer>();
    const timer = setTimeout(() => this.#settle(id, { error: `no answer to ${verb} in time` }), ANSWER_LIMIT_MS);
    this.#waiting.set(id, { resolve, reject, timer });
    this.#child.stdin.write(`${[id, verb, ...words].join(" ")}\n`);
    void this.#child.stdin.flush();
    return promise;
  }

  /** What happened to the session of this name (all of them when absent), oldest first. */
  events(event: string, name?: string): PeerEvent[] {
    return this.#events.filter((each) => each.event === event && (name === undefined || each.name === name));
  }

  /** Ends the process as its host's power failing would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    }
    this.#hasEnded = true;
    for (const id of [...this.#waiting.keys()]) this.#settle(id, { error: "the process has ended" });
  }

  #take(line: string): void {
    const said = JSON.parse(line) as PeerAnswer & { readonly id?: string };
    if (said.id === undefined) this.#events.push(said as PeerAnswer & PeerEvent);
    else this.#settle(said.id, said);
  }

  #settle(id: string, answer: PeerAnswer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (typeof answer["error"] === "string") waiting.reject(new Error(`${this.kind}: ${answer["error"]}`));
    else waiting.resolve(answer);
  }
}

function wordOf(value: string | number | boolean): string {
  if (typeof value === "boolean") return value ? "Y" : "N";
  return String(value);
}
