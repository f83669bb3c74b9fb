import { SystemClock } from "../../src/runtime/system-clock.ts";
import { startFixSimulator } from "../../src/simulator/simulator.ts";
import { FixClient } from "../simulator/fix/fix-client.ts";

// How fast a simulated LP floods: the client reads bytes and throws them away, in this same process, so the figure is a
// lower bound of what the simulator can do on a core of its own.
//   bun test/bench/fix-simulator.bench.ts [seconds]

const seconds = Number(process.argv[2] ?? 3);

for (const [venue, depth] of [
  ["fix-generic", 1],
  ["fix-generic", 0],
  ["binance-fix", 1],
  ["revolut-fix", 1],
] as const) {
  const lp = startFixSimulator({ venue, seed: 1, ratePerSecond: "full", logon: {}, clock: new SystemClock() });
  const client = new FixClient(lp.port);
  await client.loggedOn();
  client.discard();
  client.subscribe("r1", lp.symbols, { depth });
  await Bun.sleep(500);
  const before = lp.stats();
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await Bun.sleep(seconds * 1000);
  const elapsedMs = performance.now() - startMs;
  const cpu = process.cpuUsage(cpuBefore);
  const after = lp.stats();
  const messages = after.quotesSent - before.quotesSent;
  const perMessageUs = (cpu.user + cpu.system) / messages;
  const bytes = Math.round((after.bytesSent - before.bytesSent) / messages);
  console.log(
    `${venue} depth ${depth}: ${Math.round(messages / elapsedMs)} k msg/s, ${perMessageUs.toFixed(2)} µs CPU and ${bytes} bytes a message`,
  );
  client.vanish();
  lp.stop();
}
