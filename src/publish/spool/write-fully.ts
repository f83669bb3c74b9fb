import type { SpoolFileSystem } from "./spool-file-system.ts";

/** Writes all bytes, however few the disk takes at a time. @throws the system's error, or one with code ENOSPC when it takes none */
export function writeFully(fileSystem: SpoolFileSystem, file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const written = fileSystem.write(file, bytes, done, bytes.length - done, position + done);
    if (written <= 0) throw Object.assign(new Error("Cannot write to the disk: it takes no bytes"), { code: "ENOSPC" });
    done += written;
  }
}

/** Reads until `into` is full or the file ends; returns the bytes read. @throws the system's error */
export function readFully(fileSystem: SpoolFileSystem, file: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.length) {
    const count = fileSystem.read(file, into, done, into.length - done, position + done);
    if (count <= 0) break;
    done += count;
  }
  return done;
}

/** The same, off the event loop. */
export async function readFullySoon(
  fileSystem: SpoolFileSystem,
  file: number,
  into: Uint8Array,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const count = await fileSystem.readSoon(file, into, done, into.length - done, position + done);
    if (count <= 0) break;
    done += count;
  }
  return done;
}

/** The system's word for an error, for texts: `ENOSPC`; its message when it has none. */
export function errorCode(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message ?? String(error);
}
