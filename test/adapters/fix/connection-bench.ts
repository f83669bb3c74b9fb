import { FixConnection } from "../../../src/adapters/fix/fix-connection.ts";
import type { FixTlsOptions } from "../../../src/adapters/fix/socket-options.ts";
import type { IngestError } from "../../../src/domain/ingest-error.ts";
import { TurnQueue } from "../../../src/runtime/turn-queue.ts";
import { CountingClock } from "../../harness/counting-clock.ts";
import { eventually } from "../../harness/fake-venue-server.ts";

/** What a connection under test is made with. */
export interface ConnectionBenchOptions {
  readonly port: number;
  readonly host?: string;
  readonly tls?: Partial<FixTlsOptions>;
  readonly connectLimitMs?: number;
}

/** One connection under test, with all it tells. */
export class ConnectionBench {
  readonly clock = new CountingClock();
  readonly connection: FixConnection;
  readonly errors: IngestError[] = [];
  isOpen = false;
  text = "";
  bytes = 0;
  sliceMax = 0;
  onBytes: (bytes: Uint8Array) => void = () => {};

  constructor({ port, host = "127.0.0.1", tls, connectLimitMs = 2000 }: ConnectionBenchOptions) {
    const tlsOptions =
      tls === undefined ? null : { caPem: null, certPem: null, keyPem: null, serverName: null, ...tls };
    this.connection = new FixConnection({
      endpoint: { host, port, tls: tlsOptions, target: `tcp://${host}:${port}` },
      clock: this.clock,
      turns: new TurnQueue(this.clock),
      connectLimitMs,
      listener: {
        onOpen: () => {
          this.isOpen = true;
        },
        onBytes: (bytes) => {
          this.bytes += bytes.length;
          this.sliceMax = Math.max(this.sliceMax, bytes.length);
          if (this.text.length < 1000) this.text += Buffer.from(bytes).toString("latin1");
          this.onBytes(bytes);
        },
        onLost: (error) => this.errors.push(error),
      },
    });
  }

  async opens(): Promise<this> {
    await eventually(() => this.isOpen, "the connection");
    return this;
  }

  /** Resolves with why the connection was lost, and checks that nothing is held. */
  async isLost(): Promise<IngestError> {
    await eventually(() => this.errors.length > 0, "the loss of the connection");
    if (this.clock.armedTimers > 0) throw new Error(`${this.clock.armedTimers} timers are left`);
    return this.errors[0];
  }
}
