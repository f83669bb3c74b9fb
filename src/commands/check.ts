import { checkFeed } from "../assembly/check-feed.ts";
import { kafkaEndpoint, topicVariables } from "../assembly/create-transport.ts";
import { enabledFeeds } from "../assembly/prepare-feeds.ts";
import { describeConfigJson, describeConfigTable } from "../config/describe-config.ts";
import { checkKafka } from "../publish/kafka/check-connection.ts";
import { RequestBudget } from "../runtime/request-budget.ts";
import { createLog } from "../telemetry/log.ts";
import { sanitizeText } from "../telemetry/sanitize-text.ts";
import { type Command, type CommandContext, ExitCode } from "./command.ts";
import { type Loaded, loadAll } from "./load.ts";
import { parseOptions } from "./parse-options.ts";
import { renderTable } from "./table.ts";

/** One thing that was tried. */
interface CheckRow {
  readonly subject: string;
  readonly variable: string;
  readonly isGood: boolean;
  readonly detail: string;
}

/** `edge-ingester check`. */
export const checkCommand: Command = {
  name: "check",
  summary: "Check the configuration and show it; with --connect try every connection once",
  help: `edge-ingester check [--connect] [--json]

Prints the effective configuration, secrets redacted, and where each value comes from. Nothing is connected unless
--connect is given: then every feed connects and subscribes once, every broker and topic is looked at, and a table says
what came of it. Nothing is published. A FIX feed logs on with the session numbers of STATE_DIR, so it cannot be tried
while the service uses them; outside its trading hours it is not tried.

Exit code: 0 when all is well, 1 when a connection failed, 2 when the configuration is wrong.

Examples:
  edge-ingester check
  KAFKA_BROKERS=localhost:9092 edge-ingester check --connect
`,
  async run(context) {
    const options = parseOptions(context.args, { connect: { type: "boolean" }, json: { type: "boolean" } });
    if ("problem" in options) {
      context.complain(`${options.problem}\n`);
      return ExitCode.usage;
    }
    const loaded = await loadAll(context);
    if (loaded === null) return ExitCode.usage;
    const rows = options.values.connect === true ? await tryConnections(context, loaded) : null;
    if (options.values.json === true) {
      context.print(`${JSON.stringify({ ...describeConfigJson(loaded), connections: rows }, null, 2)}\n`);
    } else {
      context.print(describeConfigTable(loaded));
      if (rows !== null) context.print(`\n${connectionTable(rows)}`);
    }
    return rows?.some((row) => !row.isGood) ? ExitCode.failed : ExitCode.ok;
  },
};

async function tryConnections(context: CommandContext, loaded: Loaded): Promise<CheckRow[]> {
  const { config, redact } = loaded;
  const { clock, random, complain } = context;
  const log = createLog({ level: "silent", redact, clock });
  const enabled = enabledFeeds(loaded.feeds);
  const parts = { clock, budget: new RequestBudget(clock), readSecret: loaded.readSecret, stateDir: config.stateDir };
  complain(`Trying ${enabled.length} feeds${config.kafka.brokers.length > 0 ? " and Kafka" : ""} ...\n`);
  const kafka =
    config.kafka.brokers.length === 0
      ? Promise.resolve([])
      : checkKafka({
          endpoint: kafkaEndpoint(config.kafka),
          tools: { clock, random, log },
          topicVariables: topicVariables(config),
        });
  const [feedRows, kafkaRows] = await Promise.all([Promise.all(enabled.map((feed) => checkFeed(feed, parts))), kafka]);
  log.close();
  return [...feedRows, ...kafkaRows].map((row) => ({ ...row, detail: sanitizeText(redact(row.detail)) }));
}

function connectionTable(rows: readonly CheckRow[]): string {
  return renderTable(
    ["connection", "result", "variable", "detail"],
    rows.map((row) => [row.subject, row.isGood ? "ok" : "FAILED", row.variable, row.detail]),
  );
}
