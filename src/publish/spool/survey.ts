import type { LogName } from "./batch-log.ts";
import { CHECKPOINT_NAME } from "./checkpoint.ts";
import type { FileHandles } from "./file-handles.ts";
import { folderOf, nameOfFolder, SEGMENT_SUFFIX } from "./log-folder.ts";
import { readSegmentFile, type SegmentFile } from "./segment-file.ts";
import { FORMAT_VERSION } from "./segment-header.ts";
import type { SpoolFileSystem } from "./spool-file-system.ts";
import { errorCode } from "./write-fully.ts";

/** The segments of one log as their headers tell, wherever they lie. */
export interface SurveyedLog {
  readonly name: LogName;
  /** By base position, then by age. */
  readonly files: SegmentFile[];
}

/** All that lies in the folder of a spool. */
export interface Survey {
  /** By `folderOf` of their names. */
  readonly logs: ReadonlyMap<string, SurveyedLog>;
  /** Segments from which nothing can be had: empty, copies of others, nothing whole in them. */
  readonly useless: readonly { readonly path: string; readonly bytes: number }[];
  /** Files that are left alone, and why: not readable now, written by a newer program. */
  readonly leftAlone: readonly string[];
  /** Of segments that are left alone. */
  readonly otherBytes: number;
}

/** Where to look. */
export interface SurveyOptions {
  readonly fileSystem: SpoolFileSystem;
  readonly files: FileHandles;
  readonly directory: string;
}

/** Reads head and end of every segment; changes nothing. @throws the system's error when a folder cannot be listed */
export function survey({ fileSystem, files, directory }: SurveyOptions): Survey {
  const logs = new Map<string, SurveyedLog>();
  const useless: { path: string; bytes: number }[] = [];
  const leftAlone: string[] = [];
  let otherBytes = 0;
  for (const { folder, folderName } of logFolders(fileSystem, directory)) {
    for (const entry of fileSystem.list(folder)) {
      const path = `${folder}/${entry.name}`;
      // A log without segments has something to tell too: up to where it was filled.
      if (entry.name === CHECKPOINT_NAME) logOf(logs, folderName);
      if (entry.isFolder || !entry.name.endsWith(SEGMENT_SUFFIX)) continue;
      try {
        const file = readSegmentFile(fileSystem, files, { path, folderName });
        const bytes = fileSystem.sizeOf(files.use(path));
        if (file === null) useless.push({ path, bytes });
        else if (file.header.version > FORMAT_VERSION) {
          otherBytes += bytes;
          leftAlone.push(`'${path}' has format version ${file.header.version}`);
        } else logOf(logs, file.header.log).files.push(file);
      } catch (error) {
        leftAlone.push(`'${path}' cannot be read (${errorCode(error)})`);
      } finally {
        files.release(path);
      }
    }
  }
  nameFeeds(logs.values());
  for (const log of logs.values()) useless.push(...sortOut(log));
  return { logs, useless, leftAlone, otherBytes };
}

function logFolders(fileSystem: SpoolFileSystem, directory: string) {
  const found: { readonly folder: string; readonly folderName: LogName }[] = [];
  for (const topic of fileSystem.list(directory)) {
    if (!topic.isFolder) continue;
    for (const lane of fileSystem.list(`${directory}/${topic.name}`)) {
      const folderName = lane.isFolder ? nameOfFolder(topic.name, lane.name) : null;
      if (folderName !== null) found.push({ folder: `${directory}/${topic.name}/${lane.name}`, folderName });
    }
  }
  return found;
}

function logOf(logs: Map<string, SurveyedLog>, name: LogName): SurveyedLog {
  const key = folderOf(name);
  const log = logs.get(key) ?? { name, files: [] };
  logs.set(key, log);
  return log;
}

/** Gives segments whose own names of feeds are gone those of the segment born next to them: one process names all alike. */
function nameFeeds(logs: Iterable<SurveyedLog>): void {
  const all = [...logs];
  const named = all.flatMap(({ files }) => files).filter(({ isGuessed }) => !isGuessed);
  for (const { files } of all) {
    for (const [at, file] of files.entries()) {
      if (!file.isGuessed) continue;
      const distance = (other: SegmentFile) => Math.abs(other.header.segmentId - file.header.segmentId);
      const [nearest] = named.toSorted((a, b) => distance(a) - distance(b));
      const feedNames = nearest?.header.feedNames ?? [];
      files[at] = { ...file, header: { ...file.header, feedNames } };
    }
  }
}

/** Puts the segments of a log in order; of several copies of one the longest stays, the others are returned. */
function sortOut(log: SurveyedLog): { path: string; bytes: number }[] {
  const best = new Map<number, SegmentFile>();
  for (const file of log.files) {
    const rival = best.get(file.header.segmentId);
    if (rival === undefined || isBetter(file, rival)) best.set(file.header.segmentId, file);
  }
  const copies = log.files.filter((file) => best.get(file.header.segmentId) !== file);
  const kept = log.files.filter((file) => best.get(file.header.segmentId) === file);
  kept.sort((a, b) => a.header.basePosition - b.header.basePosition || a.header.segmentId - b.header.segmentId);
  log.files.splice(0, log.files.length, ...kept);
  return copies.map(({ path, fileBytes }) => ({ path, bytes: fileBytes }));
}

function isBetter(file: SegmentFile, rival: SegmentFile): boolean {
  if ((file.footer === null) !== (rival.footer === null)) return file.footer !== null;
  if (file.fileBytes !== rival.fileBytes) return file.fileBytes > rival.fileBytes;
  return file.path < rival.path;
}
