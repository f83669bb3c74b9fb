import type { FeedSettings } from "./feed-checks.ts";
import type { PlannedFeed } from "./feed-plan.ts";
import type { FeedTransport } from "./feed-variables.ts";
import { readFixFeed } from "./fix-settings.ts";
import { readGrpcFeed } from "./grpc-settings.ts";
import { readRestFeed } from "./rest-settings.ts";
import type { SectionContext } from "./section.ts";
import { readWebSocketFeed } from "./websocket-settings.ts";

const READERS: Readonly<Record<FeedTransport, (plan: PlannedFeed, context: SectionContext) => FeedSettings>> = {
  websocket: readWebSocketFeed,
  fix: readFixFeed,
  rest: readRestFeed,
  grpc: readGrpcFeed,
};

/** Checks the variables of one feed. A disabled feed is checked for form only, not for what it needs to run. */
export function readFeed(plan: PlannedFeed, context: SectionContext): FeedSettings {
  return READERS[plan.transport](plan, context);
}
