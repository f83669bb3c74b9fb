import { FIX_FEED_VARIABLES } from "./fix-variables.ts";
import { GRPC_FEED_VARIABLES } from "./grpc-variables.ts";
import { REST_FEED_VARIABLES } from "./rest-variables.ts";
import { WEBSOCKET_FEED_VARIABLES } from "./websocket-variables.ts";

/** The variables of a feed, by transport. */
export const FEED_VARIABLES = {
  websocket: WEBSOCKET_FEED_VARIABLES,
  fix: FIX_FEED_VARIABLES,
  rest: REST_FEED_VARIABLES,
  grpc: GRPC_FEED_VARIABLES,
} as const;

/** The transports a feed can be configured for. */
export type FeedTransport = keyof typeof FEED_VARIABLES;

/** All of them, the commonest first. */
export const FEED_TRANSPORTS = Object.keys(FEED_VARIABLES) as readonly FeedTransport[];
