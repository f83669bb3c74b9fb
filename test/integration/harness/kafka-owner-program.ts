import { startKafka } from "../../harness/kafka.ts";

// A process that owns a broker and never ends by itself: the test kills it.
const kafka = await startKafka();
console.log(kafka.pid);
setInterval(() => undefined, 60_000);
