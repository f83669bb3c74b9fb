import type { FeedState } from "../domain/feed-event.ts";
import type { SubscriptionStatus } from "../domain/feed-status.ts";
import { DROP_REASONS } from "../pipeline/ledger.ts";
import {
  feedCounter,
  feedGauge,
  laneMetric,
  ledgerMetric,
  type MetricDeclaration,
  single,
} from "./metric-declaration.ts";
import type { AppPhase, SinkStatus } from "./metrics-source.ts";
import { SPOOL_METRICS } from "./spool-metrics.ts";

// Every metric of the program. A label's values come from the configuration or from a closed list, never from a venue.

const FEED_STATES: readonly FeedState[] = [
  "disabled",
  "connecting",
  "subscribing",
  "live",
  "stale",
  "backing-off",
  "closed",
  "failed",
  "stopped",
];
const SUBSCRIPTION_STATES: readonly SubscriptionStatus["state"][] = ["pending", "acked", "live", "rejected"];
const PHASES: readonly AppPhase[] = ["starting", "running", "draining"];
const SINK_KINDS: readonly SinkStatus["kind"][] = ["kafka", "stdout", "sqlite", "discard"];

const SPECIFIED: readonly MetricDeclaration[] = [
  ledgerMetric(
    { name: "market_data_raw_ticks_total", type: "counter", help: "Raw quotes received and accepted from the source" },
    (row) => row.accepted,
  ),
  feedCounter("market_data_raw_disconnections_total", "Connections to the source that ended", "disconnections"),
  feedCounter("market_data_raw_parse_errors_total", "Messages of the source that could not be decoded", "parseErrors"),
  ledgerMetric(
    {
      name: "market_data_raw_published_total",
      type: "counter",
      help: "Raw quotes of the source acknowledged by the sink",
    },
    (row) => row.acked,
  ),
  {
    name: "market_data_raw_publish_errors_total",
    type: "counter",
    help: "Failed attempts to write a batch, counted once for each source with quotes in it; the batch is tried again",
    labels: ["source"],
    read: ({ publishErrors }, emit) => {
      for (const { source, count } of publishErrors) emit(count, source);
    },
  },
];

const LEDGER: readonly MetricDeclaration[] = [
  ledgerMetric(
    { name: "ingester_quotes_accepted_total", type: "counter", help: "Ledger: quotes accepted from the source" },
    (row) => row.accepted,
  ),
  ledgerMetric(
    {
      name: "ingester_quotes_recovered_total",
      type: "counter",
      help: "Ledger: quotes found on the spool at the start, accepted by an earlier life of the process",
    },
    (row) => row.recovered,
  ),
  ledgerMetric(
    {
      name: "ingester_quotes_acked_total",
      type: "counter",
      help: "Ledger: quotes acknowledged by the sink (Kafka: acks=all)",
    },
    (row) => row.acked,
  ),
  ledgerMetric(
    { name: "ingester_quotes_in_memory", type: "gauge", help: "Ledger: quotes in open and sealed batches now" },
    (row) => row.inMemory,
  ),
  ledgerMetric(
    { name: "ingester_quotes_on_spool", type: "gauge", help: "Ledger: quotes that wait on the disk alone now" },
    (row) => row.onSpool,
  ),
  {
    name: "ingester_quotes_dropped_total",
    type: "counter",
    help: "Ledger: accepted quotes lost for good, by reason; each loss is also published as an event",
    labels: ["source", "reason"],
    read: ({ ledger }, emit) => {
      for (const row of ledger) for (const reason of DROP_REASONS) emit(row.dropped[reason], row.source, reason);
    },
  },
  ledgerMetric(
    {
      name: "ingester_ledger_imbalance_quotes",
      type: "gauge",
      help: "Ledger: accepted + recovered - acked - in memory - on spool - dropped; anything but 0 is a defect of the ingester",
    },
    (row) => row.balanceError,
  ),
  {
    name: "ingester_side_records_acked_total",
    type: "counter",
    help: "Records of the events and the rejected topic acknowledged by the sink",
    labels: [],
    read: ({ sideRecords }, emit) => emit(sideRecords.acked),
  },
  {
    name: "ingester_side_records_dropped_total",
    type: "counter",
    help: "Records of the events and the rejected topic that found no room or were refused",
    labels: [],
    read: ({ sideRecords }, emit) => emit(sideRecords.dropped),
  },
];

