// Counts its numbers up until it is killed, and tells each one that it has set.
import { writeSync } from "node:fs";
import { SequenceStore } from "../../../src/adapters/fix/sequence-store.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";

const store = new SequenceStore({
  name: "lp",
  directory: process.argv[2],
  identity: { beginString: "FIX.4.4", sender: "US", target: "LP", senderSub: null, targetSub: null },
  host: "127.0.0.1",
  port: 9880,
  clock: new SystemClock(),
  onTrouble: (trouble) => {
    throw new Error(trouble.message);
  },
});
store.lend();
for (;;) {
  store.nextOutgoing++;
  store.nextIncoming += 100;
  writeSync(1, `${store.nextOutgoing}\n`);
  await Bun.sleep(1);
}
