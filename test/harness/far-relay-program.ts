// The far end's process: it runs inside the network namespace, and passes every connection to a port of the far address
// on to the Unix socket of that port's name, as file names are the same in every network namespace.
import { connect, createServer } from "node:net";
import { join } from "node:path";

const [host, firstPort, portCount, folder] = process.argv.slice(2);
const ports = Array.from({ length: Number(portCount) }, (_, i) => Number(firstPort) + i);
let listening = 0;

for (const port of ports) {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ path: join(folder, String(port)), allowHalfOpen: true });
    near.pipe(far);
    far.pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      // An error is always followed by the close, which ends both sides.
      one.on("error", () => one.destroy());
      one.on("close", () => other.destroy());
    }
  });
  server.listen(port, host, () => {
    listening++;
    if (listening === ports.length) console.log("ready");
  });
}
