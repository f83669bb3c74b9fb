import { App, type AppOptions } from "../app.ts";
import { startMetricsExport } from "../assembly/start-metrics-export.ts";
import { COMMIT, VERSION } from "../build-info.ts";
import { errorFields } from "../domain/log.ts";
import { createLog } from "../telemetry/log.ts";
import { type Command, type CommandContext, ExitCode } from "./command.ts";
import { type Loaded, loadAll } from "./load.ts";
import { parseOptions } from "./parse-options.ts";

/** `edge-ingester run`: the service itself. */
export const runCommand: Command = {
  name: "run",
  summary: "Read the venues and publish (default)",
  help: `edge-ingester run

Reads every enabled feed and publishes to the sink until SIGTERM or SIGINT; then stops the feeds, drains what it has
within DRAIN_MS and ends. A second signal ends it at once. Configured by environment variables alone:
'edge-ingester help config' lists them, 'edge-ingester check' tries them. SIGHUP reads secrets, certificates and profiles from
their files anew: each feed takes them for its next session.

Exit code: 0 when everything accepted was acknowledged, 1 when quotes were lost at the end or the sink failed for good,
2 when the configuration is wrong (nothing is connected then).

Examples:
  SINK=stdout edge-ingester run | head -3
  KAFKA_BROKERS=broker-1:9092,broker-2:9092 FEEDS=binance,kraken KRAKEN_SYMBOLS=BTC/USD edge-ingester run
`,
  async run(context) {
    const options = parseOptions(context.args, {});
    if ("problem" in options) {
      context.complain(`${options.problem}\n`);
      return ExitCode.usage;
    }
    const loaded = await loadAll(context);
    return loaded === null ? ExitCode.usage : await runApp(context, loaded);
  },
};

/** Runs the program on a good configuration until it is told to stop or the sink fails for good. */
export async function runApp(
  context: CommandContext,
  loaded: Loaded,
  more: Partial<Pick<AppOptions, "tapQuotes" | "createFeeds">> & { onStarted?(app: App): () => void } = {},
): Promise<number> {
  const { config, feeds, redact, readSecret, reread, warnings } = loaded;
  const { clock, random } = context;
  const isText = config.log.format === "text" || (config.log.format === "auto" && context.isLogRead === true);
  const log = createLog({ level: config.log.level, format: isText ? "text" : "json", redact, clock });
  for (const { variable, message } of warnings) log.warn({ variable, message }, "config_warning");
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve;
  });
  const session = newSessionId(clock.wallUs(), random);
  log.info({ version: VERSION, commit: COMMIT, session, sink: config.sink.kind }, "starting");
  let app: App;
  try {
    app = new App({
      config,
      feeds,
      clock,
      random,
      log,
      redact,
      readSecret,
      reread,
      session,
      build: { version: VERSION, commit: COMMIT, bunVersion: Bun.version, instanceId: config.instanceId },
      onFatal: (error) => fail(error),
      ...(more.tapQuotes === undefined ? {} : { tapQuotes: more.tapQuotes }),
      ...(more.createFeeds === undefined ? {} : { createFeeds: more.createFeeds }),
    });
    app.start();
    context.onHangup(() => void app.reload("SIGHUP"));
  } catch (error) {
    log.error(errorFields(error), "start_failed");
    log.close();
    return ExitCode.failed;
  }
  const { takeSnapshot } = app;
  const stopExport = await startMetricsExport(config.otlp, { takeSnapshot, clock, log });
  const end = more.onStarted?.(app);
  const reason = await Promise.race([failed, stopped(context.stop)]);
  const isFailed = reason !== STOPPED;
  if (isFailed) log.error(errorFields(reason), "failed");
  // A sink that has failed for good takes nothing any more: there is nothing to wait for.
  const isDrained = await (isFailed ? app.stop(0) : app.stop());
  end?.();
  stopExport();
  log.close();
  return isDrained && !isFailed ? ExitCode.ok : ExitCode.failed;
}

const STOPPED = Symbol("stopped");

function stopped(signal: AbortSignal): Promise<typeof STOPPED> {
  if (signal.aborted) return Promise.resolve(STOPPED);
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(STOPPED), { once: true }));
}

/** Sorts by start time, and differs between two starts in one ms: base 36 time and chance. */
function newSessionId(wallUs: number, random: () => number): string {
  const chance = Math.floor(random() * 36 ** 8);
  return `${Math.floor(wallUs / 1000).toString(36)}-${chance.toString(36).padStart(8, "0")}`;
}
