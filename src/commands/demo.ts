import type { App } from "../app.ts";
import { VERSION } from "../build-info.ts";
import { IngestError } from "../domain/ingest-error.ts";
import { DEMO_USAGE, type DemoOptions, parseDemoArguments } from "../simulator/demo-options.ts";
import { type DemoPlan, startDemo } from "../simulator/demo-plan.ts";
import type { BoardSnapshot } from "../telemetry/board-snapshot.ts";
import { LatestQuotes } from "../telemetry/latest-quotes.ts";
import { TerminalBoard } from "../telemetry/terminal-board.ts";
import { type Command, type CommandContext, ExitCode } from "./command.ts";
import { loadAll } from "./load.ts";
import { runApp } from "./run.ts";

/** After the last message of a recording: what is on its way may arrive, ms. */
const REPLAY_SETTLE_MS = 1000;
/** Faults shown below the board. */
const FAULTS_SHOWN = 2;

/** `edge-ingester demo`. */
export const demoCommand: Command = {
  name: "demo",
  summary: "The real pipeline against loopback venues, with no outside service",
  help: `${DEMO_USAGE}
Examples:
  edge-ingester demo
  edge-ingester demo --seconds 10 --rate 2000 --faults --plain
  edge-ingester demo --venue lp-alpha --faults
  edge-ingester demo --venue binance --replay recording.jsonl --speed full
`,
  async run(context) {
    let options: DemoOptions;
    let plan: DemoPlan;
    const faults: string[] = [];
    try {
      options = parseDemoArguments(context.args, context.random);
      plan = startDemo(options, {
        clock: context.clock,
        onFault: ({ venue, what }) => {
          faults.push(`fault: ${venue} ${what}`);
          faults.splice(0, faults.length - FAULTS_SHOWN);
          if (context.terminal === null || options.isPlain) context.print(`fault: ${venue} ${what}\n`);
        },
      });
    } catch (error) {
      if (!(error instanceof IngestError)) throw error;
      context.complain(`${error.message}\n`);
      return ExitCode.usage;
    }
    try {
      return await runDemo(context, options, { plan, faults });
    } finally {
      plan.stop();
    }
  },
};

async function runDemo(
  context: CommandContext,
  options: DemoOptions,
  { plan, faults }: { plan: DemoPlan; faults: readonly string[] },
): Promise<number> {
  // The demo is no service: it may be tried by whoever has the machine.
  const loaded = await loadAll({ ...context, userId: undefined }, plan.env);
  if (loaded === null) throw new Error("Bug: the demo's own configuration was refused");
  const { clock } = context;
  const stop = new AbortController();
  context.stop.addEventListener("abort", () => stop.abort(), { once: true });
  if (options.seconds !== null) clock.schedule(options.seconds * 1000, () => stop.abort());
  void plan.replayFinished.then(() => clock.schedule(REPLAY_SETTLE_MS, () => stop.abort()));
  let latest: LatestQuotes | null = null;
  const code = await runApp({ ...context, stop: stop.signal }, loaded, {
    tapQuotes: (next) => {
      latest = new LatestQuotes(next);
      return latest;
    },
    onStarted: (app) => {
      const isLive = context.terminal !== null && !options.isPlain;
      const hints = [...plan.description, `Look at ${app.adminUrl}/status, ${app.adminUrl}/metrics; Ctrl-C ends`];
      if (!isLive) context.print(`${hints.join("\n")}\n`);
      const board = new TerminalBoard({
        clock,
        output: {
          columns: context.terminal?.columns ?? 100,
          rows: context.terminal?.rows ?? 40,
          write: context.print,
        },
        style: isLive ? "live" : "plain",
        readSnapshot: () =>
          readSnapshot(
            app,
            { startMs, nowMs: clock.monotonicMs(), latest, hints: [...hints, ...faults] },
            clock.wallUs(),
          ),
      });
      const startMs = clock.monotonicMs();
      board.start();
      return () => {
        board.stop();
        context.print(renderLedger(app));
      };
    },
  });
  return code;
}

function readSnapshot(
  app: App,
  view: { startMs: number; nowMs: number; latest: LatestQuotes | null; hints: readonly string[] },
  wallUs: number,
): BoardSnapshot {
  const { status } = app;
  const ledger = status.ledger();
  const total = (pick: (row: (typeof ledger)[number]) => number) => ledger.reduce((sum, row) => sum + pick(row), 0);
  return {
    title: `edge-ingester ${VERSION} demo`,
    uptimeMs: view.nowMs - view.startMs,
    nowMs: Math.floor(wallUs / 1000),
    adminUrl: app.adminUrl,
    sink: status.sink().kind,
    accepted: total((row) => row.accepted),
    acked: total((row) => row.acked),
    dropped: total((row) => Object.values(row.dropped).reduce((sum, count) => sum + count, 0)),
    spool: status.spool(),
    feeds: status.feeds().filter((feed) => feed.state !== "disabled"),
    latencies: status.latencies().venueToEdge,
    quotes: view.latest?.quotes() ?? [],
    hints: view.hints,
  };
}

/** What became of everything that was accepted, one line a feed: the demo ends with its account. */
function renderLedger(app: App): string {
  // No spool here: the demo's quotes go to a local file.
  const lines = app.status.ledger().map(({ source, accepted, acked, inMemory, dropped, balanceError }) => {
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    const verdict = balanceError === 0 ? "balances" : `is off by ${balanceError}`;
    return `${source}: accepted ${accepted} = acked ${acked} + in memory ${inMemory} + dropped ${lost}; the ledger ${verdict}`;
  });
  return `${lines.join("\n")}\n`;
}
