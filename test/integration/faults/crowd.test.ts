// Very many sessions, too few file descriptors for them, and a program that stood still for a while.
import { descriptors } from "../../faults/descriptors.ts";
import { longOutage } from "../../faults/long-outage.ts";
import { reconnectStorm } from "../../faults/reconnect-storm.ts";
import { selfPause } from "../../faults/self-pause.ts";
import { testFaults } from "../../harness/fault-test.ts";

testFaults("the program under load and want", [reconnectStorm, descriptors, selfPause, longOutage]);
