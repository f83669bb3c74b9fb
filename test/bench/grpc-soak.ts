/*
 * gRPC at full speed for a while: no stall, memory flat. `bun test/bench/grpc-soak.ts [seconds]`; 60 s when absent. The venue
 * is grpc-go (test/harness/grpc-peer), in a process of its own; the session is ours, with a sink that only counts.
 */
import { fullSpeedSoak } from "../harness/grpc-soak.ts";

const seconds = Number(process.argv[2] ?? 60);
const report = await fullSpeedSoak(seconds, (line) => console.log(line));
const { messages, cpuUsPerMessage, stalledSeconds, rssMbFirst, rssMbMax, driftMsMax, end } = report;
console.log(`messages          ${messages} (${Math.round(messages / seconds)} a second)`);
console.log(`CPU per message   ${cpuUsPerMessage.toFixed(2)} µs`);
console.log(`seconds stalled   ${stalledSeconds}`);
console.log(`RSS               ${rssMbFirst} MB after 2 s, ${rssMbMax} MB at most`);
console.log(`timers late by    ${driftMsMax} ms at most`);
console.log(`session           ${end}`);
process.exit(stalledSeconds === 0 && rssMbMax < rssMbFirst + 60 && end === "aborted" ? 0 : 1);
