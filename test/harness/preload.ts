import { afterAll } from "bun:test";
import { sharedKafkaHolder } from "./shared-kafka.ts";

// `bun test` runs no "exit" handlers of the process. bunfig.toml loads this file before all test files, so this hook
// runs after all of them.
afterAll(async () => {
  const shared = await sharedKafkaHolder().kafka;
  await shared?.stop();
});
