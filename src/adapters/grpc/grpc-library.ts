/** What `@grpc/grpc-js` exports: it is loaded late, so that a process without gRPC feeds pays nothing. */
export type GrpcLibrary = typeof import("@grpc/grpc-js");

let loading: Promise<GrpcLibrary> | null = null;

/** Loads the library once. */
export function loadGrpcLibrary(): Promise<GrpcLibrary> {
  loading ??= import("@grpc/grpc-js");
  return loading;
}
