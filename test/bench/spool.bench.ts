/*
 * What the spool costs, without Kafka: `bun test/bench/spool.bench.ts [gigabytes]`. Prints figures; no limit is tested, for
 * they are the disk's.
 */
import { benchSpool } from "./spool-section.ts";

await benchSpool(Number(process.argv[2] ?? 1));
process.exit(0);
