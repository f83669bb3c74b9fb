import { describe } from "bun:test";
import { usesExternalKafka } from "./kafka.ts";

/** A `describe` for tests that break or secure their broker; skipped, saying so, when there is only a foreign one. */
export function describeWithOwnKafka(title: string, body: () => void): void {
  if (usesExternalKafka) console.error(`skipped, as KAFKA_BROKERS_TEST names another broker: ${title}`);
  describe.skipIf(usesExternalKafka)(title, body);
}
