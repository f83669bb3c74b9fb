import { type Attributes, type HrTime, ValueType } from "@opentelemetry/api";
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { LATENCY_BOUNDS_US, type LatencyHistogram } from "../../runtime/latency-histogram.ts";
import type { MetricDeclaration } from "../metric-declaration.ts";
import { METRIC_GROUPS } from "../metrics.ts";
import type { MetricsSnapshot } from "../metrics-snapshot.ts";

/** The time a point stands for: counters count from the start of the program. */
interface Span {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

const BOUNDARIES_SECONDS = LATENCY_BOUNDS_US.map((boundUs) => boundUs / 1e6);

/** One snapshot as OpenTelemetry has metrics: the names, labels and values of `/metrics`. */
export function metricsPayload(snapshot: MetricsSnapshot): ResourceMetrics {
  const span = { startTime: toHrTime(snapshot.startTimeSeconds), endTime: toHrTime(snapshot.wallMs / 1000) };
  const metrics = METRIC_GROUPS.flatMap((group) => group.metrics.map((metric) => toMetricData(metric, snapshot, span)));
  const scope = { name: "edge-ingester", version: snapshot.build.version };
  // A collector refuses metrics without points.
  return {
    resource: resourceOf(snapshot),
    scopeMetrics: [{ scope, metrics: metrics.filter(({ dataPoints }) => dataPoints.length > 0) }],
  };
}

/** By the semantic conventions of OpenTelemetry for services. */
function resourceOf({ build }: MetricsSnapshot): Resource {
  return resourceFromAttributes({
    "service.name": "edge-ingester",
    "service.version": build.version,
    "service.instance.id": build.instanceId,
    "process.runtime.name": "bun",
    "process.runtime.version": build.bunVersion,
  });
}

function toMetricData(metric: MetricDeclaration, snapshot: MetricsSnapshot, span: Span): MetricData {
  const { name, help, labels } = metric;
  const descriptor = { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE };
  const common = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
  if (metric.type === "histogram") {
    const dataPoints: DataPoint<Histogram>[] = [];
    metric.read(snapshot, (histogram, ...values) => {
      dataPoints.push({ ...span, attributes: toAttributes(labels, values), value: toHistogram(histogram) });
    });
    return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints: DataPoint<number>[] = [];
  metric.read(snapshot, (value, ...values) => {
    // JSON has no infinity: a gauge without a finite value has no point.
    if (Number.isFinite(value)) dataPoints.push({ ...span, attributes: toAttributes(labels, values), value });
  });
  if (metric.type === "counter") return { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
  return { ...common, dataPointType: DataPointType.GAUGE, dataPoints };
}

function toHistogram({ counts, count, sumUs }: LatencyHistogram): Histogram {
  return { buckets: { boundaries: BOUNDARIES_SECONDS, counts: [...counts] }, sum: sumUs / 1e6, count };
}

function toAttributes(labels: readonly string[], values: readonly string[]): Attributes {
  return Object.fromEntries(labels.map((label, index) => [label, values[index] ?? ""]));
}

/** In the words of UCUM, as OpenTelemetry asks. */
function unitOf(name: string): string {
  if (/_seconds(?:_total)?$/.test(name)) return "s";
  if (/_bytes(?:_total)?$/.test(name)) return "By";
  return name.endsWith("_bytes_per_second") ? "By/s" : "1";
}

function toHrTime(seconds: number): HrTime {
  const whole = Math.floor(seconds);
  return [whole, Math.round((seconds - whole) * 1e9)];
}
