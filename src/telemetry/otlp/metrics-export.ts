import { AggregationTemporalityPreference, OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import type { Log } from "../../domain/log.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { MetricsSnapshot } from "../metrics-snapshot.ts";
import { metricsPayload } from "./metrics-payload.ts";

/** An export that takes longer counts as failed, ms; less than the shortest interval would be too strict for slow lines. */
const EXPORT_LIMIT_MS = 10_000;
/** What the package calls a success. */
const SUCCESS = 0;

/** What the export needs. */
export interface MetricsExportOptions {
  readonly url: string;
  readonly intervalMs: number;
  readonly headers: ReadonlyMap<string, { reveal(): string }>;
  readonly takeSnapshot: () => MetricsSnapshot;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Sends the metrics to an OpenTelemetry collector, now and every interval. One export at a time; one that fails is told once
 * and not repeated, as the next carries the same counters.
 */
export class MetricsExport {
  readonly #options: MetricsExportOptions;
  readonly #exporter: OTLPMetricExporter;
  #timer: Timer | null = null;
  #isExporting = false;
  #isFailing = false;

  constructor(options: MetricsExportOptions) {
    this.#options = options;
    this.#exporter = new OTLPMetricExporter({
      url: options.url,
      headers: Object.fromEntries([...options.headers].map(([name, value]) => [name, value.reveal()])),
      timeoutMillis: EXPORT_LIMIT_MS,
      concurrencyLimit: 1,
      temporalityPreference: AggregationTemporalityPreference.CUMULATIVE,
    });
  }

  start(): void {
    this.#export();
    const tick = () => {
      this.#export();
      this.#timer = this.#options.clock.schedule(this.#options.intervalMs, tick);
    };
    this.#timer = this.#options.clock.schedule(this.#options.intervalMs, tick);
  }

  /** Ends without a last export: the end of the ledger is in the log. */
  stop(): void {
    this.#timer?.cancel();
  }

  #export(): void {
    if (this.#isExporting) return;
    this.#isExporting = true;
    this.#exporter.export(metricsPayload(this.#options.takeSnapshot()), ({ code, error }) => {
      this.#isExporting = false;
      this.#tell(code === SUCCESS ? null : (error?.message ?? "no reason given"));
    });
  }

  #tell(failure: string | null): void {
    const { log, url } = this.#options;
    if (failure !== null && !this.#isFailing) log.warn({ url, message: failure }, "metrics_export_failed");
    if (failure === null && this.#isFailing) log.info({ url }, "metrics_export_recovered");
    this.#isFailing = failure !== null;
  }
}
