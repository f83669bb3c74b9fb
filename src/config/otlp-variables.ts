import * as z from "zod";
import { defaulted, optional } from "./variable.ts";
import { httpUrl, secretText, wholeNumber } from "./variable-types.ts";

/** Export of the metrics to an OpenTelemetry collector. */
export const OTLP_VARIABLES = z.strictObject({
  OTLP_METRICS_URL: optional(httpUrl(), {
    description:
      "Where an OpenTelemetry collector takes metrics over HTTP (OTLP, JSON): the whole URL, path included. What is sent is what " +
      "`/metrics` shows. `http://` is not encrypted.",
    example: "https://collector.example:4318/v1/metrics",
    defaultNote: "nothing is exported",
  }),
  OTLP_INTERVAL_MS: defaulted(wholeNumber({ min: 1000, max: 3_600_000 }), "15000", {
    description: "Time between two exports. One that fails is not repeated: the next has the same counters.",
  }),
  OTLP_HEADERS: optional(secretText(), {
    description:
      "Headers of each export, as the collector's login: `name=value`, one a line or with commas between. Read at the start.",
    defaultNote: "none",
  }),
});
