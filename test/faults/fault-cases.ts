import { blackHole } from "./black-hole.ts";
import { brokerCertificates } from "./broker-certificates.ts";
import { brokerKill } from "./broker-kill.ts";
import { brokerPause } from "./broker-pause.ts";
import { canarySecrets } from "./canary-secrets.ts";
import { clockSteps } from "./clock-steps.ts";
import { crashPoints } from "./crash-points.ts";
import { deadLine } from "./dead-line.ts";
import { descriptors } from "./descriptors.ts";
import { diskFullNewest, diskFullOldest } from "./disk-full.ts";
import type { FaultCase } from "./fault-case.ts";
import { fuzzFrames } from "./fuzz-frames.ts";
import { hostileSurroundings } from "./hostile-surroundings.ts";
import { longOutage } from "./long-outage.ts";
import { lostAcks } from "./lost-acks.ts";
import { memoryCap, ratedMemory } from "./memory-cap.ts";
import { nameService } from "./name-service.ts";
import { orderlyEnd } from "./orderly-end.ts";
import { killOverflow, killWrite } from "./process-kill.ts";
import { reconnectStorm } from "./reconnect-storm.ts";
import { selfPause } from "./self-pause.ts";
import { shortWrites } from "./short-writes.ts";
import { silentProxy } from "./silent-proxy.ts";
import { slicedBytes } from "./sliced-bytes.ts";
import { slowBroker } from "./slow-broker.ts";
import { slowHandshake } from "./slow-handshake.ts";
import { spoolDamage } from "./spool-damage.ts";
import { spoolModel } from "./spool-model.ts";
import { venueCertificates } from "./venue-certificates.ts";

/** Every fault that `./build.sh faults` knows; it runs them by number. */
export const FAULT_CASES: readonly FaultCase[] = [
  brokerKill,
  brokerPause,
  blackHole,
  silentProxy,
  slowBroker,
  lostAcks,
  deadLine,
  slowHandshake,
  slicedBytes,
  fuzzFrames,
  reconnectStorm,
  nameService,
  descriptors,
  selfPause,
  longOutage,
  venueCertificates,
  brokerCertificates,
  clockSteps,
  hostileSurroundings,
  canarySecrets,
  killWrite,
  killOverflow,
  crashPoints,
  spoolDamage,
  spoolModel,
  diskFullOldest,
  diskFullNewest,
  shortWrites,
  ratedMemory,
  memoryCap,
  orderlyEnd,
].sort((a, b) => numberOf(a) - numberOf(b));

function numberOf({ fault }: FaultCase): number {
  return Number(fault.slice(1));
}
