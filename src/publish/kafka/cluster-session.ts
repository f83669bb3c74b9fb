import { IngestError } from "../../domain/ingest-error.ts";
import { BrokerLinks } from "./broker-links.ts";
import { ClusterMetadata } from "./cluster-metadata.ts";
import type { KafkaEndpoint, KafkaTools } from "./kafka-endpoint.ts";

/** Runs `work` on connections of its own, which are closed when it ends. For commands, not for the running feeds. */
export async function withCluster<T>(
  endpoint: KafkaEndpoint,
  tools: KafkaTools,
  work: (metadata: ClusterMetadata, links: BrokerLinks) => Promise<T>,
): Promise<T> {
  const links = new BrokerLinks(endpoint, tools);
  try {
    return await work(new ClusterMetadata(endpoint, tools, links), links);
  } finally {
    links.close(
      new IngestError("Cannot use Kafka: the command has ended", { code: "kafka_unavailable", retry: "never" }),
    );
  }
}
