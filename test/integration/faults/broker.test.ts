// The whole program while its broker is killed, paused, cut off, slow, and answers too late. Each fault shows first that it
// is there; what counts in the end is the oracle's word: nothing lost, nothing twice, nothing out of order.
import { blackHole } from "../../faults/black-hole.ts";
import { brokerKill } from "../../faults/broker-kill.ts";
import { brokerPause } from "../../faults/broker-pause.ts";
import { lostAcks } from "../../faults/lost-acks.ts";
import { silentProxy } from "../../faults/silent-proxy.ts";
import { slowBroker } from "../../faults/slow-broker.ts";
import { testFaults } from "../../harness/fault-test.ts";

testFaults("the program while its broker fails", [
  brokerKill,
  brokerPause,
  blackHole,
  silentProxy,
  slowBroker,
  lostAcks,
]);
