// Lines to venues that die, drip, cut to pieces and damage what they carry, and names that no longer resolve. What is withheld is told, what is
// not touched goes on.
import { deadLine } from "../../faults/dead-line.ts";
import { fuzzFrames } from "../../faults/fuzz-frames.ts";
import { nameService } from "../../faults/name-service.ts";
import { slicedBytes } from "../../faults/sliced-bytes.ts";
import { slowHandshake } from "../../faults/slow-handshake.ts";
import { testFaults } from "../../harness/fault-test.ts";

testFaults("the program while lines and names fail", [deadLine, slowHandshake, slicedBytes, fuzzFrames, nameService]);