const FEEDS: readonly MetricDeclaration[] = [
  {
    name: "ingester_feed_state",
    type: "gauge",
    help: "1 for the state the feed is in, 0 for the others",
    labels: ["source", "state"],
    read: ({ feeds }, emit) => {
      for (const feed of feeds) for (const state of FEED_STATES) emit(feed.state === state ? 1 : 0, feed.name, state);
    },
  },
  feedGauge("ingester_feed_connected", "1 while the feed has a connection", (feed) => (feed.connected ? 1 : 0)),
  feedGauge(
    "ingester_feed_attempts",
    "Tries to connect since the feed was last healthy, the highest of its connections",
    (feed) => feed.connections.reduce((most, connection) => Math.max(most, connection.attempts), 0),
  ),
  {
    name: "ingester_feed_subscriptions",
    type: "gauge",
    help: "Subscriptions of the feed by state",
    labels: ["source", "state"],
    read: ({ feeds }, emit) => {
      for (const feed of feeds) {
        for (const state of SUBSCRIPTION_STATES) {
          emit(feed.subscriptions.filter((one) => one.state === state).length, feed.name, state);
        }
      }
    },
  },
  feedCounter("ingester_feed_messages_total", "Frames received from the source", "messagesReceived"),
  feedCounter("ingester_feed_received_bytes_total", "Bytes received from the source", "bytesReceived"),
  feedCounter("ingester_feed_errors_total", "Sessions of the feed that ended with an error", "errors"),
  feedCounter("ingester_feed_sequence_gaps_total", "Jumps forward in the venue's own numbers", "gaps"),
  feedCounter("ingester_feed_sequence_regressions_total", "Jumps back in the venue's own numbers", "regressions"),
  feedCounter("ingester_feed_duplicates_total", "Quotes left out because the venue had sent them before", "duplicates"),
  feedCounter("ingester_feed_pauses_total", "Times a socket was not read because memory was full", "pauses"),
  {
    name: "ingester_feed_adapter_events_total",
    type: "counter",
    help: "What the transport counts beside: for FIX entries and messages of books that were late, unknown, crossed …",
    labels: ["source", "kind"],
    read: ({ feeds }, emit) => {
      for (const feed of feeds)
        for (const [kind, count] of Object.entries(feed.adapterCounts)) emit(count, feed.name, kind);
    },
  },
  feedGauge(
    "ingester_feed_last_frame_timestamp_seconds",
    "Wall clock of the last frame of any kind, seconds since the epoch; 0 before the first",
    (feed) => (feed.lastHeartbeat ?? 0) / 1000,
  ),
  feedGauge(
    "ingester_feed_last_quote_timestamp_seconds",
    "Wall clock of the last quote, seconds since the epoch; 0 before the first",
    (feed) => (feed.lastQuoteTimeMs ?? 0) / 1000,
  ),
];

const REQUESTS: readonly MetricDeclaration[] = [
  {
    name: "ingester_request_blocked_seconds",
    type: "gauge",
    help: "How long no request may be sent to the host, as its venue asked; 0 when one may now",
    labels: ["host"],
    read: ({ requestBudgets }, emit) => {
      for (const { host, blockedForMs } of requestBudgets) emit(blockedForMs / 1000, host);
    },
  },
  {
    name: "ingester_request_budget_used_ratio",
    type: "gauge",
    help: "Share of the host's window (so many seconds) that is used up, as its venue tells; absent where it does not tell",
    labels: ["host", "window"],
    read: ({ requestBudgets }, emit) => {
      for (const { host, windows } of requestBudgets) {
        for (const { windowMs, usedShare } of windows) {
          if (usedShare !== null) emit(usedShare, host, String(windowMs / 1000));
        }
      }
    },
  },
];

const PUBLISHING: readonly MetricDeclaration[] = [
  {
    name: "ingester_venue_to_edge_seconds",
    type: "histogram",
    help: "Venue's stamp to our receive time, only for quotes with a venue stamp; holds the offset of both clocks",
    labels: ["source"],
    read: ({ latencies }, emit) => {
      for (const { source, histogram } of latencies.venueToEdge) emit(histogram, source);
    },
  },
  {
    name: "ingester_edge_to_ack_seconds",
    type: "histogram",
    help: "First record of a batch in hand to the ack of the batch, counted for each of its quotes: an upper bound",
    labels: [],
    read: ({ latencies }, emit) => emit(latencies.edgeToAck),
  },
  {
    name: "ingester_sink_writable",
    type: "gauge",
    help: "1 while the configured sink can be written, 0 while it cannot; only the configured kind has a sample",
    labels: ["kind"],
    read: ({ sink }, emit) => {
      for (const kind of SINK_KINDS) {
        if (kind === sink.kind) emit(sink.isStarted && sink.trouble === "" ? 1 : 0, kind);
      }
    },
  },
  laneMetric(
    { name: "ingester_lane_sealed_batches", type: "gauge", help: "Batches closed and not yet acked" },
    (lane) => lane.sealedBatches,
  ),
  laneMetric(
    { name: "ingester_lane_sealed_bytes", type: "gauge", help: "Bytes of the batches not yet acked" },
    (lane) => lane.sealedBytes,
  ),
  laneMetric({ name: "ingester_lane_in_flight_batches", type: "gauge", help: "Batches in flight: 0 or 1" }, (lane) =>
    Number(lane.isInFlight),
  ),
  laneMetric(
    { name: "ingester_lane_acked_batches_total", type: "counter", help: "Batches acknowledged" },
    (lane) => lane.ackedBatches,
  ),
  laneMetric(
    { name: "ingester_lane_retries_total", type: "counter", help: "Attempts that ended without an ack" },
    (lane) => lane.retries,
  ),
  laneMetric(
    {
      name: "ingester_lane_possible_duplicates_total",
      type: "counter",
      help: "Batches sent again under a new producer id: each may stand twice in the log",
    },
    (lane) => lane.possibleDuplicates,
  ),
  {
    name: "ingester_lane_last_ack_age_seconds",
    type: "gauge",
    help: "Time since the lane's last ack; no sample before the first",
    labels: ["topic", "partition"],
    read: ({ lanes, nowMs }, emit) => {
      for (const lane of lanes) {
        if (lane.lastAckMs >= 0) emit((nowMs - lane.lastAckMs) / 1000, lane.topic, String(lane.partition));
      }
    },
  },
  single(
    { name: "ingester_lanes_left_out", type: "gauge", help: "Lanes beyond the 512 that have series" },
    (one) => one.lanesLeftOut,
  ),
];

