// The records the pages show are records of the published JSON Schema.
import { expect, test } from "bun:test";
import { recordKindOf } from "../harness/record-schema.ts";
import { readPages } from "./documented-commands.ts";

test.each([
  ["docs/architecture.md", "quote"],
  ["docs/consume.md", "quoteCloudEvent"],
])("%s shows a %s", (path, kind) => {
  const text = readPages().find((page) => page.path === path)?.text ?? "";
  const shown = [...text.matchAll(/^```json\n(.*?)\n```$/gms)].map(([, json = ""]) => JSON.parse(json));
  expect(shown.map(recordKindOf)).toEqual([kind]);
});
