// Run by websocket-tls.test.ts in a process of its own, whose environment asks not to check certificates. Prints the code
// of the error with which a session against the given URL ends.
import { SessionBench } from "./bench.ts";

const bench = new SessionBench({ url: process.argv[2] });
const end = await Promise.race([bench.run(), Bun.sleep(3000)]);
console.log(end instanceof Error && "code" in end ? end.code : "connected");
await bench.close();
