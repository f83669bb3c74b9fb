import { afterEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { eventually } from "../../harness/fake-venue-server.ts";
import { SessionBench, type SessionBenchOptions, snapshot } from "./session-bench.ts";

// Whatever a session is in the middle of, its end leaves no timer, no socket, no listener and no lock.

let bench: SessionBench;

afterEach(async () => {
  expect(await bench.close()).toBe("nothing is held");
});

/** Brings a session into a state and resolves when it is there. */
interface State {
  readonly what: string;
  readonly options?: SessionBenchOptions;
  readonly enter: () => Promise<unknown>;
}

const TLS = { caPem: null, certPem: null, keyPem: null, serverName: null };

const STATES: readonly State[] = [
  { what: "the engine is loaded", enter: async () => void bench.run() },
  {
    what: "the TLS handshake waits for the LP",
    options: { tls: TLS },
    enter: async () => {
      void bench.run();
      await eventually(() => bench.acceptor.openConnections === 1, "the connection");
    },
  },
  {
    what: "the Logon waits for its answer",
    enter: async () => {
      bench.acceptor.onMessage = () => true;
      void bench.run();
      await bench.notes(/open/);
    },
  },
  {
    what: "requests wait for their answers, and others to be sent",
    enter: async () => {
      bench.onRequest = () => {};
      void bench.run();
      await bench.notes(/pending/, 2);
    },
  },
  {
    what: "a hole is open that nobody fills",
    enter: async () => {
      const connection = await bench.serve();
      const answer = bench.acceptor.onMessage;
      bench.acceptor.onMessage = (from, message) => message.type === "2" || answer(from, message);
      connection.skip(3);
      connection.send("W", snapshot(connection.received[1].get(262) ?? "", "A", ["3", "4"]));
      await connection.receives("2");
    },
  },
  {
    what: "memory is full",
    enter: async () => {
      const connection = await bench.serve();
      bench.pressure.set(true);
      connection.send("W", snapshot(connection.received[1].get(262) ?? "", "A", ["3", "4"]));
      await Bun.sleep(20);
    },
  },
  {
    what: "our Logout waits for its answer",
    enter: async () => {
      await bench.serve();
      bench.acceptor.onMessage = () => true;
      bench.controller.abort();
      await bench.acceptor.newest.receives("5");
    },
  },
];

test.each(STATES.map((state) => [state.what, state] as const))("a session may end while %s", async (_what, state) => {
  bench = new SessionBench(state.options ?? {});
  await state.enter();
  bench.controller.abort();
  const end = await bench.session?.ended;
  expect(end).toEqual({ reason: "aborted" });
  expect(bench.pressure.listeners).toBe(0);
  expect(bench.clock.armedTimers).toBe(0);
  expect(readdirSync(bench.folder).filter((name) => name.endsWith(".lock"))).toEqual([]);
});

test("a session that ends over a certificate it cannot use gives its lock back", async () => {
  bench = new SessionBench({ tls: { ...TLS, caPem: "no PEM", certPem: "no PEM", keyPem: () => "no PEM" } });
  expect(await bench.run()).toMatchObject({ code: "config_invalid" });
  expect(readdirSync(bench.folder).filter((name) => name.endsWith(".lock"))).toEqual([]);
});
