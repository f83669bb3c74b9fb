import type { FeedStatus } from "../domain/feed-status.ts";
import { ageText, countText, durationText } from "../telemetry/board-text.ts";
import { sanitizeText } from "../telemetry/sanitize-text.ts";
import { ADMIN_ENDPOINT_OPTIONS, askAdmin, findAdminEndpoint } from "./admin-client.ts";
import { type Command, type CommandContext, ExitCode } from "./command.ts";
import { parseOptions } from "./parse-options.ts";
import { renderTable } from "./table.ts";

/** The part of `/status` that is shown; the rest is for `--json`. */
interface StatusPage {
  readonly instanceId: string;
  readonly version: string;
  readonly phase: string;
  readonly uptimeSeconds: number;
  readonly isHealthy: boolean;
  readonly isReady: boolean;
  readonly isDegraded: boolean;
  readonly sink: { readonly kind: string };
  readonly spool: { readonly state: string; readonly unreadRecords: number } | null;
  readonly feeds: readonly FeedStatus[];
  readonly ledger: readonly { readonly acked: number; readonly accepted: number; readonly balanceError: number }[];
}

/** `/readyz`. */
interface ReadinessPage {
  readonly parts: readonly {
    readonly part: string;
    readonly isReady: boolean;
    readonly isDegraded: boolean;
    readonly why: string;
  }[];
}

/** `edge-ingester status`. */
export const statusCommand: Command = {
  name: "status",
  summary: "Ask the running instance how it is",
  help: `edge-ingester status [--url URL] [--token-file FILE] [--ca FILE] [--cert FILE --key FILE] [--json]

Asks /status and /readyz of the running instance, and prints its feeds and what is not as it should be. Without --url it asks
where ADMIN_HOST, ADMIN_PORT and ADMIN_TLS point to, http://127.0.0.1:9464 when they are not set. --token-file (or
ADMIN_TOKEN_FILE) holds the token where one is asked for; --ca trusts these authorities, --cert and --key show a certificate.
--json prints /status as it is, with /readyz as its member 'readiness'.

Exit code: 0 all is well, 1 degraded, unready or stuck, 2 the words are wrong, 3 not reachable.

Examples:
  edge-ingester status
  edge-ingester status --json | jq .ledger
  edge-ingester status --url https://edge-1:9464 --ca ca.pem --token-file token
`,
  async run(context) {
    const options = parseOptions(context.args, { ...ADMIN_ENDPOINT_OPTIONS, json: { type: "boolean" } });
    if ("problem" in options) {
      context.complain(`${options.problem}\n`);
      return ExitCode.usage;
    }
    const endpoint = findAdminEndpoint(options.values, context.env);
    if (typeof endpoint === "string") {
      context.complain(`${endpoint}\n`);
      return ExitCode.usage;
    }
    const [status, readiness] = await Promise.all([
      askAdmin(endpoint, "/status", context.clock),
      askAdmin(endpoint, "/readyz", context.clock),
    ]);
    const problem = status.problem || readiness.problem || (isStatus(status.body) ? "" : NOT_OURS);
    if (problem !== "") {
      context.complain(`${problem}\n`);
      return ExitCode.unreachable;
    }
    const page = status.body as StatusPage;
    if (options.values.json === true) {
      context.print(`${JSON.stringify({ ...page, readiness: readiness.body }, null, 2)}\n`);
    } else context.print(statusText(page, readiness.body as ReadinessPage, context));
    return page.isReady && page.isHealthy && !page.isDegraded ? ExitCode.ok : ExitCode.failed;
  },
};

const NOT_OURS = "Cannot use the answer: whoever listens there is no edge-ingester";

function isStatus(body: unknown): boolean {
  return typeof body === "object" && body !== null && "instanceId" in body && "feeds" in body;
}

function statusText(page: StatusPage, { parts }: ReadinessPage, { clock }: CommandContext): string {
  const nowMs = clock.wallUs() / 1000;
  const sum = (pick: (row: StatusPage["ledger"][number]) => number) =>
    page.ledger.reduce((total, row) => total + pick(row), 0);
  const verdict = !page.isReady ? "NOT READY" : !page.isHealthy ? "STUCK" : page.isDegraded ? "degraded" : "well";
  const head =
    `${page.instanceId}: ${verdict}; version ${page.version}, ${page.phase}, up ${durationText(page.uptimeSeconds * 1000)}\n` +
    `${countText(sum((row) => row.accepted))} quotes accepted, ${countText(sum((row) => row.acked))} acknowledged by ` +
    `${page.sink.kind}${spoolText(page)}\n`;
  const whys = parts
    .filter((part) => !part.isReady || part.isDegraded)
    .map((part) => `${part.isReady ? "degraded" : "NOT READY"}: ${part.part} ${part.why}\n`);
  const text = `${head}${whys.join("")}\n${feedTable(page.feeds, nowMs)}`;
  return sanitizeLines(text);
}

function spoolText({ spool }: StatusPage): string {
  return spool === null || spool.unreadRecords === 0 ? "" : `, ${countText(spool.unreadRecords)} on the spool`;
}

function feedTable(feeds: readonly FeedStatus[], nowMs: number): string {
  const running = feeds.filter((feed) => feed.state !== "disabled");
  return renderTable(
    ["feed", "state", "symbols", "quotes", "last", "gaps", "reconnects", "next try", "error"],
    running.map((feed) => {
      const retry = feed.connections.find(({ retryInMs }) => retryInMs !== null)?.retryInMs ?? null;
      const error = feed.connections.find(({ lastError }) => lastError !== null)?.lastError ?? null;
      return [
        feed.name,
        feed.state,
        `${feed.subscribedSymbols.length}/${feed.subscriptions.length}`,
        countText(feed.quotesAccepted),
        ageText(nowMs, feed.lastQuoteTimeMs),
        countText(feed.gaps),
        countText(feed.disconnections),
        retry === null ? "-" : durationText(retry),
        // What has passed is history while quotes come.
        error === null || feed.state === "live" ? "-" : error.message,
      ];
    }),
  );
}

/** What a stranger who answers may have put into it must not upset the terminal. */
function sanitizeLines(text: string): string {
  return text
    .split("\n")
    .map((line) => sanitizeText(line))
    .join("\n");
}
