import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parser } from "@prometheus-io/lezer-promql";
import { renderGrafanaDashboard } from "../../scripts/grafana/dashboard.ts";
import { METRIC_GROUPS } from "../../src/telemetry/metrics.ts";

const ROOT = join(import.meta.dir, "../..");
const RULES = join(ROOT, "packaging/prometheus/alerts.yml");
const OPERATIONS = readFileSync(join(ROOT, "docs/operations.md"), "utf8");
const DECLARED = new Map(METRIC_GROUPS.flatMap(({ metrics }) => metrics.map((metric) => [metric.name, metric])));
/** Prometheus makes it itself. */
const OF_PROMETHEUS = ["up"];

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

const parsed = Bun.YAML.parse(readFileSync(RULES, "utf8")) as { groups: { rules: Rule[] }[] };
const rules = parsed.groups.flatMap((group) => group.rules);

/** What is wrong with a PromQL expression: its syntax, metrics and labels that do not exist; empty when nothing is. */
function problemsWith(expression: string): string[] {
  const problems: string[] = [];
  const metrics: string[] = [];
  const labels: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, name, from, to, node }) => {
      const text = expression.slice(from, to);
      if (type.isError) problems.push(`no PromQL at "${expression.slice(from)}"`);
      if (name === "Identifier" && node.parent?.name === "VectorSelector") metrics.push(text);
      if (name === "LabelName") labels.push(text);
    },
  });
  const baseOf = (metric: string) => metric.replace(/_(?:bucket|sum|count)$/, "");
  const known = new Set(["instance", "job", "le", "__name__"]);
  for (const metric of metrics) {
    const declared = DECLARED.get(metric) ?? DECLARED.get(baseOf(metric));
    if (declared === undefined && !OF_PROMETHEUS.includes(metric)) problems.push(`no metric ${metric}`);
    if (declared?.type === "histogram" && !metric.endsWith("_bucket")) problems.push(`${metric} is a histogram`);
    for (const label of declared?.labels ?? []) known.add(label);
  }
  if (metrics.length === 0) problems.push("no metric at all");
  for (const label of labels) if (!known.has(label)) problems.push(`no label ${label}`);
  return problems;
}

describe("alert rules", () => {
  test("there are as many as the runbook has sections, each name once", () => {
    const sections = /^## Alerts\n([\s\S]*?)^## /m.exec(OPERATIONS)?.[1] ?? "";
    const titles = [...sections.matchAll(/^### (\w+)$/gm)].map((match) => match[1]);
    expect(titles.length).toBeGreaterThan(20);
    expect(rules.map((rule) => rule.alert)).toEqual(titles as string[]);
    expect(new Set(titles).size).toBe(titles.length);
  });

  for (const rule of rules) {
    test(`${rule.alert} asks for what exists, and its section says the same and what to do`, () => {
      expect(problemsWith(rule.expr)).toEqual([]);
      const section = OPERATIONS.split(new RegExp(`^### ${rule.alert}$`, "m"))[1]?.split(/^##/m)[0] ?? "";
      const condition = `\`${rule.expr}\`${rule.for === undefined ? "" : ` for ${rule.for}`}`;
      expect(section.split("\n").filter((line) => line !== "")[0]).toBe(condition);
      expect(section).toMatch(/^\*\*Means:\*\* /m);
      expect(section).toMatch(/^\*\*Do:\*\* |^\| Case \| Means \| Do \|$/m);
      expect(["critical", "warning", "info"]).toContain(rule.labels.severity);
      expect(rule.annotations.runbook_url).toEndWith(`/operations.md#${rule.alert.toLowerCase()}`);
      const named = [...rule.annotations.summary.matchAll(/\$labels\.(\w+)/g)].map((match) => match[1] ?? "");
      for (const label of named) expect(`{${label}="x"}`).toBe(`{${knownLabel(rule, label)}="x"}`);
    });
  }

  test("a wrong expression would be found", () => {
    for (const wrong of ["rate(up[", "no_such_metric > 0", 'ingester_feed_state{colour="red"} == 1', "1 > 0"]) {
      expect([wrong, problemsWith(wrong)]).not.toEqual([wrong, []]);
    }
    expect(problemsWith("histogram_quantile(0.9, rate(ingester_edge_to_ack_seconds[5m])) > 1")).not.toEqual([]);
  });

  const promtool = Bun.which("promtool");
  test.skipIf(promtool === null)("promtool accepts them (skipped where there is no promtool)", () => {
    const checked = Bun.spawnSync([promtool ?? "", "check", "rules", RULES]);
    expect([checked.exitCode, checked.stderr.toString()]).toEqual([0, ""]);
  });
});

/** The label when a metric of the rule has it; otherwise a word that fails the comparison. */
function knownLabel(rule: Rule, label: string): string {
  const names = [...DECLARED.values()].filter(({ name }) => rule.expr.includes(name)).flatMap(({ labels }) => labels);
  return [...names, "instance"].includes(label) ? label : "no such label";
}

describe("Grafana dashboard", () => {
  test("is what the code makes (else: bun scripts/generate-docs.ts)", () => {
    const written = readFileSync(join(ROOT, "packaging/grafana/edge-ingester.json"), "utf8");
    expect(written === renderGrafanaDashboard()).toBe(true);
  });

  const dashboard = JSON.parse(readFileSync(join(ROOT, "packaging/grafana/edge-ingester.json"), "utf8"));
  interface Panel {
    readonly id: number;
    readonly type: string;
    readonly targets?: readonly { readonly expr: string }[];
    readonly panels?: readonly Panel[];
  }
  const panels: Panel[] = dashboard.panels.flatMap((one: Panel) => [one, ...(one.panels ?? [])]);
  // The two variables stand where PromQL wants a duration and a text.
  const expressions = panels.flatMap(({ targets = [] }) =>
    targets.map(({ expr }) => expr.replaceAll("$__rate_interval", "1m")),
  );

  test("every expression asks for what exists", () => {
    expect(
      expressions.flatMap((expression) => problemsWith(expression).map((problem) => [expression, problem])),
    ).toEqual([]);
  });

  test("every metric is drawn, every panel has an id of its own", () => {
    const missing = [...DECLARED.keys()].filter((name) => !expressions.some((expression) => expression.includes(name)));
    expect(missing).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});
