import { type AddressInfo, connect, type Socket } from "node:net";
import { createServer, type Server, type TlsOptions } from "node:tls";
import type { CertificatePair } from "./tls-certificates.ts";

/** What a front is made of. */
export interface TlsFrontOptions {
  readonly targetPort: number;
  readonly certificate: CertificatePair;
  /** PEM of the authority whose clients are let in; absent: every client is. */
  readonly clientCa?: string;
  /** Where to listen; 127.0.0.1 when absent. */
  readonly host?: string;
  /** Any free one when absent. */
  readonly port?: number;
}

/** TLS in front of a plain port, as a venue or a broker has it; its certificate can be exchanged. */
export class TlsFront {
  readonly #options: TlsFrontOptions;
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #handshakes = 0;

  private constructor(options: TlsFrontOptions) {
    this.#options = options;
    this.#server = this.#create(options.certificate, options.clientCa);
  }

  /** Resolves with a front that listens. */
  static async start(options: TlsFrontOptions): Promise<TlsFront> {
    const front = new TlsFront(options);
    await front.#listen(options.port ?? 0);
    return front;
  }

  /** `host:port`. */
  get address(): string {
    return `${this.#options.host ?? "127.0.0.1"}:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Clients that have taken the certificate, and were let in, since the start. */
  get handshakes(): number {
    return this.#handshakes;
  }

  /** Shows another certificate from now on, as a server that was restarted for it: the connections end. */
  async rotate(certificate: CertificatePair, clientCa = this.#options.clientCa): Promise<void> {
    const { port } = this;
    await this.stop();
    this.#server = this.#create(certificate, clientCa);
    await this.#listen(port);
  }

  /** Ends the connections and listens no more. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #create(certificate: CertificatePair, clientCa: string | undefined): Server {
    const client: TlsOptions =
      clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
    // h2: gRPC wants it spoken of.
    const server = createServer({ ...certificate, ...client, ALPNProtocols: ["h2", "http/1.1"] }, (socket) => {
      this.#handshakes++;
      this.#join(socket);
    });
    // A client that does not take the certificate is what the tests are about.
    server.on("tlsClientError", () => {});
    return server;
  }

  #join(client: Socket): void {
    const server = connect({ port: this.#options.targetPort, host: "127.0.0.1", noDelay: true });
    const ends = [client, server];
    for (const socket of ends) {
      this.#sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        for (const end of ends) end.destroy();
      });
    }
    client.pipe(server);
    server.pipe(client);
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, this.#options.host ?? "127.0.0.1", resolve);
    });
    this.#server.unref();
  }
}
