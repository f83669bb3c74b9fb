import type { SendResult } from "../batch-transport.ts";
import { PRODUCE_OUTCOMES, type ProduceOutcome } from "./produce-outcomes.ts";

/** What the lane does, in the order of the page. */
type OutcomeClass = "acknowledged" | "retry" | "re-route" | "new producer id" | "split" | "reject";

const SECTIONS: readonly { readonly name: OutcomeClass; readonly meaning: string }[] = [
  { name: "acknowledged", meaning: "The batch is in the log once, on all in-sync replicas. The next one goes." },
  {
    name: "retry",
    meaning:
      "The same bytes go again with the same producer id and sequence, to the same leader, after a wait of at most 1 s. An idempotent broker that has them already answers as if it had written them now.",
  },
  {
    name: "re-route",
    meaning: "As `retry`, but the cluster is asked for the leader first, at most every 100 ms.",
  },
  {
    name: "new producer id",
    meaning:
      "The broker does not go on with this producer id. The batch goes again under a new one, as sequence 0. If the old one had been written and its answer lost, it stands twice: counted in `ingester_lane_possible_duplicates_total`.",
  },
  {
    name: "split",
    meaning:
      "The batch is halved, in order, again and again if need be, and later batches are made smaller. A single record that is still too large is dropped as `record_too_large`, counted and told in the events topic.",
  },
  {
    name: "reject",
    meaning:
      "Another try would end the same, and every later batch would wait behind it: the batch is taken out of the lane. Its records go to the rejected topic with the broker's code, and are counted as dropped, `broker_rejected`.",
  },
];

const INTRODUCTION = `# What a lane does with the broker's answer

Made from \`src/publish/kafka/produce-outcomes.ts\`; a test compares the two, and another injects every code, one by one,
through a broker of other makers. Names and numbers are those of Kafka 4.4.0.

**Nothing stops a lane.** What an operator can put right at the broker (a right, a topic, replicas, disks, a time limit) is
tried until it is put right: the quotes wait in memory and on the spool meanwhile, in order, \`/readyz\` and
\`ingester_sink_writable\` say why, and the first try after the mending succeeds, with no restart. Kafka's own producer gives
such a batch up after \`delivery.timeout.ms\`, at once for most of them. It has somebody to hand the error to; an unattended
ingester has not, and a restart would change nothing at the broker. What bounds the wait is the spool (\`SPOOL_MAX_BYTES\`,
\`SPOOL_MAX_AGE\`), where a loss is counted and told.

A connection that breaks, or stays silent for \`KAFKA_REQUEST_TIMEOUT_MS\`, is a \`re-route\`: nobody can know whether the batch
was written. So is every code that is not in the tables.
`;

/** The text of `docs/kafka-outcomes.md`. */
export function outcomesMarkdown(): string {
  const sections = SECTIONS.map(({ name, meaning }) => {
    const rows = [...PRODUCE_OUTCOMES].filter(([, outcome]) => outcomeClass(outcome) === name).map(row);
    return [`## ${name}`, "", meaning, "", "| Code | Name | Why | Look at |", "|---|---|---|---|", ...rows].join("\n");
  });
  return `${INTRODUCTION}\n${sections.join("\n\n")}\n`;
}

function outcomeClass({ outcome, isStaleMetadata }: ProduceOutcome): OutcomeClass {
  if (outcome === "retry") return isStaleMetadata ? "re-route" : "retry";
  return CLASS_NAMES[outcome];
}

const CLASS_NAMES: Readonly<Record<Exclude<SendResult["outcome"], "retry">, OutcomeClass>> = {
  acked: "acknowledged",
  new_producer_id: "new producer id",
  too_large: "split",
  rejected: "reject",
};

function row([number, { code, reason, hint }]: [number, ProduceOutcome]): string {
  return `| ${number} | ${code} | ${reason} | ${hint === "" ? "–" : hint} |`;
}
