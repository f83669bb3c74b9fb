import type { Subprocess } from "bun";
import { installGrpcPeer } from "./grpc-peer-install.ts";

/** What a peer is started with; `test/harness/grpc-peer/main.go` says what each means. */
export interface GrpcPeerOptions {
  readonly host?: string;
  readonly port?: number;
  readonly cert?: string;
  readonly key?: string;
  readonly clientCa?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly reflection?: "v1" | "v1alpha";
  readonly minPing?: string;
}

/** One process of a venue on grpc-go. */
export class GrpcPeerProcess {
  readonly port: number;
  readonly #child: Subprocess<"pipe", "pipe", "inherit">;

  private constructor(child: Subprocess<"pipe", "pipe", "inherit">, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Resolves once the peer listens. */
  static async start(options: GrpcPeerOptions = {}): Promise<GrpcPeerProcess> {
    const program = await installGrpcPeer();
    const flags = Object.entries(options).flatMap(([name, value]) => [flagOf(name), String(value)]);
    // It ends with its standard input, so it outlives no test run whatever ends it.
    const child = Bun.spawn([program, ...flags], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    child.unref();
    const { value } = await child.stdout.getReader().read();
    const port = Number(new TextDecoder().decode(value));
    if (!(port > 0)) throw new Error("the gRPC peer did not start");
    return new GrpcPeerProcess(child, port);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Ends the process as its host's power failing would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  /** Its host hangs: the kernel still acknowledges what is sent. */
  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child.kill("SIGCONT");
  }
}

function flagOf(name: string): string {
  return `-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
