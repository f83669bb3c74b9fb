// The whole program among certificates, clocks, environments and files that are not as they should be.
import { brokerCertificates } from "../../faults/broker-certificates.ts";
import { canarySecrets } from "../../faults/canary-secrets.ts";
import { clockSteps } from "../../faults/clock-steps.ts";
import { hostileSurroundings } from "../../faults/hostile-surroundings.ts";
import { venueCertificates } from "../../faults/venue-certificates.ts";
import { testFaults } from "../../harness/fault-test.ts";

testFaults("the program in its surroundings", [
  venueCertificates,
  brokerCertificates,
  clockSteps,
  hostileSurroundings,
  canarySecrets,
]);