const PROGRAM: readonly MetricDeclaration[] = [
  {
    name: "ingester_phase",
    type: "gauge",
    help: "1 for the phase the program is in, 0 for the others",
    labels: ["phase"],
    read: (snapshot, emit) => {
      for (const phase of PHASES) emit(snapshot.phase === phase ? 1 : 0, phase);
    },
  },
  single(
    { name: "ingester_batch_memory_bytes", type: "gauge", help: "Memory taken by open and sealed batches" },
    (one) => one.memory.usedBytes,
  ),
  single(
    { name: "ingester_batch_memory_limit_bytes", type: "gauge", help: "Budget of that memory" },
    (one) => one.memory.limitBytes,
  ),
  single(
    {
      name: "ingester_event_loop_lag_max_seconds",
      type: "gauge",
      help: "Largest lateness of timers in the last 15 to 30 s",
    },
    (one) => one.lagSummary.maxMs / 1000,
  ),
  single(
    {
      name: "ingester_event_loop_lag_p99_seconds",
      type: "gauge",
      help: "99th percentile of that lateness, rounded up",
    },
    (one) => one.lagSummary.p99Ms / 1000,
  ),
  {
    name: "ingester_event_loop_lag_seconds",
    type: "histogram",
    help: "Lateness of a timer that comes every 50 ms",
    labels: [],
    read: ({ lag }, emit) => emit(lag),
  },
  single(
    {
      name: "ingester_log_lines_left_out_total",
      type: "counter",
      help: "Log lines left out by the limit per cause, or lost because nobody read them",
    },
    (one) => one.logLinesLeftOut,
  ),
  {
    name: "ingester_tls_certificate_not_after_seconds",
    type: "gauge",
    help: "When the first certificate of a configured file runs out, seconds since the epoch; files are read at the start",
    labels: ["file"],
    read: ({ certificates }, emit) => {
      for (const { file, notAfterMs } of certificates) emit(notAfterMs / 1000, file);
    },
  },
  single(
    { name: "process_resident_memory_bytes", type: "gauge", help: "Resident memory" },
    (one) => one.process.residentBytes,
  ),
  single({ name: "process_heap_bytes", type: "gauge", help: "JavaScript heap in use" }, (one) => one.process.heapBytes),
  single(
    { name: "process_cpu_seconds_total", type: "counter", help: "User and system CPU time" },
    (one) => one.process.cpuSeconds,
  ),
  single(
    { name: "process_start_time_seconds", type: "gauge", help: "Start, seconds since the epoch" },
    (one) => one.startTimeSeconds,
  ),
  {
    name: "ingester_build_info",
    type: "gauge",
    help: "Always 1; the labels say what is running",
    labels: ["version", "commit", "bun", "instance"],
    read: ({ build }, emit) => emit(1, build.version, build.commit, build.bunVersion, build.instanceId),
  },
];

/** The metrics in the groups and the order of `docs/metrics.md`. */
export const METRIC_GROUPS: readonly { readonly title: string; readonly metrics: readonly MetricDeclaration[] }[] = [
  { title: "Raw market data", metrics: SPECIFIED },
  { title: "Ledger", metrics: LEDGER },
  { title: "Feeds", metrics: FEEDS },
  { title: "Requests to polled venues", metrics: REQUESTS },
  { title: "Publishing", metrics: PUBLISHING },
  { title: "Spool", metrics: SPOOL_METRICS },
  { title: "Program", metrics: PROGRAM },
];
