import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWithOwnKafka } from "../../harness/describe-kafka.ts";
import { KAFKA_START_TIMEOUT_MS, sharedKafka, uniqueTopic } from "../../harness/kafka.ts";
import type { TestKafka } from "../../harness/kafka-handle.ts";
import { readTopicWithKcat } from "../../harness/kcat.ts";

const folder = mkdtempSync(join(tmpdir(), "edge-ingester-compiled-"));
let kafka: TestKafka;

describeWithOwnKafka("the kafka wire in a compiled binary", () => {
  beforeAll(async () => {
    kafka = await sharedKafka();
  }, KAFKA_START_TIMEOUT_MS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test(
    "kafkajs's insides are all bundled: it writes from an empty folder, far from any node_modules",
    async () => {
      const binary = join(folder, "producer");
      const built = Bun.spawnSync([
        ...[
          process.execPath,
          "build",
          "--compile",
          join(import.meta.dir, "compiled-producer-program.ts"),
          "--outfile",
          binary,
        ],
      ]);
      expect(built.exitCode).toBe(0);
      const topic = uniqueTopic("compiled");
      await kafka.createTopic(topic, 1);
      const emptyFolder = join(folder, "empty");
      mkdirSync(emptyFolder);
      const { username, password } = kafka.user;
      const run = Bun.spawn([binary, kafka.bootstrap.scram512, topic, username, password], {
        cwd: emptyFolder,
        env: {},
        stdout: "pipe",
        stderr: "pipe",
      });
      const [output, complaint] = await Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text()]);
      expect(`${output}${complaint}`).toBe("acked\n");
      expect(await readTopicWithKcat(kafka.bootstrap.plain, topic)).toHaveLength(1);
    },
    KAFKA_START_TIMEOUT_MS,
  );
});
