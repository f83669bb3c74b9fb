/** What can be asked of a running feed. */
export type FeedRequest =
  | { readonly action: "connect" }
  /** Until it is told to connect again, or the program starts anew. */
  | { readonly action: "disconnect" }
  /** Ask the venue anew; no symbols: for all of them. */
  | { readonly action: "resubscribe"; readonly symbols: readonly string[] }
  /** Until the program starts anew: the configuration stays as it is. */
  | { readonly action: "symbols"; readonly add: readonly string[]; readonly remove: readonly string[] };

/** What came of a request. */
export type ControlOutcome =
  /** `facts` are what is so now, for the answer and the log. */
  | { readonly kind: "done"; readonly facts: Readonly<Record<string, string | number | readonly string[]>> }
  /** There is no such feed. */
  | { readonly kind: "unknown"; readonly message: string }
  /** It cannot be done as things stand; nothing has changed. */
  | { readonly kind: "refused"; readonly message: string };

/** Changes feeds while the program runs; `assembly/feed-controller.ts` does. */
export interface FeedControl {
  /** One request after the other per feed. Never rejects on what a request can hold. */
  apply(feed: string, request: FeedRequest): Promise<ControlOutcome>;
}
