import type { TestKafka } from "./kafka-handle.ts";

/** Where the one shared broker of a test run is kept: not in a module, as test files may have modules of their own. */
export interface SharedKafkaHolder {
  kafka: Promise<TestKafka> | null;
}

const KEY = Symbol.for("edge-ingester.test.shared-kafka");

/** The holder of this process; empty until a test asks for the shared broker. */
export function sharedKafkaHolder(): SharedKafkaHolder {
  const place = globalThis as { [KEY]?: SharedKafkaHolder };
  place[KEY] ??= { kafka: null };
  return place[KEY];
}
