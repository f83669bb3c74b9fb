// Run by http-get.test.ts in a process of its own, whose environment asks not to check certificates. Prints what came of one
// request to the given URL.
import { httpGet } from "../../../src/adapters/rest/http-get.ts";
import { SystemClock } from "../../../src/runtime/system-clock.ts";

const result = await httpGet({
  url: process.argv[2],
  headers: {},
  caPem: null,
  timeoutMs: 3000,
  maxBodyBytes: 1024,
  signal: new AbortController().signal,
  clock: new SystemClock(),
});
console.log(result.kind === "failed" ? result.code : result.kind);
