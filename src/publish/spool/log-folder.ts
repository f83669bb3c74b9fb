import { type LogName, UNASSIGNED } from "./batch-log.ts";

/** What segment files end with. */
export const SEGMENT_SUFFIX = ".seg";
const NAME_DIGITS = 20;

/** The name of a log within its folder of folders, and its key: `<topic>/<partition>-of-<count>`. */
export function folderOf(name: LogName): string {
  const lane = name.partition === UNASSIGNED ? "unassigned" : `${name.partition}-of-${name.partitionCount}`;
  return `${topicFolder(name.topic)}/${lane}`;
}

/** The other way round; null for a folder that is no log's. */
export function nameOfFolder(topicPart: string, lanePart: string): LogName | null {
  const topic = decodeTopic(topicPart);
  if (topic === null) return null;
  if (lanePart === "unassigned") return { topic, partition: UNASSIGNED, partitionCount: 0 };
  const match = /^(\d{1,9})-of-(\d{1,9})$/.exec(lanePart);
  return match === null ? null : { topic, partition: Number(match[1]), partitionCount: Number(match[2]) };
}

/** Names sort as positions do. A name is a help for people: recovery goes by the header. */
export function segmentFileName(basePosition: number, tries: number): string {
  const digits = String(basePosition).padStart(NAME_DIGITS, "0");
  return tries === 0 ? `${digits}${SEGMENT_SUFFIX}` : `${digits}-${tries}${SEGMENT_SUFFIX}`;
}

/** Kafka's names need no escape but `.` and `..`, which it refuses itself; whatever else comes stays one folder deep. */
function topicFolder(topic: string): string {
  const encoded = encodeURIComponent(topic).replaceAll("*", "%2A").replaceAll("~", "%7E");
  return encoded === "." || encoded === ".." ? encoded.replaceAll(".", "%2E") : encoded;
}

function decodeTopic(folder: string): string | null {
  try {
    return decodeURIComponent(folder);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
