import { isIP } from "node:net";
import type { Server } from "bun";
import { IngestError } from "../domain/ingest-error.ts";
import { errorFields, type Log } from "../domain/log.ts";
import type { Clock } from "../runtime/clock.ts";
import { Dashboard } from "./dashboard/dashboard.ts";
import type { DashboardTaps } from "./dashboard/dashboard-taps.ts";
import type { HealthMonitor } from "./health.ts";
import type { MetricsRegistry } from "./metrics-registry.ts";
import type { MetricsSnapshot } from "./metrics-snapshot.ts";
import { readReadiness } from "./readiness.ts";
import { sanitizeText } from "./sanitize-text.ts";
import { statusBody } from "./status-page.ts";

/** A connection that says nothing is closed after this long, s. */
const IDLE_TIMEOUT_SECONDS = 30;
/** Nothing is read but request lines and headers. */
const REQUEST_BODY_BYTES_MAX = 1024;

/** What a program gets at `/`; a browser gets the dashboard. */
const INDEX = `edge-ingester

/healthz  200 while the event loop and every lane make progress, else 503 and what is stuck
/readyz   200 while quotes can be kept and every feed has been live, else 503 and what is missing
/metrics  Prometheus text
/status   everything as JSON
/         the dashboard, for a browser
`;

/** What the admin server needs. */
export interface AdminServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly health: HealthMonitor;
  readonly metrics: MetricsRegistry;
  readonly takeSnapshot: () => MetricsSnapshot;
  /** Takes every known secret out of a text. */
  readonly redact: (text: string) => string;
  readonly log: Log;
  readonly clock: Clock;
  /** Where the dashboard gets quotes and events from. */
  readonly taps: DashboardTaps;
}

/** The running admin server. */
export interface AdminServer {
  /** Where it listens, with the actual port, for instance `http://127.0.0.1:9464`. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and closes every connection. */
  stop(): Promise<void>;
}

/** One request, and who may answer it. */
interface Exchange {
  readonly request: Request;
  readonly server: Server<undefined>;
  readonly dashboard: Dashboard;
}

/** Undefined when the request has become a WebSocket. */
type Answer = Response | undefined;
type Page = (options: AdminServerOptions, exchange: Exchange) => Answer | Promise<Answer>;

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ["/", frontPage],
  ["/live", (_options, { request, server, dashboard }) => dashboard.connect(request, server)],
  ["/healthz", healthPage],
  ["/readyz", readyPage],
  ["/metrics", metricsPage],
  ["/status", statusPage],
]);

/**
 * Serves health, readiness, metrics and status over HTTP: GET and HEAD only, nothing can be changed through it.
 * @throws IngestError naming ADMIN_PORT or ADMIN_HOST when it cannot listen
 */
export function startAdminServer(options: AdminServerOptions): AdminServer {
  const { taps, clock, takeSnapshot, redact, log, host: adminHost } = options;
  const dashboard = new Dashboard({ taps, clock, takeSnapshot, redact, log, adminHost });
  const server = listen(options, dashboard);
  dashboard.start();
  const port = server.port ?? options.port;
  const url = `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`;
  if (!isLoopback(options.host)) {
    options.log.warn({ host: options.host, port, reason: "anyone who reaches it can read it" }, "admin_server_exposed");
  }
  options.log.info({ url }, "admin_server_started");
  return {
    url,
    port,
    async stop() {
      dashboard.stop();
      await server.stop(true);
    },
  };
}

function listen(options: AdminServerOptions, dashboard: Dashboard): Server<undefined> {
  try {
    return Bun.serve({
      hostname: options.host,
      port: options.port,
      reusePort: false,
      development: false,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      maxRequestBodySize: REQUEST_BODY_BYTES_MAX,
      fetch: (request, server) => answer(options, { request, server, dashboard }),
      websocket: dashboard.websocket,
      error: (error) => failure(error, options),
    });
  } catch (error) {
    throw listenError(error, options);
  }
}

