import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP relay that listens at once, whose links can be frozen, dropped, or never answered. */
export class FrontDoor {
  readonly port: number;
  readonly #server: Server;
  readonly #links = new Map<Socket, Socket | null>();
  readonly #targetPort: number;
  #isHolding = false;
  #isFrozen = false;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#accept(client));
    this.#server.listen(0, "127.0.0.1");
    this.port = (this.#server.address() as AddressInfo).port;
  }

  /** Clients that are connected now. */
  get openConnections(): number {
    return this.#links.size;
  }

  /** From now on connections are taken and not passed on. */
  hold(): void {
    this.#isHolding = true;
  }

  /** From now on nothing passes, and nothing is closed. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** Ends all connections without a word. */
  drop(): void {
    for (const client of this.#links.keys()) client.destroy();
  }

  /** Drops all and listens no more. */
  stop(): void {
    this.drop();
    this.#server.close();
  }

  #accept(client: Socket): void {
    const target = this.#isHolding ? null : connect({ port: this.#targetPort, host: "127.0.0.1", noDelay: true });
    this.#links.set(client, target);
    client.on("error", () => client.destroy());
    client.on("close", () => {
      this.#links.delete(client);
      target?.destroy();
    });
    if (target === null) {
      client.resume();
      return;
    }
    target.on("error", () => target.destroy());
    target.on("close", () => {
      if (!this.#isFrozen) client.destroy();
    });
    this.#relay(client, target);
    this.#relay(target, client);
  }

  #relay(from: Socket, to: Socket): void {
    from.on("data", (chunk: Buffer) => {
      if (this.#isFrozen) return;
      if (!to.write(chunk)) from.pause();
    });
    to.on("drain", () => from.resume());
  }
}
