import type * as z from "zod";
import type { FeedConfig } from "./config.ts";
import { checkFeed, commonSettings, type FeedSettings, warnDisabled } from "./feed-checks.ts";
import { isEnabledByDefault, type PlannedFeed } from "./feed-plan.ts";
import { GRPC_FEED_VARIABLES } from "./grpc-variables.ts";
import { isLoopback } from "./loopback.ts";
import type { ConfigWarning } from "./problems.ts";
import { parseSection, type SectionContext } from "./section.ts";
import { readFeedTls } from "./tls-files.ts";
import { splitHostAndPort } from "./variable-types.ts";

type GrpcValues = z.output<typeof GRPC_FEED_VARIABLES>;

/** Checks the variables of one gRPC feed, and reads the certificates they name; `.proto` files are read with the profile. */
export function readGrpcFeed(plan: PlannedFeed, context: SectionContext): FeedSettings {
  const { values, partial, problems } = parseSection(GRPC_FEED_VARIABLES, plan.prefix, context);
  const isEnabled = partial.ENABLED ?? isEnabledByDefault(plan);
  const tls = readFeedTls(plan.prefix, partial, context);
  const feed: FeedConfig | null =
    values === null
      ? null
      : {
          ...commonSettings(plan, values),
          transport: "grpc",
          address: values.ADDRESS ?? null,
          token: values.TOKEN ?? null,
          tokenFile: context.texts.get(`${plan.prefix}TOKEN`)?.file ?? null,
          tls: tls.tls,
          protoPaths: values.PROTO_PATH ?? [],
          protoIncludes: values.PROTO_INCLUDE ?? [],
          keepaliveMs: values.KEEPALIVE_MS ?? null,
          keepaliveTimeoutMs: values.KEEPALIVE_TIMEOUT_MS ?? null,
          firstMessageMs: values.FIRST_MESSAGE_MS ?? null,
        };
  return {
    feed,
    problems: [
      ...problems,
      ...checkFeed(plan, { values: partial, isEnabled, needed: ["SYMBOLS"] }, context),
      ...tls.problems,
    ],
    warnings: [
      ...warnDisabled(plan, isEnabled, context),
      ...(isEnabled ? warnPlaintext(plan, partial) : []),
      ...tls.warnings,
    ],
  };
}

function warnPlaintext(
  plan: PlannedFeed,
  { ADDRESS: address, TLS: tls, TOKEN: token }: Partial<GrpcValues>,
): ConfigWarning[] {
  const host = address === undefined ? null : splitHostAndPort(address)?.host;
  if (tls !== "off" || host === undefined || (host !== null && isLoopback(host))) return [];
  const variable = `${plan.prefix}TLS`;
  const what = token === undefined ? "the prices" : "the token and the prices";
  return [{ variable, message: `${variable} is off: ${what} of feed ${plan.name} travel unencrypted` }];
}
