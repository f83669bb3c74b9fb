import type { Metadata } from "@grpc/grpc-js";
import { IngestError } from "../../domain/ingest-error.ts";
import type { GrpcLibrary } from "./grpc-library.ts";

const TOKEN = "{token}";
/** What an HTTP header may hold. */
const HEADER_TEXT = /^[\x20-\x7e]*$/;

/**
 * What goes with a call: the templates with the token in its place.
 *
 * @throws IngestError `logon_refused` when a token is wanted and there is none; its value is in no error
 */
export function createMetadata(
  grpc: GrpcLibrary,
  templates: Readonly<Record<string, string>>,
  { token, target }: { readonly token: string | null; readonly target: string },
): Metadata {
  const metadata = new grpc.Metadata();
  for (const [name, template] of Object.entries(templates)) {
    if (!template.includes(TOKEN)) {
      metadata.set(name, template);
      continue;
    }
    if (token === null) throw noToken(`Cannot log on to ${target}: no token is set`);
    if (!HEADER_TEXT.test(token)) throw noToken(`Cannot log on to ${target}: the token holds what no header may hold`);
    metadata.set(
      name,
      template.replaceAll(TOKEN, () => token),
    );
  }
  return metadata;
}

function noToken(message: string): IngestError {
  return new IngestError(message, { code: "logon_refused", retry: "never" });
}
