// Validates the runner: puts a QuickFIX/J initiator, which is known to be right, through every definition and prints which
// of them it passes. A definition it fails cannot be mirrored. Takes about three minutes:
//   bun test/integration/fix/acceptance/control-program.ts [part of a name]
import { FixPeerProcess } from "../../../harness/fix-peer-process.ts";
import { type Definition, readDefinitions } from "./definition.ts";
import { definitionsFolder } from "./definitions-folder.ts";
import { runMirrored } from "./mirror.ts";
import { TcpAcceptor } from "./tcp-acceptor.ts";

/** QuickFIX/J tries once a second. */
const CONNECT_LIMIT_MS = 10_000;

const peer = await FixPeerProcess.start("quickfixj");
const wanted = process.argv[2] ?? "";
let passed = 0;
for (const definition of readDefinitions(definitionsFolder() ?? ".")) {
  if (!definition.name.includes(wanted)) continue;
  const trouble = await runControl(definition);
  if (trouble === null) passed++;
  console.log(`${trouble === null ? "pass" : "FAIL"} ${definition.name}${trouble === null ? "" : `: ${trouble}`}`);
}
console.log(`${passed} passed`);
process.exit(0);

async function runControl(definition: Definition): Promise<string | null> {
  const acceptor = await TcpAcceptor.start();
  const name = `control-${definition.name}`;
  let clients = 0;
  try {
    return await runMirrored(definition, {
      wallMs: () => Date.now(),
      connect: async (heartbeat) => {
        // A new one for every connection: its numbers begin at 1 without a word of it on the wire.
        if (clients > 0) await peer.command("clientEnd", { name });
        clients++;
        await peer.command("client", { name, sender: "ISLD", target: "TW44", port: acceptor.port, heartbeat });
        return await acceptor.nextLink(CONNECT_LIMIT_MS);
      },
    });
  } catch (error) {
    return String(error);
  } finally {
    if (clients > 0) await peer.command("clientEnd", { name });
    acceptor.stop();
  }
}
