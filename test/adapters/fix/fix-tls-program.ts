// Connects to an LP whose authority is unknown, and says how it went: the environment must not make it trusted.
import { FixConnection } from "../../../src/adapters/fix/fix-connection.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";
import { TurnQueue } from "../../../src/runtime/turn-queue.ts";

const clock = new SystemClock();
new FixConnection({
  endpoint: {
    host: "127.0.0.1",
    port: Number(process.argv[2]),
    tls: { caPem: null, certPem: null, keyPem: null, serverName: null },
    target: "tls://lp",
  },
  clock,
  turns: new TurnQueue(clock),
  connectLimitMs: 2000,
  listener: {
    onOpen: () => finish("open"),
    onBytes: () => {},
    onLost: (error) => finish(error.code),
  },
});

function finish(what: string): void {
  console.log(what);
  process.exit(0);
}
