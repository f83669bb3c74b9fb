import { installGoProgram } from "./go-program-install.ts";

let installed: Promise<string> | null = null;

/** Returns the path of our program on grpc-go, made when this machine has none yet. */
export function installGrpcPeer(): Promise<string> {
  installed ??= installGoProgram("grpc-peer");
  return installed;
}

// `./build.sh test` runs this file alone, so that no test waits for the network.
if (import.meta.main) {
  await installGrpcPeer();
  console.error("grpc peer: grpc-go is ready");
}
