import { IngestError } from "../domain/ingest-error.ts";
import type { DescriptorUse } from "./descriptor-use.ts";

/** Descriptors that no session may take: for the sink, the spool and the admin server. */
const RESERVED_MAX = 64;
/** With a low limit, as large a part of it. */
const RESERVED_SHARE = 0.25;

/**
 * Why one more session may not be started; null when it may. Sessions come first by their number: without a reserve
 * they would take the descriptors that Kafka and the admin server need to go on.
 */
export function findDescriptorShortage(use: DescriptorUse | null, target: string): IngestError | null {
  if (use === null) return null;
  const reserved = Math.min(RESERVED_MAX, Math.ceil(use.limit * RESERVED_SHARE));
  if (use.open + reserved < use.limit) return null;
  return new IngestError(
    `Cannot connect to ${target}: ${use.open} of ${use.limit} file descriptors are open, and ${reserved} are kept for the sink and the admin server; raise the limit (LimitNOFILE)`,
    { code: "no_descriptors", retry: "backoff", context: { open: use.open, limit: use.limit } },
  );
}
