import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { runSystem } from "./namespaces.ts";
import { waitUntil } from "./wait-until.ts";

/** A range kept for benchmarks of network devices (RFC 2544): no real host has an address of it. */
const NETWORK = "198.18";
const FIRST_PORT = 20_000;
const PORTS = 16;
const READY_LIMIT_MS = 10_000;
/** An answer on this machine comes within a millisecond: this long without one is silence. */
const PROBE_MS = 700;
/** How long the line may take to carry something again after it was joined. */
const JOIN_LIMIT_MS = 5000;
const NAME_PREFIX = "edge-far-";

let opened = 0;

/** What becomes of a connection that is tried. */
type ProbeAnswer = "open" | "silent" | "refused";

/**
 * Another machine, as TCP sees it: a network namespace behind a pair of virtual Ethernet devices. What listens on a port
 * of loopback can be exposed there. When the line is cut nothing passes, nothing is refused and nothing is closed: the
 * kernel sends again and again, as it does when a cable is pulled. Needs root.
 */
export class FarEnd {
  /** Address of the other machine. */
  readonly host: string;
  readonly #name: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "edge-ingester-far-"));
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #probePort: number;
  #relay: Subprocess | null = null;

  private constructor(number: number) {
    this.#name = `${NAME_PREFIX}${process.pid}-${number}`;
    this.host = `${this.#network}.2`;
    this.#probePort = this.expose(null);
  }

  /** Resolves with another machine that is reached. */
  static async open(): Promise<FarEnd> {
    removeLeftovers();
    const farEnd = new FarEnd(opened++);
    try {
      farEnd.#build();
      await farEnd.#startRelay();
      return farEnd;
    } catch (error) {
      await farEnd.close();
      throw error;
    }
  }

  /**
   * Makes a port of loopback reachable there, and returns the port it has there.
   * @param targetPort null: connections are taken and nothing ever comes
   */
  expose(targetPort: number | null): number {
    const port = FIRST_PORT + this.#servers.length;
    if (this.#servers.length === PORTS) throw new Error(`Cannot expose port ${targetPort}: all ${PORTS} are taken`);
    const server = createServer({ allowHalfOpen: true }, (near) => this.#accept(near, targetPort));
    server.listen(join(this.#folder, String(port)));
    server.unref();
    this.#servers.push(server);
    return port;
  }

  /** Pulls the cable, and proves that it is out. */
  async cut(): Promise<void> {
    this.#setFarDevice("down");
    const answer = await this.#probe();
    if (answer !== "silent") throw new Error(`Cannot cut the line to ${this.host}: a new connection is ${answer}`);
  }

  /** Plugs it in again; resolves once something passes. */
  async join(): Promise<void> {
    this.#setFarDevice("up");
    const isOpen = async () => (await this.#probe()) === "open";
    await waitUntil(isOpen, { limitMs: JOIN_LIMIT_MS, what: `answer of ${this.host}` });
  }

  /** Takes the other machine away with all its connections. */
  async close(): Promise<void> {
    this.#relay?.kill("SIGKILL");
    await this.#relay?.exited;
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.close();
    if (listNames().includes(this.#name)) runSystem("ip", "netns", "del", this.#name);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #network(): string {
    // A process has few far ends at a time, and few processes run at once: this many networks do not collide.
    const number = Number(this.#name.slice(NAME_PREFIX.length).replace("-", "")) % 256;
    return `${NETWORK}.${number}`;
  }

  /** At most 15 characters. */
  get #devices(): { readonly near: string; readonly far: string } {
    const id = this.#name.slice(NAME_PREFIX.length);
    return { near: `en${id}`, far: `ef${id}` };
  }

  #build(): void {
    const { near, far } = this.#devices;
    const inside = ["ip", "-n", this.#name];
    runSystem("ip", "netns", "add", this.#name);
    runSystem("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", this.#name);
    runSystem("ip", "address", "add", `${this.#network}.1/30`, "dev", near);
    runSystem(...inside, "address", "add", `${this.host}/30`, "dev", far);
    runSystem("ip", "link", "set", near, "up");
    runSystem(...inside, "link", "set", "lo", "up");
    runSystem(...inside, "link", "set", far, "up");
    this.#fixNeighbours();
  }

  /** Without them a cut line would be told by ARP within seconds, which no router does for a far host. */
  #fixNeighbours(): void {
    const { near, far } = this.#devices;
    const inside = ["ip", "-n", this.#name];
    const permanent = ["nud", "permanent", "dev"];
    runSystem("ip", "neigh", "replace", this.host, "lladdr", ethernetAddress(inside, far), ...permanent, near);
    const nearAddress = ethernetAddress(["ip"], near);
    runSystem(...inside, "neigh", "replace", `${this.#network}.1`, "lladdr", nearAddress, ...permanent, far);
  }

  async #startRelay(): Promise<void> {
    const program = join(import.meta.dir, "far-relay-program.ts");
    const relayArguments = [this.host, String(FIRST_PORT), String(PORTS), this.#folder];
    const inNamespace = ["ip", "netns", "exec", this.#name, "setpriv", "--pdeathsig", "KILL"];
    const relay = Bun.spawn([...inNamespace, process.execPath, program, ...relayArguments], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#relay = relay;
    const limit = setTimeout(() => relay.kill("SIGKILL"), READY_LIMIT_MS);
    const { done } = await relay.stdout.getReader().read();
    clearTimeout(limit);
    if (done) throw new Error(`Cannot start the relay of ${this.host}: it ended`);
    const answer = await this.#probe();
    if (answer !== "open") throw new Error(`Cannot reach ${this.host}: a new connection is ${answer}`);
  }

  #setFarDevice(state: "up" | "down"): void {
    const { far } = this.#devices;
    runSystem("ip", "-n", this.#name, "link", "set", far, state);
    if (state === "up") this.#fixNeighbours();
  }

  #probe(): Promise<ProbeAnswer> {
    const answer = Promise.withResolvers<ProbeAnswer>();
    const socket = connect({ host: this.host, port: this.#probePort });
    const timer = setTimeout(() => answer.resolve("silent"), PROBE_MS);
    socket.once("connect", () => answer.resolve("open"));
    socket.once("error", () => answer.resolve("refused"));
    return answer.promise.finally(() => {
      clearTimeout(timer);
      socket.destroy();
    });
  }

  #accept(near: Socket, targetPort: number | null): void {
    this.#keep(near);
    if (targetPort === null) return;
    const target = connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    this.#keep(target);
    near.pipe(target);
    target.pipe(near);
    near.on("close", () => target.destroy());
    target.on("close", () => near.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

function ethernetAddress(ip: readonly string[], device: string): string {
  const { stdout } = Bun.spawnSync([...ip, "-json", "link", "show", "dev", device]);
  return JSON.parse(stdout.toString())[0].address;
}

function listNames(): string[] {
  const { stdout } = Bun.spawnSync(["ip", "-json", "netns", "list"]);
  const text = stdout.toString().trim();
  return text === "" ? [] : JSON.parse(text).map(({ name }: { name: string }) => name);
}

/** Removes the namespaces of processes that were killed; the devices go with them. */
function removeLeftovers(): void {
  for (const name of listNames()) {
    if (!name.startsWith(NAME_PREFIX)) continue;
    const ownerPid = Number.parseInt(name.slice(NAME_PREFIX.length), 10);
    if (!isAlive(ownerPid)) runSystem("ip", "netns", "del", name);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
