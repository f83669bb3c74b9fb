import type { MetricDeclaration } from "./metric-declaration.ts";
import { METRIC_GROUPS } from "./metrics.ts";

const INTRODUCTION = `# Metrics

Served as Prometheus text by the admin server under \`/metrics\`. One scrape is one moment: sums over it hold. Counters
count from the start of the program. A \`source\` is the name of a feed in \`FEEDS\`; all label values come from the
configuration or a closed list, so the number of series does not depend on what a venue sends.

This page is generated from \`src/telemetry/metrics.ts\` and \`spool-metrics.ts\`; a test compares the two. What to watch, and what to do:
\`operations.md\`.
`;

/** The text of \`docs/metrics.md\`. */
export function metricsMarkdown(): string {
  const sections = METRIC_GROUPS.map(({ title, metrics }) => {
    return [`## ${title}`, "", "| Metric | Type | Labels | Meaning |", "|---|---|---|---|", ...metrics.map(row)].join(
      "\n",
    );
  });
  return `${INTRODUCTION}\n${sections.join("\n\n")}\n`;
}

function row({ name, type, labels, help }: MetricDeclaration): string {
  const labelText = labels.length === 0 ? "–" : labels.map((label) => `\`${label}\``).join(", ");
  return `| \`${name}\` | ${type} | ${labelText} | ${help} |`;
}