async function answer(options: AdminServerOptions, exchange: Exchange): Promise<Answer> {
  const { request } = exchange;
  const page = PAGES.get(pathOf(request.url));
  if (page === undefined) return textResponse(404, "Not found\n");
  if (request.method !== "GET" && request.method !== "HEAD") {
    return textResponse(405, "Method not allowed\n", { Allow: "GET, HEAD" });
  }
  try {
    return await page(options, exchange);
  } catch (error) {
    return failure(error, options);
  }
}

/** The dashboard for a browser; for a program the list of pages. */
function frontPage(_options: AdminServerOptions, { request, dashboard }: Exchange): Response {
  const isBrowser = request.headers.get("accept")?.includes("text/html") ?? false;
  return isBrowser ? dashboard.page(request) : textResponse(200, INDEX, { Vary: "Accept" });
}

/** The cause goes to the log; the answer says nothing about the inside. */
function failure(error: unknown, options: AdminServerOptions): Response {
  options.log.error(errorFields(error), "admin_request_failed");
  return textResponse(500, "Internal error\n");
}

function healthPage({ health, redact }: AdminServerOptions): Response {
  const stuck = health.stuckParts();
  const isHealthy = stuck.length === 0;
  return jsonResponse(isHealthy ? 200 : 503, { isHealthy, stuck }, redact);
}

function readyPage({ takeSnapshot, redact }: AdminServerOptions): Response {
  const readiness = readReadiness(takeSnapshot());
  return jsonResponse(readiness.isReady ? 200 : 503, readiness, redact);
}

async function metricsPage({ metrics }: AdminServerOptions): Promise<Response> {
  return respond(200, await metrics.render(), { "Content-Type": metrics.contentType });
}

function statusPage({ takeSnapshot, health, redact }: AdminServerOptions): Response {
  const snapshot = takeSnapshot();
  const body = statusBody({ snapshot, stuck: health.stuckParts(), readiness: readReadiness(snapshot) });
  return jsonResponse(200, body, redact);
}

function jsonResponse(status: number, body: object, redact: (text: string) => string): Response {
  const clean = (_name: string, value: unknown) => (typeof value === "string" ? sanitizeText(redact(value)) : value);
  return respond(status, `${JSON.stringify(body, clean, 2)}\n`, { "Content-Type": "application/json; charset=utf-8" });
}

function textResponse(status: number, text: string, headers: Record<string, string> = {}): Response {
  return respond(status, text, { "Content-Type": "text/plain; charset=utf-8", ...headers });
}

function respond(status: number, body: string, headers: Record<string, string>): Response {
  return new Response(body, {
    status,
    headers: {
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "Content-Security-Policy": "default-src 'none'",
      ...headers,
    },
  });
}

/** The path without the query. Not `new URL`: the host is what the client wrote, and may be no host at all. */
function pathOf(url: string): string {
  const hostAt = url.indexOf("://");
  const pathAt = url.indexOf("/", hostAt < 0 ? 0 : hostAt + 3);
  if (pathAt < 0) return "/";
  const queryAt = url.slice(pathAt).search(/[?#]/);
  return queryAt < 0 ? url.slice(pathAt) : url.slice(pathAt, pathAt + queryAt);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function listenError(error: unknown, { host, port }: AdminServerOptions): IngestError {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  // Bun answers EADDRINUSE for a name without an address too.
  const isName = isIP(host) === 0 && host !== "localhost";
  const state =
    code === "EADDRINUSE" && isName
      ? "the name has no address of this machine, or the port is in use: give ADMIN_HOST an address, or ADMIN_PORT another"
      : (LISTEN_STATES.get(code) ?? `the system answers ${code === "" ? String(error) : code}`);
  return new IngestError(`Cannot listen on ADMIN_HOST ${host} and ADMIN_PORT ${port}: ${state}`, {
    code: "config_invalid",
    retry: "never",
    cause: error,
    context: { host, port },
  });
}

const LISTEN_STATES: ReadonlyMap<string, string> = new Map([
  ["EADDRINUSE", "the port is in use, give ADMIN_PORT another or 0 for any free one"],
  ["EACCES", "the port needs a privilege this process has not, give ADMIN_PORT 1024 or more"],
  ["EADDRNOTAVAIL", "the address is not one of this machine's, give ADMIN_HOST another"],
]);
