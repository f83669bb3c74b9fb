import type { Config, FeedConfig, TlsConfig } from "../config/config.ts";
import type { Secret } from "../config/secret.ts";

/** Every secret of the configuration, for the redactor. */
export function configSecrets({ admin, kafka, otlp, feeds }: Config): string[] {
  const secrets = [
    ...admin.tokens.map(({ token }) => token),
    admin.tls?.key.pem,
    kafka.sasl?.password,
    keyOf(kafka.tls),
    ...(otlp?.headers.values() ?? []),
    ...feeds.flatMap(feedSecrets),
  ];
  return secrets.flatMap((secret) => secret?.reveal() ?? []);
}

function feedSecrets(feed: FeedConfig): (Secret | undefined)[] {
  switch (feed.transport) {
    case "websocket":
      return [];
    case "fix":
      return [feed.fix?.password ?? undefined, keyOf(feed.fix?.tls ?? null)];
    case "rest":
      return [feed.token ?? undefined];
    case "grpc":
      return [feed.token ?? undefined, keyOf(feed.tls)];
  }
}

function keyOf(tls: TlsConfig | null): Secret | undefined {
  return tls?.client?.key.pem;
}
