import { installGoProgram } from "./go-program-install.ts";

let installed: Promise<string> | null = null;

/** Returns the path of our program on franz-go's kfake, made when this machine has none yet. */
export function installKfake(): Promise<string> {
  installed ??= installGoProgram("kfake");
  return installed;
}

// `./build.sh test` runs this file alone, so that no test waits for the network.
if (import.meta.main) {
  await installKfake();
  console.error("kfake: franz-go's broker is ready");
}
