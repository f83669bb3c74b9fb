import type { VariableType } from "./variable.ts";
import { list } from "./variable-types.ts";

/** Most feeds of one process. */
export const FEEDS_MAX = 64;

const FEED_NAME = /^(?=.{1,32}$)[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$/;

/** True for a name a feed may have: `source` in the record and a metric label. */
export function isFeedName(text: string): boolean {
  return FEED_NAME.test(text);
}

/** What the variables of a feed begin with: `lp-alpha` → `LP_ALPHA_`. */
export function feedPrefix(name: string): string {
  return `${name.toUpperCase().replaceAll("-", "_")}_`;
}

/** The type of FEEDS. */
export function feedNameList(feedsMax: number): VariableType<readonly string[]> {
  return list({
    noun: "feed",
    itemsMax: feedsMax,
    check: (item) => (isFeedName(item) ? null : refuseFeedName(item)),
    itemForm: "each of lower-case letters, digits, `-` and `_`",
  });
}

function refuseFeedName(item: string) {
  const lower = item.toLowerCase();
  const wanted = "list feed names of at most 32 lower-case letters, digits and single - or _, a letter first";
  return isFeedName(lower) ? { wanted, suggestion: `did you mean ${lower}?` } : { wanted };
}
