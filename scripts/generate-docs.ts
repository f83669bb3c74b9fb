import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderConfigMarkdown } from "../src/config/config-docs.ts";
import { renderEnvExample } from "../src/config/env-example.ts";
import { outcomesMarkdown } from "../src/publish/kafka/outcomes-markdown.ts";
import { metricsMarkdown } from "../src/telemetry/metrics-markdown.ts";
import { renderVenueProfileSchema } from "../src/venues/profile-schema.ts";
import { renderGrafanaDashboard } from "./grafana/dashboard.ts";

/** A file of the repository that is made from the code. */
interface GeneratedFile {
  /** From the root of the project. */
  readonly path: string;
  readonly render: () => string;
}

const GENERATED_FILES: readonly GeneratedFile[] = [
  { path: "docs/configuration.md", render: renderConfigMarkdown },
  { path: "docs/metrics.md", render: metricsMarkdown },
  { path: "docs/kafka-outcomes.md", render: outcomesMarkdown },
  { path: "config/env.example", render: renderEnvExample },
  { path: "config/venue-profile.schema.json", render: renderVenueProfileSchema },
  { path: "packaging/grafana/edge-ingester.json", render: renderGrafanaDashboard },
];

/**
 * Writes every generated file, or with `--check` only says which differ from what the code would write; then the exit
 * status is 1.
 */
function main(args: readonly string[]): void {
  const isCheck = args.includes("--check");
  for (const { path, render } of GENERATED_FILES) {
    const file = join(import.meta.dir, "..", path);
    const text = render();
    if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
    if (isCheck) {
      process.stderr.write(`Cannot accept ${path} as it differs from the code: run bun scripts/generate-docs.ts\n`);
      process.exitCode = 1;
    } else {
      writeFileSync(file, text);
      process.stdout.write(`${path} written\n`);
    }
  }
}

main(process.argv.slice(2));
