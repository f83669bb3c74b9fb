// `./build.sh bench [section...]`: venue to acknowledged Kafka record, every part real: the compiled binary, a broker on
// this machine, the simulator in a process of its own. Prints tables; asserts nothing. CPU per quote and ratios within one
// run are the figures to trust; wall-clock rates depend on what else the machine does.
import { startKafka } from "../harness/kafka.ts";
import type { TestKafka } from "../harness/kafka-handle.ts";
import { benchFix } from "./fix-section.ts";
import { benchGrpc } from "./grpc-section.ts";
import { benchRest } from "./rest-section.ts";
import { benchSpool } from "./spool-section.ts";
import { benchWebSocket } from "./websocket-section.ts";

const SECTIONS: Readonly<Record<string, (kafka: TestKafka) => Promise<void>>> = {
  websocket: benchWebSocket,
  fix: benchFix,
  grpc: benchGrpc,
  rest: benchRest,
  spool: () => benchSpool(),
};

const named = process.argv.slice(2);
const unknown = named.filter((name) => !Object.hasOwn(SECTIONS, name));
if (unknown.length > 0) {
  console.error(`Cannot measure ${unknown.join(", ")}: the sections are ${Object.keys(SECTIONS).join(", ")}`);
  process.exit(2);
}
const kafka = await startKafka({ tuning: "throughput" });
try {
  for (const name of named.length > 0 ? named : Object.keys(SECTIONS)) await SECTIONS[name](kafka);
} finally {
  await kafka.stop();
}
process.exit(0);
