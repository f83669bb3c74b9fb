/** What `@grpc/grpc-js` exports: it is loaded late, so that a process without gRPC feeds pays nothing. */
export type GrpcLibrary = typeof import("@grpc/grpc-js");

let loading: Promise<GrpcLibrary> | null = null;

/** Loads the library once. */
export function loadGrpcLibrary(): Promise<GrpcLibrary> {
  loading ??= load();
  return loading;
}

/** It would write lines of its own to standard error; what it has to say comes as the status of a call, too. */
async function load(): Promise<GrpcLibrary> {
  const grpc = await import("@grpc/grpc-js");
  grpc.setLogVerbosity(grpc.logVerbosity.NONE);
  return grpc;
}
