import { dirname, isAbsolute, join, normalize } from "node:path";
import type { Field, Method, ReflectionObject, Root } from "protobufjs";
import { IngestError } from "../../domain/ingest-error.ts";
import type { ProtoSchema } from "../../venues/grpc/proto-schema.ts";
import { allOf, isService, nameOf, type Protobuf, schemaOf } from "./proto-model.ts";

/** Files read for one feed; real sets have some dozens. */
const MAX_FILES = 500;
/** Longest file read, characters. */
const MAX_FILE_CHARACTERS = 4 * 1024 * 1024;
/** Problems told at once. */
const MAX_PROBLEMS = 20;

/** Files that say how HTTP gateways and documents are made: no message of ours can need them. */
const OPTION_FILES = /^(google\/api\/|protoc-gen-|validate\/|buf\/validate\/|gogoproto\/)/;

const IMPORT = /^\s*import\s+(?:public\s+|weak\s+)?["']([^"']+)["']/;

/** Which files, and where their imports are. */
export interface ProtoFiles {
  /** Paths, or names of embedded files. */
  readonly paths: readonly string[];
  /** Folders that imports are looked for in, beside that of the file that imports. */
  readonly includes: readonly string[];
  /** Files in the binary by name: those of a profile, and imports that are found nowhere else. */
  readonly embedded: ReadonlyMap<string, string>;
  /** The text of a file; null when there is none. */
  readText(path: string): string | null;
}

/** A file that is to be read. */
interface WantedFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Reads `.proto` files and all they import.
 *
 * @throws IngestError `config_invalid` that names every problem with its file and line
 */
export async function loadProtoFiles(files: ProtoFiles): Promise<ProtoSchema> {
  const protobuf = (await import("protobufjs")).default;
  const reader = new ProtoReader(protobuf, files);
  reader.read();
  const problems = reader.problems.length > 0 ? reader.problems : findUnresolved(protobuf, reader);
  if (problems.length > 0) {
    const more = problems.length - MAX_PROBLEMS;
    const told = problems.slice(0, MAX_PROBLEMS).join("; ") + (more > 0 ? `; and ${more} more` : "");
    throw new IngestError(`Cannot use the .proto files: ${told}`, { code: "config_invalid", retry: "never" });
  }
  reader.root.resolveAll();
  return schemaOf(protobuf, reader.root, files.paths.join(", "));
}

class ProtoReader {
  readonly root: Root;
  readonly problems: string[] = [];
  /** Text of every file by the path it was found at. */
  readonly texts = new Map<string, string>();
  readonly #protobuf: Protobuf;
  readonly #files: ProtoFiles;
  readonly #waiting: WantedFile[] = [];

  constructor(protobuf: Protobuf, files: ProtoFiles) {
    this.#protobuf = protobuf;
    this.#files = files;
    this.root = new protobuf.Root();
  }

  read(): void {
    for (const path of this.#files.paths) {
      const file = this.#findNamed(path);
      if (file === null) this.problems.push(`${path}: there is no such file`);
      else this.#want(file);
    }
    for (let file = this.#waiting.shift(); file !== undefined; file = this.#waiting.shift()) this.#parse(file);
  }

  #want(file: WantedFile): void {
    if (this.texts.has(file.path)) return;
    if (this.texts.size >= MAX_FILES || file.text.length > MAX_FILE_CHARACTERS) {
      this.problems.push(`${file.path}: is too long, or one of more than ${MAX_FILES} files`);
      return;
    }
    this.texts.set(file.path, file.text);
    this.#waiting.push(file);
  }

