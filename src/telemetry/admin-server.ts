import { isIP } from "node:net";
import type { Server } from "bun";
import { IngestError } from "../domain/ingest-error.ts";
import { errorFields, type Log } from "../domain/log.ts";
import type { Clock } from "../runtime/clock.ts";
import { jsonResponse, respond, textResponse } from "./admin-responses.ts";
import type { OperatorToken } from "./control/admin-access.ts";
import { ControlDesk } from "./control/control-desk.ts";
import type { FeedControl } from "./control/feed-control.ts";
import { Dashboard } from "./dashboard/dashboard.ts";
import type { DashboardTaps } from "./dashboard/dashboard-taps.ts";
import type { HealthMonitor } from "./health.ts";
import type { MetricsRegistry } from "./metrics-registry.ts";
import type { MetricsSnapshot } from "./metrics-snapshot.ts";
import { readReadiness } from "./readiness.ts";
import { statusBody } from "./status-page.ts";

/** A connection that says nothing is closed after this long, s. */
const IDLE_TIMEOUT_SECONDS = 30;
/** Room for as many symbols as a feed may have. */
const REQUEST_BODY_BYTES_MAX = 128 * 1024;

/** What a program gets at `/`; a browser gets the dashboard. */
const INDEX = `edge-ingester

/healthz  200 while the event loop and every lane make progress, else 503 and what is stuck
/readyz   200 while quotes can be kept and every feed has been live, else 503 and what is missing
/metrics  Prometheus text
/status   everything as JSON
/         the dashboard, for a browser

POST /feeds/NAME/connect, /feeds/NAME/disconnect
POST /feeds/NAME/resubscribe   {"symbols":["..."]}, or nothing for all of them
POST /feeds/NAME/symbols       {"add":["..."],"remove":["..."]}
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
  readonly control: FeedControl;
  /** Those who may change things; none: whoever reaches the server. */
  readonly tokens: readonly OperatorToken[];
  /** Null: plain HTTP. */
  readonly tls: AdminTls | null;
}

/** The server's certificate, and whose certificates clients must show. */
export interface AdminTls {
  readonly certificate: { readonly pem: string };
  readonly key: { readonly pem: { reveal(): string } };
  readonly clientCa: { readonly pem: string } | null;
}

/** The running admin server. */
export interface AdminServer {
  /** Where it listens, with the actual port, for instance `http://127.0.0.1:9464`. */
  readonly url: string;
  readonly port: number;
  /** From the next request on these may change things. */
  setTokens(tokens: readonly OperatorToken[]): void;
  /** Stops listening and closes every connection. */
  stop(): Promise<void>;
}

/** One request, and who may answer it. */
interface Exchange {
  readonly request: Request;
  readonly server: Server<undefined>;
  readonly dashboard: Dashboard;
  readonly desk: ControlDesk;
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
 * Serves health, readiness, metrics, status and the dashboard over HTTP, and takes requests to change feeds.
 * @throws IngestError naming ADMIN_PORT or ADMIN_HOST when it cannot listen
 */
export function startAdminServer(options: AdminServerOptions): AdminServer {
  const { taps, clock, takeSnapshot, redact, log, host: adminHost } = options;
  const dashboard = new Dashboard({ taps, clock, takeSnapshot, redact, log, adminHost });
  const desk = new ControlDesk({ ...options, adminHost, isLoopback: isLoopback(adminHost) });
  const server = listen(options, { dashboard, desk });
  dashboard.start();
  const port = server.port ?? options.port;
  const url = `${options.tls === null ? "http" : "https"}://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`;
  if (!isLoopback(options.host)) {
    options.log.warn({ host: options.host, port, reason: "others can reach it" }, "admin_server_exposed");
  }
  options.log.info({ url }, "admin_server_started");
  return {
    url,
    port,
    setTokens: (tokens) => desk.setTokens(tokens),
    async stop() {
      dashboard.stop();
      await server.stop(true);
    },
  };
}

function listen(options: AdminServerOptions, parts: Pick<Exchange, "dashboard" | "desk">): Server<undefined> {
  try {
    return Bun.serve({
      hostname: options.host,
      port: options.port,
      reusePort: false,
      development: false,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      maxRequestBodySize: REQUEST_BODY_BYTES_MAX,
      fetch: (request, server) => answer(options, { request, server, ...parts }),
      websocket: parts.dashboard.websocket,
      error: (error) => failure(error, options),
      ...(options.tls === null ? {} : { tls: tlsOptions(options.tls) }),
    });
  } catch (error) {
    throw listenError(error, options);
  }
}

/** Each option said aloud: a server that asks for certificates refuses those who show none it trusts. */
function tlsOptions({ certificate, key, clientCa }: AdminTls) {
  const base = { cert: certificate.pem, key: key.pem.reveal() };
  return clientCa === null ? base : { ...base, ca: clientCa.pem, requestCert: true, rejectUnauthorized: true };
}

async function answer(options: AdminServerOptions, exchange: Exchange): Promise<Answer> {
  const { request, server, desk } = exchange;
  const path = pathOf(request.url);
  try {
    const answered = await desk.answer(request, path, server.requestIP(request)?.address ?? "unknown");
    if (answered !== null) return answered;
    const refused = desk.refuseReading(request, path);
    if (refused !== null) return refused;
    const page = PAGES.get(path);
    if (page === undefined) return textResponse(404, "Not found\n");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return textResponse(405, "Method not allowed\n", { Allow: "GET, HEAD" });
    }
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
