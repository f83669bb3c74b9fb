// The whole program and its spool: killed, ended, short of disk and of memory, its files damaged. What was accepted is
// delivered, or counted and told.
import { crashPoints } from "../../faults/crash-points.ts";
import { diskFullNewest, diskFullOldest } from "../../faults/disk-full.ts";
import { ratedMemory } from "../../faults/memory-cap.ts";
import { orderlyEnd } from "../../faults/orderly-end.ts";
import { killOverflow, killWrite } from "../../faults/process-kill.ts";
import { shortWrites } from "../../faults/short-writes.ts";
import { spoolDamage } from "../../faults/spool-damage.ts";
import { testFaults } from "../../harness/fault-test.ts";

testFaults("the program and its spool", [
  killWrite,
  killOverflow,
  crashPoints,
  spoolDamage,
  diskFullOldest,
  diskFullNewest,
  shortWrites,
  ratedMemory,
  orderlyEnd,
]);
