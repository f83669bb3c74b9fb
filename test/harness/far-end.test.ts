import { expect } from "bun:test";
import { connect, createServer } from "node:net";
import { FarEnd } from "./far-end.ts";
import { testWithNamespaces } from "./fault-test.ts";
import { waitUntil } from "./wait-until.ts";

const HELD_MS = 300;
/** The kernel sends again after 0.2, 0.4, 0.8 … s. */
const RESENT_LIMIT_MS = 5000;

testWithNamespaces(
  "FarEnd carries bytes, is silent while cut, and what was sent meanwhile arrives after it was joined",
  async () => {
    const echo = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
    await waitUntil(() => echo.address() !== null, { limitMs: 1000, what: "echo server" });
    const { port } = echo.address() as { port: number };
    const far = await FarEnd.open();
    try {
      let heard = "";
      const socket = connect({ host: far.host, port: far.expose(port) });
      socket.on("data", (chunk) => {
        heard += chunk.toString();
      });
      socket.write("one");
      await waitUntil(() => heard === "one", { limitMs: 2000, what: "echo" });
      await far.cut();
      socket.write("two");
      await Bun.sleep(HELD_MS);
      expect({ heard, isOpen: !socket.destroyed }).toEqual({ heard: "one", isOpen: true });
      await far.join();
      await waitUntil(() => heard === "onetwo", { limitMs: RESENT_LIMIT_MS, what: "what was sent while cut" });
      socket.destroy();
    } finally {
      await far.close();
      echo.close();
    }
  },
  { timeout: 20_000 },
);
