import type { MetricDeclaration } from "../../src/telemetry/metric-declaration.ts";
import { METRIC_GROUPS } from "../../src/telemetry/metrics.ts";

/** Grafana's grid. */
const GRID_COLUMNS = 24;
const PANEL_WIDTH = 8;
const PANEL_HEIGHT = 7;
/** The data source is asked for when the dashboard is imported. */
const DATA_SOURCE = { type: "prometheus", uid: "$datasource" };
/** Metrics whose names end so have one sample of several that is 1: this label tells which. */
const STATE_LABELS = ["state", "phase"];

/** One curve: what is asked, and how it is named. */
interface Curve {
  readonly expression: string;
  readonly legend: string;
}

/** One diagram before it has a place. */
interface Diagram {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly curves: readonly Curve[];
}

/** What an operator looks at first; everything else is a row further down. */
const OVERVIEW: readonly (Omit<Diagram, "description"> & { readonly metric: string })[] = [
  overview("market_data_raw_ticks_total", "Quotes per second", "short"),
  overview("market_data_raw_published_total", "Acknowledged per second", "short"),
  overview("ingester_feed_state", "Feeds that are not live", "short", {
    expression: `ingester_feed_state{${selector(["source"])}, state!~"live|disabled"} == 1`,
    legend: "{{source}} {{state}}",
  }),
  overview("ingester_venue_to_edge_seconds", "Venue to edge, p99", "s"),
  overview("ingester_edge_to_ack_seconds", "Edge to ack, p99", "s"),
  overview("ingester_quotes_dropped_total", "Quotes lost per second", "short"),
  overview("ingester_spool_backlog_records", "Waiting on the disk", "short"),
  overview("ingester_spool_oldest_age_seconds", "Age of the oldest that waits", "s"),
  overview("process_cpu_seconds_total", "Cores in use", "short"),
];

/** The text of `packaging/grafana/edge-ingester.json`: every declared metric, by the groups of `docs/metrics.md`. */
export function renderGrafanaDashboard(): string {
  const panels: unknown[] = [];
  let id = 1;
  let y = 0;
  const place = (diagrams: readonly Diagram[], top: number) =>
    diagrams.map((diagram, index) => panel(diagram, { id: id++, index, top }));
  panels.push(...place(OVERVIEW.map(describe), y));
  y += Math.ceil(OVERVIEW.length / (GRID_COLUMNS / PANEL_WIDTH)) * PANEL_HEIGHT;
  for (const { title, metrics } of METRIC_GROUPS) {
    const row = { id: id++, type: "row", title, collapsed: true, gridPos: { x: 0, y, w: GRID_COLUMNS, h: 1 } };
    panels.push({ ...row, panels: place(metrics.map(diagramOf), y + 1) });
    y += 1;
  }
  return `${JSON.stringify({ ...FRAME, panels }, null, 2)}\n`;
}

const FRAME = {
  title: "edge-ingester",
  uid: "edge-ingester",
  description: "Generated from the metrics the program declares: scripts/grafana/dashboard.ts",
  tags: ["market-data"],
  schemaVersion: 39,
  version: 1,
  editable: true,
  graphTooltip: 1,
  refresh: "10s",
  time: { from: "now-15m", to: "now" },
  timezone: "utc",
  templating: {
    list: [
      { name: "datasource", type: "datasource", query: "prometheus", label: "Data source" },
      variable("instance", "label_values(ingester_build_info, instance)"),
      variable("source", 'label_values(ingester_feed_state{instance=~"$instance"}, source)'),
    ],
  },
};

function variable(name: string, query: string) {
  const values = { includeAll: true, multi: true, allValue: ".*", current: { text: "All", value: "$__all" } };
  return { name, type: "query", datasource: DATA_SOURCE, query, refresh: 2, sort: 1, label: name, ...values };
}

function overview(metric: string, title: string, unit: string, curve?: Curve) {
  const declared = metricNamed(metric);
  const curves = curve === undefined ? curvesOf(declared).slice(-1) : [curve];
  return { metric, title, unit, curves };
}

function describe({ metric, ...diagram }: (typeof OVERVIEW)[number]): Diagram {
  return { ...diagram, description: metricNamed(metric).help };
}

function metricNamed(name: string): MetricDeclaration {
  const found = METRIC_GROUPS.flatMap(({ metrics }) => metrics).find((metric) => metric.name === name);
  if (found === undefined) throw new Error(`Cannot draw ${name}: no such metric is declared`);
  return found;
}

function diagramOf(metric: MetricDeclaration): Diagram {
  return { title: metric.name, description: metric.help, unit: unitOf(metric), curves: curvesOf(metric) };
}

function curvesOf({ name, type, labels }: MetricDeclaration): Curve[] {
  const chosen = selector(labels);
  const legend = ["instance", ...labels].map((label) => `{{${label}}}`).join(" ");
  if (type === "counter") return [{ expression: `rate(${name}{${chosen}}[$__rate_interval])`, legend }];
  if (type === "histogram") {
    return ["0.5", "0.99"].map((quantile) => ({
      expression: `histogram_quantile(${quantile}, rate(${name}_bucket{${chosen}}[$__rate_interval]))`,
      legend: `p${Number(quantile) * 100} ${legend}`,
    }));
  }
  const isState = STATE_LABELS.some((label) => labels.includes(label) && name.endsWith(`_${label}`));
  return [{ expression: `${name}{${chosen}}${isState ? " == 1" : ""}`, legend }];
}

function selector(labels: readonly string[]): string {
  return labels.includes("source") ? 'instance=~"$instance", source=~"$source"' : 'instance=~"$instance"';
}

function unitOf({ name, type }: MetricDeclaration): string {
  if (name.endsWith("_bytes_total")) return "Bps";
  if (name.endsWith("_bytes_per_second")) return "Bps";
  if (type === "counter") return "short";
  if (/_(?:start_time|not_after)_seconds$/.test(name)) return "dateTimeFromNow";
  if (name.endsWith("_seconds")) return "s";
  if (name.endsWith("_bytes")) return "bytes";
  return name.endsWith("_ratio") ? "percentunit" : "short";
}

function panel({ title, description, unit, curves }: Diagram, at: { id: number; index: number; top: number }) {
  const perLine = GRID_COLUMNS / PANEL_WIDTH;
  const x = (at.index % perLine) * PANEL_WIDTH;
  const y = at.top + Math.floor(at.index / perLine) * PANEL_HEIGHT;
  return {
    id: at.id,
    type: "timeseries",
    title,
    description,
    datasource: DATA_SOURCE,
    gridPos: { x, y, w: PANEL_WIDTH, h: PANEL_HEIGHT },
    fieldConfig: {
      // A date is not read from zero.
      defaults: { unit, ...(unit === "dateTimeFromNow" ? {} : { min: 0 }), custom: { lineWidth: 1, fillOpacity: 0 } },
      overrides: [],
    },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets: curves.map(({ expression, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource: DATA_SOURCE,
      expr: expression,
      legendFormat: legend,
    })),
  };
}
