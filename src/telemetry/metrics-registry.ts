import { Counter, Gauge, type Metric, Registry } from "prom-client";
import { LATENCY_BOUNDS_US, type LatencyHistogram } from "../runtime/latency-histogram.ts";
import type { EmitHistogram, MetricDeclaration } from "./metric-declaration.ts";
import { METRIC_GROUPS } from "./metrics.ts";
import type { MetricsSnapshot } from "./metrics-snapshot.ts";

/** Renders the metrics as Prometheus text. */
export interface MetricsRegistry {
  readonly contentType: string;
  /** Takes one snapshot and renders all of it. Calls that come while one renders share its text. */
  render(): Promise<string>;
}

/** One sample as prom-client's registry prints it. */
interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** A registry of its own (never prom-client's global one) with every declared metric. */
export function createMetricsRegistry(takeSnapshot: () => MetricsSnapshot): MetricsRegistry {
  const registry = new Registry();
  let snapshot: MetricsSnapshot;
  let pending: Promise<string> | null = null;
  for (const group of METRIC_GROUPS) {
    for (const metric of group.metrics) register(registry, metric, () => snapshot);
  }
  return {
    contentType: registry.contentType,
    render: () => {
      if (pending !== null) return pending;
      snapshot = takeSnapshot();
      pending = registry.metrics().finally(() => {
        pending = null;
      });
      return pending;
    },
  };
}

function register(registry: Registry, metric: MetricDeclaration, current: () => MetricsSnapshot): void {
  if (metric.type === "histogram") {
    // The registry asks a metric only for its name, help, type and samples.
    registry.registerMetric(new CopiedHistogram(metric, current) as unknown as Metric);
    return;
  }
  const { name, help, labels, read } = metric;
  const common = { name, help, labelNames: labels, registers: [registry] };
  if (metric.type === "counter") {
    new Counter({
      ...common,
      collect() {
        this.reset();
        read(current(), (value, ...values) => this.inc(toLabels(labels, values), value));
      },
    });
    return;
  }
  new Gauge({
    ...common,
    collect() {
      this.reset();
      read(current(), (value, ...values) => this.set(toLabels(labels, values), value));
    },
  });
}

/** prom-client's histogram can only observe one value at a time; this one shows the counts we already have. */
class CopiedHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = "histogram";
  readonly aggregator = "sum";
  readonly #labels: readonly string[];
  readonly #read: (snapshot: MetricsSnapshot, emit: EmitHistogram) => void;
  readonly #current: () => MetricsSnapshot;

  constructor(metric: MetricDeclaration & { type: "histogram" }, current: () => MetricsSnapshot) {
    this.name = metric.name;
    this.help = metric.help;
    this.#labels = metric.labels;
    this.#read = metric.read;
    this.#current = current;
  }

  /** Called by the registry at a scrape. */
  async get() {
    const values: Sample[] = [];
    this.#read(this.#current(), (histogram, ...labels) => {
      this.#addSamples(values, histogram, toLabels(this.#labels, labels));
    });
    return { name: this.name, help: this.help, type: this.type, aggregator: this.aggregator, values };
  }

  #addSamples(values: Sample[], histogram: LatencyHistogram, labels: Record<string, string>): void {
    const metricName = `${this.name}_bucket`;
    let below = 0;
    for (let i = 0; i < LATENCY_BOUNDS_US.length; i++) {
      below += histogram.counts[i];
      values.push({ metricName, labels: { ...labels, le: LATENCY_BOUNDS_US[i] / 1e6 }, value: below });
    }
    values.push({ metricName, labels: { ...labels, le: "+Inf" }, value: histogram.count });
    values.push({ metricName: `${this.name}_sum`, labels, value: histogram.sumUs / 1e6 });
    values.push({ metricName: `${this.name}_count`, labels, value: histogram.count });
  }
}

function toLabels(names: readonly string[], values: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let i = 0; i < names.length; i++) labels[names[i]] = values[i];
  return labels;
}
