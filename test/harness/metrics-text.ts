/** One source's account in the ledger. */
export interface LedgerAccount {
  readonly source: string;
  readonly accepted: number;
  /** Accepted by an earlier life and found on the spool at the start of this one. */
  readonly recovered: number;
  readonly acked: number;
  readonly inMemory: number;
  readonly onSpool: number;
  /** By reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One scrape of /metrics, in Prometheus's text format. */
export class MetricsText {
  readonly #samples: readonly Sample[];

  constructor(text: string) {
    this.#samples = text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map(parseSample);
  }

  /** The sum of all samples with these labels; 0 when there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels);
    let sum = 0;
    for (const sample of this.#samples) {
      if (sample.name !== name || wanted.some(([label, value]) => sample.labels[label] !== value)) continue;
      sum += sample.value;
    }
    return sum;
  }

  /** The ledger, every source; throws when the program's own check of it is not there. */
  ledger(): LedgerAccount[] {
    const rows = this.#samples.filter((sample) => sample.name === "ingester_ledger_imbalance_quotes");
    if (rows.length === 0) throw new Error("Cannot read the ledger: it is not among the metrics");
    return rows.map(({ labels: { source } }) => ({
      source,
      accepted: this.sum("ingester_quotes_accepted_total", { source }),
      recovered: this.sum("ingester_quotes_recovered_total", { source }),
      acked: this.sum("ingester_quotes_acked_total", { source }),
      inMemory: this.sum("ingester_quotes_in_memory", { source }),
      onSpool: this.sum("ingester_quotes_on_spool", { source }),
      dropped: Object.fromEntries(
        this.#samples
          .filter((sample) => sample.name === "ingester_quotes_dropped_total" && sample.labels["source"] === source)
          .map((sample) => [sample.labels["reason"], sample.value]),
      ),
    }));
  }
}

function parseSample(line: string): Sample {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
  if (match === null) throw new Error(`Cannot read metrics: '${line}'`);
  const labels = [...(match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]);
  return { name: match[1], labels: Object.fromEntries(labels), value: Number(match[3]) };
}
