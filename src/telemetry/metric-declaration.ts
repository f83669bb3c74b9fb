import type { FeedStatus } from "../domain/feed-status.ts";
import type { LedgerRow } from "../pipeline/ledger.ts";
import type { LatencyHistogram } from "../runtime/latency-histogram.ts";
import type { MetricsSnapshot } from "./metrics-snapshot.ts";
import type { LaneStatus } from "./metrics-source.ts";

/** Gives one sample: its value, and the label values in the order of the declaration. */
type EmitValue = (value: number, ...labels: readonly string[]) => void;
/** Gives one histogram, which keeps µs and is shown in seconds. */
export type EmitHistogram = (histogram: LatencyHistogram, ...labels: readonly string[]) => void;

/** One metric: what it is called and means, and how it is read out of a snapshot. */
export type MetricDeclaration = {
  readonly name: string;
  /** One sentence, also in `docs/metrics.md`. */
  readonly help: string;
  readonly labels: readonly string[];
} & (
  | { readonly type: "counter" | "gauge"; readonly read: (snapshot: MetricsSnapshot, emit: EmitValue) => void }
  | { readonly type: "histogram"; readonly read: (snapshot: MetricsSnapshot, emit: EmitHistogram) => void }
);

type NumberField<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T];

/** A counter per feed, read from one field of its status. */
export function feedCounter(name: string, help: string, field: NumberField<FeedStatus>): MetricDeclaration {
  const read = ({ feeds }: MetricsSnapshot, emit: EmitValue) => {
    for (const feed of feeds) emit(feed[field], feed.name);
  };
  return { name, type: "counter", help, labels: ["source"], read };
}

/** A gauge per feed. */
export function feedGauge(name: string, help: string, valueFrom: (feed: FeedStatus) => number): MetricDeclaration {
  const read = ({ feeds }: MetricsSnapshot, emit: EmitValue) => {
    for (const feed of feeds) emit(valueFrom(feed), feed.name);
  };
  return { name, type: "gauge", help, labels: ["source"], read };
}

/** What every metric with one kind of row has to say. */
export interface MetricHead {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
}

/** A metric per row of the ledger. */
export function ledgerMetric(head: MetricHead, valueFrom: (row: LedgerRow) => number): MetricDeclaration {
  const read = ({ ledger }: MetricsSnapshot, emit: EmitValue) => {
    for (const row of ledger) emit(valueFrom(row), row.source);
  };
  return { ...head, labels: ["source"], read };
}

/** A metric per lane. */
export function laneMetric(head: MetricHead, valueFrom: (lane: LaneStatus) => number): MetricDeclaration {
  const read = ({ lanes }: MetricsSnapshot, emit: EmitValue) => {
    for (const lane of lanes) emit(valueFrom(lane), lane.topic, String(lane.partition));
  };
  return { ...head, labels: ["topic", "partition"], read };
}

/** A metric without labels. */
export function single(head: MetricHead, valueFrom: (snapshot: MetricsSnapshot) => number): MetricDeclaration {
  const read = (snapshot: MetricsSnapshot, emit: EmitValue) => emit(valueFrom(snapshot));
  return { ...head, labels: [], read };
}
