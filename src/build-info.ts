declare const EDGE_INGESTER_VERSION: string | undefined;
declare const EDGE_INGESTER_COMMIT: string | undefined;

/** Version of this program; `build.sh` puts it in. */
export const VERSION = typeof EDGE_INGESTER_VERSION === "string" ? EDGE_INGESTER_VERSION : "0.0.0-dev";
/** Commit it was built from; `unknown` when run from a checkout. */
export const COMMIT = typeof EDGE_INGESTER_COMMIT === "string" ? EDGE_INGESTER_COMMIT : "unknown";
