import { afterAll, describe, test } from "bun:test";
import type { FaultCase } from "../faults/fault-case.ts";
import { drawSeed, runFault, whyNotHere } from "../faults/fault-run.ts";
import { describeWithOwnKafka } from "./describe-kafka.ts";
import { KAFKA_START_TIMEOUT_MS, startKafka } from "./kafka.ts";
import type { TestKafka } from "./kafka-handle.ts";
import { whyNoNamespaces } from "./namespaces.ts";

/** The short forms of these faults as tests; they share one broker. */
export function testFaults(title: string, cases: readonly FaultCase[]): void {
  describeWithOwnKafka(title, () => {
    let kafka: Promise<TestKafka> | null = null;

    afterAll(async () => {
      await (await kafka)?.stop();
    });

    for (const faultCase of cases) {
      const body = async () => {
        const seed = drawSeed();
        const getKafka = () => {
          kafka ??= startKafka({ listeners: { proxied: true } });
          return kafka;
        };
        const { error } = await runFault(faultCase, { form: "short", seed, kafka: getKafka, say: () => {} });
        if (error === null) return;
        console.error(`Failed with seed ${seed}: FAULT_SEED=${seed} repeats it`);
        throw error;
      };
      const options = { timeout: faultCase.limitMs.short + KAFKA_START_TIMEOUT_MS };
      const name = `${faultCase.fault} ${faultCase.name}: ${faultCase.title}`;
      testUnless(whyNotHere(faultCase), name, () => test(name, body, options));
    }
  });
}

/**
 * A test that builds network or mount namespaces. Where it cannot (no root) it is skipped, saying so; in CI it fails
 * instead, as nobody reads there what was skipped.
 */
export function testWithNamespaces(name: string, body: () => Promise<void>, options: { timeout: number }): void {
  testUnless(whyNoNamespaces(), name, () => test(name, body, options));
}

function testUnless(refusal: string | null, name: string, declare: () => void): void {
  if (refusal === null) declare();
  else if (process.env["CI"] === "true") {
    test(name, () => {
      throw new Error(`Cannot test '${name}': ${refusal}`);
    });
  } else {
    console.error(`skipped, as ${refusal}: ${name}`);
    describe.skip(name, declare);
  }
}
