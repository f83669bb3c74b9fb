import type { FeedSettings } from "./feed-checks.ts";
import type { PlannedFeed } from "./feed-plan.ts";
import { readFixFeed } from "./fix-settings.ts";
import type { SectionContext } from "./section.ts";
import { readWebSocketFeed } from "./websocket-settings.ts";

/** Checks the variables of one feed. A disabled feed is checked for form only, not for what it needs to run. */
export function readFeed(plan: PlannedFeed, context: SectionContext): FeedSettings {
  return plan.transport === "fix" ? readFixFeed(plan, context) : readWebSocketFeed(plan, context);
}
