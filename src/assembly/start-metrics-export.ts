import type { OtlpConfig } from "../config/config.ts";
import type { MetricsExportOptions } from "../telemetry/otlp/metrics-export.ts";

/**
 * Begins the export to an OpenTelemetry collector; the function returned ends it. The packages it takes are not even loaded
 * where nothing is exported.
 */
export async function startMetricsExport(
  config: OtlpConfig | null,
  parts: Pick<MetricsExportOptions, "takeSnapshot" | "clock" | "log">,
): Promise<() => void> {
  if (config === null) return () => {};
  const { MetricsExport } = await import("../telemetry/otlp/metrics-export.ts");
  const metricsExport = new MetricsExport({ ...config, ...parts });
  metricsExport.start();
  return () => metricsExport.stop();
}
