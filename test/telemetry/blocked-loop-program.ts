// An admin server in a process of its own, whose event loop is blocked on command: a line of standard input says for how
// many ms. Prints where it listens.
import { SystemClock } from "../../src/runtime/system-clock.ts";
import { startAdminServer } from "../../src/telemetry/admin-server.ts";
import { DashboardTaps } from "../../src/telemetry/dashboard/dashboard-taps.ts";
import { HealthMonitor } from "../../src/telemetry/health.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { createMetricsRegistry } from "../../src/telemetry/metrics-registry.ts";
import { createSnapshotReader } from "../../src/telemetry/metrics-snapshot.ts";
import { FakeSource } from "./fake-source.ts";

const clock = new SystemClock();
const source = new FakeSource();
const health = new HealthMonitor({ clock, source });
health.start();
const build = { version: "0", commit: "0", bunVersion: Bun.version, instanceId: "blocked" };
const takeSnapshot = createSnapshotReader({ source, loop: health.loop, clock, build });
const redact = (text: string) => text;
const { url } = startAdminServer({
  host: "127.0.0.1",
  port: 0,
  health,
  metrics: createMetricsRegistry(takeSnapshot),
  takeSnapshot,
  redact,
  log: createLog({ level: "silent", redact, clock }),
  clock,
  taps: new DashboardTaps(),
  control: { apply: async () => ({ kind: "unknown", message: "there is no feed" }) },
  tokens: [],
  tls: null,
});
console.log(url);
for await (const line of console) {
  const endMs = clock.monotonicMs() + Number(line);
  while (clock.monotonicMs() < endMs);
}
process.exit(0);
