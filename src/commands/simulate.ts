import { IngestError } from "../domain/ingest-error.ts";
import { runSimulatorProcess } from "../simulator/simulate-command.ts";
import { type Command, ExitCode } from "./command.ts";

/** `edge-ingester simulate`: one loopback venue in a process of its own, for the bench and for trials. Not listed. */
export const simulateCommand: Command = {
  name: "simulate",
  summary: "One loopback venue",
  help: `edge-ingester simulate --venue NAME [--rate N|full] [--symbols A,B] [--seed N] [--port N] [--limit N]
edge-ingester simulate --venue LP-OVER-FIX … [--levels N] [--cert FILE --key FILE]
edge-ingester simulate --venue VENUE-OVER-REST-OR-GRPC … [--cert FILE --key FILE]
edge-ingester simulate --replay FILE [--venue NAME] [--speed N|full]

Prints one JSON line when it listens, and its counters as another when it ends. \`settings\` in the first is what a feed
must be set to: variables without the feed's prefix, such as URL; HOST, PORT, SENDER and TARGET for an LP over FIX;
ADDRESS and TLS for a venue over gRPC.

Examples:
  edge-ingester simulate --venue binance --rate 1000 --port 9001
  edge-ingester simulate --venue fix-generic --rate full
  edge-ingester simulate --venue binance-rest --rate 100
`,
  async run(context) {
    try {
      await runSimulatorProcess(context.args, {
        clock: context.clock,
        random: context.random,
        writeLine: (text) => context.print(`${text}\n`),
        signal: context.stop,
      });
      return ExitCode.ok;
    } catch (error) {
      if (!(error instanceof IngestError)) throw error;
      context.complain(`${error.message}\n`);
      return ExitCode.usage;
    }
  },
};
