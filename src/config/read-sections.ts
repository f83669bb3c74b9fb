import type * as z from "zod";
import { readAdmin } from "./admin-settings.ts";
import type { Config, FeedConfig, LimitsConfig, SinkConfig } from "./config.ts";
import type { PlannedFeed } from "./feed-plan.ts";
import { readFeed } from "./feed-settings.ts";
import { readKafka } from "./kafka-settings.ts";
import { readOtlp } from "./otlp-settings.ts";
import { type ConfigProblem, type ConfigWarning, stateProblem, valueProblem } from "./problems.ts";
import { GENERAL_VARIABLES, MEMORY_VARIABLES, RECONNECT_VARIABLES, SQLITE_VARIABLES } from "./process-variables.ts";
import { parseSection, type SectionContext } from "./section.ts";
import { readSpool, type SpoolSettings } from "./spool-settings.ts";

type General = z.output<typeof GENERAL_VARIABLES>;
type Memory = z.output<typeof MEMORY_VARIABLES>;

/** All sections together; `config` is null when one of them is not well-formed. */
export interface Sections {
  readonly config: Config | null;
  /** The feeds that are well-formed, also when something else is not. */
  readonly feeds: readonly FeedConfig[];
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** Checks every section by itself, then what they ask of each other, and builds the configuration from them. */
export function readSections(plannedFeeds: readonly PlannedFeed[], context: SectionContext): Sections {
  const general = parseSection(GENERAL_VARIABLES, "", context);
  const kafka = readKafka(context);
  const memory = parseSection(MEMORY_VARIABLES, "", context);
  const spool = readSpool(context);
  const reconnect = parseSection(RECONNECT_VARIABLES, "", context);
  const sqlite = parseSection(SQLITE_VARIABLES, "", context);
  const admin = readAdmin(context);
  const otlp = readOtlp(context);
  const readFeeds = plannedFeeds.map((plan) => readFeed(plan, context));
  const problems = [general, kafka, memory, spool, reconnect, sqlite, admin, otlp, ...readFeeds].flatMap(
    (section) => section.problems,
  );
  if (general.partial.SINK === "kafka" && !context.texts.has("KAFKA_BROKERS")) problems.push(brokersMissing());
  problems.push(...checkMemory(memory.partial), ...checkSpool(spool, general.partial, memory.partial));
  const warnings = [kafka, spool, admin, otlp, ...readFeeds].flatMap((section) => section.warnings);
  const feeds = readFeeds.map((read) => read.feed).filter((feed) => feed !== null);
  if (
    general.values === null ||
    kafka.kafka === null ||
    kafka.topics === null ||
    kafka.valueFormat === null ||
    memory.values === null ||
    spool.spool === null ||
    reconnect.values === null ||
    sqlite.values === null ||
    admin.admin === null ||
    otlp.otlp === undefined ||
    feeds.length !== plannedFeeds.length
  ) {
    return { config: null, feeds, problems, warnings };
  }
  const config: Config = {
    instanceId: derived(general.values.INSTANCE_ID),
    rawPayload: general.values.RAW_PAYLOAD,
    valueFormat: kafka.valueFormat,
    stateDir: derived(general.values.STATE_DIR),
    feeds,
    reconnect: {
      onExhausted: reconnect.values.RECONNECT_EXHAUSTED,
      connectsPerSecond: reconnect.values.CONNECTS_PER_SECOND,
    },
    topics: kafka.topics,
    kafka: kafka.kafka,
    sink: buildSink(derived(general.values.SINK), sqlite.values),
    spool: spool.spool,
    limits: buildLimits(memory.values, general.values),
    admin: admin.admin,
    otlp: otlp.otlp,
    log: { level: general.values.LOG_LEVEL, format: general.values.LOG_FORMAT },
  };
  if (problems.length === 0) problems.push(...checkFeeds(feeds));
  return { config, feeds, problems, warnings: [...warnings, ...warnAcross(config)] };
}

/** `loadConfig` fills in these defaults before anything is parsed. */
function derived<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("Cannot build the configuration: a derived default was not set");
  return value;
}

function buildSink(kind: SinkConfig["kind"], sqlite: z.output<typeof SQLITE_VARIABLES>): SinkConfig {
  if (kind !== "sqlite") return { kind };
  return {
    kind,
    file: sqlite.SQLITE_FILE,
    maxBytes: sqlite.SQLITE_MAX_BYTES,
    maxAgeMs: sqlite.SQLITE_MAX_AGE_MS,
  };
}

function buildLimits(memory: Memory, general: General): LimitsConfig {
  return {
    batchMaxBytes: memory.BATCH_MAX_BYTES,
    lingerMs: memory.LINGER_MS,
    memoryMaxBytes: memory.MEMORY_MAX_BYTES,
    memoryPauseMaxMs: memory.MEMORY_PAUSE_MAX_MS,
    drainMs: general.DRAIN_MS,
  };
}

function brokersMissing(): ConfigProblem {
  return stateProblem("KAFKA_BROKERS", "be set when SINK is kafka", "it is not set");
}

/** One batch must be able to fill while another is on its way. */
function checkMemory(memory: Partial<Memory>): ConfigProblem[] {
  const { BATCH_MAX_BYTES: batchMaxBytes, MEMORY_MAX_BYTES: memoryMaxBytes } = memory;
  if (batchMaxBytes === undefined || memoryMaxBytes === undefined || memoryMaxBytes >= 2 * batchMaxBytes) return [];
  const wanted = `be >= ${2 * batchMaxBytes}, twice BATCH_MAX_BYTES`;
  return [valueProblem("MEMORY_MAX_BYTES", { text: String(memoryMaxBytes), display: "plain" }, wanted)];
}

/** Only what waits for Kafka is spooled, and the spool must hold a batch while another is written. */
function checkSpool({ partial }: SpoolSettings, { SINK: sink }: Partial<General>, memory: Partial<Memory>) {
  const problems: ConfigProblem[] = [];
  const { SPOOL_MODE: mode, SPOOL_MAX_BYTES: maxBytes } = partial;
  if (mode !== undefined && mode !== "off" && sink !== undefined && sink !== "kafka") {
    const shown = { text: mode, display: "plain" } as const;
    problems.push(valueProblem("SPOOL_MODE", shown, `be off when SINK is ${sink}`, "only SINK=kafka has a spool"));
  }
  const { BATCH_MAX_BYTES: batchMaxBytes } = memory;
  if (maxBytes !== undefined && batchMaxBytes !== undefined && maxBytes < 2 * batchMaxBytes) {
    const wanted = `be >= ${2 * batchMaxBytes}, twice BATCH_MAX_BYTES`;
    problems.push(valueProblem("SPOOL_MAX_BYTES", { text: String(maxBytes), display: "plain" }, wanted));
  }
  return problems;
}

function checkFeeds(feeds: readonly FeedConfig[]): ConfigProblem[] {
  if (feeds.some((feed) => feed.isEnabled)) return [];
  return [stateProblem("FEEDS", "leave at least one feed enabled", "every feed is disabled")];
}

function warnAcross(config: Config): ConfigWarning[] {
  const warnings: ConfigWarning[] = [];
  if (config.sink.kind !== "kafka" && config.kafka.brokers.length > 0) {
    const message = `SINK is ${config.sink.kind}: nothing is written to KAFKA_BROKERS`;
    warnings.push({ variable: "SINK", message });
  }
  return warnings;
}
