// The program that compiled.test.ts compiles: `<broker> <topic>`, one zstd batch, acknowledged, through SCRAM.
import {
  stampedBatch,
  startWithin,
  takeProducer,
  testEndpoint,
  testTransport,
} from "../../publish/kafka/kafka-test-kit.ts";

const [broker, topic, username, password] = process.argv.slice(2);
const sasl = { mechanism: "scram-sha-512", username, password } as const;
const transport = testTransport(testEndpoint(broker, { sasl }));
await startWithin(transport, [topic]);
const producer = await takeProducer(transport);
const result = await transport.send(topic, 0, stampedBatch(["from the binary ".repeat(200)], producer, 0, "zstd"));
await transport.stop(1000);
console.log(result.outcome);
