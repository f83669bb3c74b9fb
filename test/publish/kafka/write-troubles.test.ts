import { expect, test } from "bun:test";
import { WriteTroubles } from "../../../src/publish/kafka/write-troubles.ts";

test("WriteTroubles shows the widest scope first and nothing when all is well", () => {
  const troubles = new WriteTroubles();
  expect(troubles.text).toBe("");
  troubles.noteTopic("t", "topic");
  troubles.noteLeader("a:1", "leader");
  troubles.cluster = "cluster";
  expect(troubles.text).toBe("cluster");
  troubles.cluster = "";
  expect(troubles.text).toBe("leader");
  troubles.clearLeader("a:1");
  expect(troubles.text).toBe("topic");
  troubles.clearTopic("t");
  expect(troubles.text).toBe("");
});

test("WriteTroubles forgets a broker that leads nothing any more", () => {
  const troubles = new WriteTroubles();
  troubles.noteLeader("a:1", "a");
  troubles.noteLeader("b:1", "b");
  troubles.keepLeaders(new Set(["b:1"]));
  expect(troubles.text).toBe("b");
});