  #parse({ path, text }: WantedFile): void {
    // Where the parser takes the name for its errors from; its types do not say so.
    const parser = this.#protobuf.parse as Protobuf["parse"] & { filename?: string | null };
    try {
      parser.filename = path;
      const { imports, weakImports } = this.#protobuf.parse(text, this.root, { keepCase: true });
      for (const name of [...(imports ?? []), ...(weakImports ?? [])]) this.#import(name, { path, text });
    } catch (error) {
      this.problems.push(parseProblem(path, error as Error));
    } finally {
      parser.filename = null;
    }
  }

  #import(name: string, importer: WantedFile): void {
    const common = this.#protobuf.common.get(name);
    const file = this.#findImport(name, importer.path);
    if (file !== null) this.#want(file);
    else if (common !== null && common.nested !== undefined) this.#addCommon(name, common.nested);
    else if (!OPTION_FILES.test(name) && name !== "google/protobuf/descriptor.proto") {
      const line = lineOf(importer.text, (each) => IMPORT.exec(each)?.[1] === name);
      const looked = [dirname(importer.path), ...this.#files.includes].join(", ");
      this.problems.push(`${importer.path}:${line}: import "${name}" was not found in ${looked}`);
    }
  }

  #addCommon(name: string, nested: NonNullable<Parameters<Root["addJSON"]>[0]>): void {
    if (this.texts.has(name)) return;
    this.texts.set(name, "");
    this.root.addJSON(nested);
  }

  #findNamed(path: string): WantedFile | null {
    const text = this.#files.embedded.get(path) ?? this.#files.readText(path);
    if (text !== null) return { path, text };
    if (isAbsolute(path)) return null;
    return this.#firstOf(this.#files.includes.map((folder) => join(folder, path)));
  }

  /** Beside the importing file, then in the include folders, then in the binary. */
  #findImport(name: string, importer: string): WantedFile | null {
    const isEmbedded = this.#files.embedded.has(importer);
    const places = isEmbedded ? [] : [join(dirname(importer), name)];
    const found = this.#firstOf([...places, ...this.#files.includes.map((folder) => join(folder, name))]);
    if (found !== null) return found;
    const text = this.#files.embedded.get(name);
    return text === undefined ? null : { path: name, text };
  }

  #firstOf(paths: readonly string[]): WantedFile | null {
    for (const place of paths) {
      const path = normalize(place);
      const text = this.texts.get(path) ?? this.#files.readText(path);
      if (text !== null) return { path, text };
    }
    return null;
  }
}

/** protobufjs says `illegal token 'x' (file, line 3)`. */
function parseProblem(path: string, error: Error): string {
  const [, message = error.message, line] = /^(.*?) \((?:.*, )?line (\d+)\)$/s.exec(error.message) ?? [];
  return `${path}${line === undefined ? "" : `:${line}`}: ${message}`;
}

/** Every reference to a type that is not there, with its place. */
function findUnresolved(protobuf: Protobuf, { root, texts }: ProtoReader): string[] {
  const problems: string[] = [];
  const check = (object: Field | Method, owner: ReflectionObject, form: RegExp) => {
    try {
      object.resolve();
    } catch (error) {
      // One type that is missing is told with each of its neighbours.
      if (!typesOf(object).some((type) => (error as Error).message.includes(type))) return;
      const path = object.filename ?? owner.filename ?? "";
      const line = lineOf(texts.get(path) ?? "", (each) => form.test(each));
      problems.push(`${path}:${line}: ${nameOf(owner)}.${object.name}: ${(error as Error).message}`);
    }
  };
  for (const object of allOf(root)) {
    if (object instanceof protobuf.Type) {
      for (const field of object.fieldsArray)
        check(field, object, new RegExp(`\\b${field.name}\\s*=\\s*${field.id}\\b`));
    } else if (isService(protobuf, object)) {
      for (const method of object.methodsArray) check(method, object, new RegExp(`\\brpc\\s+${method.name}\\b`));
    }
  }
  return problems;
}

function typesOf(object: Field | Method): string[] {
  return "requestType" in object ? [object.requestType, object.responseType] : [object.type];
}

/** Number of the first line that is meant; 1 when none is. */
function lineOf(text: string, isMeant: (line: string) => boolean): number {
  return Math.max(0, text.split("\n").findIndex(isMeant)) + 1;
}
