import { kafkaEndpoint, topicPlans } from "../assembly/create-transport.ts";
import { IngestError } from "../domain/ingest-error.ts";
import { createTopics } from "../publish/kafka/topics.ts";
import { createLog } from "../telemetry/log.ts";
import { type Command, ExitCode } from "./command.ts";
import { loadAll } from "./load.ts";
import { parseOptions } from "./parse-options.ts";
import { renderTable } from "./table.ts";

/** `edge-ingester topics create`. */
export const topicsCommand: Command = {
  name: "topics",
  summary: "Create the Kafka topics",
  help: `edge-ingester topics create [--json]

Creates the topics that are missing, as KAFKA_TOPIC_PARTITIONS, KAFKA_TOPIC_REPLICATION and KAFKA_TOPIC_RETENTION_MS say
(the events and the rejected topic get one partition); with BACKFILL=live_first the backfill topic too. Topics that exist
are never changed; differences are told.

Example:
  KAFKA_BROKERS=localhost:9092 edge-ingester topics create
`,
  async run(context) {
    const options = parseOptions(context.args, { json: { type: "boolean" } }, 1);
    if ("problem" in options || options.words.join(" ") !== "create") {
      context.complain("problem" in options ? `${options.problem}\n` : topicsCommand.help);
      return ExitCode.usage;
    }
    const loaded = await loadAll(context);
    if (loaded === null) return ExitCode.usage;
    const { config, redact } = loaded;
    if (config.kafka.brokers.length === 0) {
      context.complain("Cannot create topics as KAFKA_BROKERS must name a broker: it is not set\n");
      return ExitCode.usage;
    }
    const log = createLog({ level: config.log.level, redact, clock: context.clock });
    try {
      const tools = { clock: context.clock, random: context.random, log };
      const reports = await createTopics({ endpoint: kafkaEndpoint(config.kafka), tools, plans: topicPlans(config) });
      if (options.values.json === true) context.print(`${JSON.stringify(reports)}\n`);
      else context.print(topicTable(reports));
      return ExitCode.ok;
    } catch (error) {
      if (!(error instanceof IngestError)) throw error;
      context.complain(`${redact(error.message)}\n`);
      return ExitCode.failed;
    } finally {
      log.close();
    }
  },
};

function topicTable(reports: Awaited<ReturnType<typeof createTopics>>): string {
  const rows = reports.map((report) => [
    report.topic,
    report.state,
    String(report.partitions),
    String(report.replication),
    report.retentionMs === null ? "?" : report.retentionMs < 0 ? "for ever" : `${report.retentionMs} ms`,
    report.differences.length === 0 ? "" : `differs: ${report.differences.join("; ")}`,
  ]);
  return renderTable(["topic", "state", "partitions", "replication", "retention", ""], rows);
}
