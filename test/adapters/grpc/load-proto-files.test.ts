import { describe, expect, test } from "bun:test";
import { loadProtoFiles } from "../../../src/adapters/grpc/load-proto-files.ts";
import type { ProtoSchema } from "../../../src/venues/grpc/proto-schema.ts";

function load(
  files: Readonly<Record<string, string>>,
  paths: readonly string[],
  includes: readonly string[] = [],
): Promise<ProtoSchema> {
  const embedded = new Map([["own.proto", 'syntax = "proto3"; package own; message Own { string text = 1; }']]);
  return loadProtoFiles({ paths, includes, embedded, readText: (path) => files[path] ?? null });
}

async function problemsOf(...parameters: Parameters<typeof load>): Promise<string> {
  return load(...parameters).then(
    () => "",
    (error: Error) => error.message,
  );
}

const HEAD = 'syntax = "proto3";\npackage a;\n';
const SERVICE = "service S { rpc Watch(M) returns (stream M); }\n";

describe("loadProtoFiles()", () => {
  test("finds imports beside the file, in the include folders, in the binary and in the library", async () => {
    const files = {
      "/p/a.proto": `${HEAD}import "beside.proto";\nimport "deep/far.proto";\nimport "own.proto";\nimport "google/protobuf/timestamp.proto";\nimport "google/api/annotations.proto";\nmessage M { Beside b = 1; Far f = 2; own.Own o = 3; google.protobuf.Timestamp t = 4; M again = 5; }\n${SERVICE}`,
      "/p/beside.proto": `${HEAD}message Beside { string x = 1; }`,
      "/inc/deep/far.proto": `${HEAD}message Far { repeated sint64 y = 2; }`,
    };
    const schema = await load(files, ["/p/a.proto"], ["/inc"]);
    const fields = schema.services.get("a.S")?.get("Watch")?.response.fields;
    expect([...(fields?.values() ?? [])].map(({ name, type }) => `${name} ${type}`)).toEqual([
      "b message",
      "f message",
      "o message",
      "t message",
      "again message",
    ]);
    expect(fields?.get("f")?.message().fields.get("y")).toMatchObject({ isRepeated: true, type: "sint64" });
    expect(fields?.get("again")?.message().fullName).toBe("a.M");
  });

  test("presence is as the syntax has it", async () => {
    const body =
      "message M { string plain = 1; optional string maybe = 2; oneof one { int32 a = 3; } map<string, M> m = 4; }\n";
    const schema = await load({ "/a.proto": HEAD + body + SERVICE }, ["/a.proto"]);
    const fields = schema.services.get("a.S")?.get("Watch")?.request.fields;
    expect(
      [...(fields?.values() ?? [])].map(({ name, hasPresence, isMap }) => `${name} ${hasPresence} ${isMap}`),
    ).toEqual(["plain false false", "maybe true false", "a true false", "m false true"]);
    const old = await load(
      { "/a.proto": `syntax = "proto2";\npackage a;\nmessage M { optional string x = 1; }\n${SERVICE}` },
      ["/a.proto"],
    );
    expect(old.services.get("a.S")?.get("Watch")?.request.fields.get("x")?.hasPresence).toBe(true);
  });

  test("every problem is told with file and line, all at once", async () => {
    const files = {
      "/a.proto": `${HEAD}import "nope.proto";\nmessage M { string x = 1; }\n`,
      "/b.proto": `${HEAD}message B {\n  string x = ;\n}`,
    };
    expect(await problemsOf(files, ["/a.proto", "/b.proto", "/c.proto"], ["/inc"])).toBe(
      "Cannot use the .proto files: /c.proto: there is no such file; " +
        '/a.proto:3: import "nope.proto" was not found in /, /inc; ' +
        "/b.proto:4: illegal id ';'",
    );
  });

  test("a type that is not there is told where it is used, once", async () => {
    const text = `${HEAD}message M {\n  string x = 1;\n  Nope y = 2;\n}\nservice S {\n  rpc Watch(M) returns (stream Gone);\n}\n`;
    const problems = await problemsOf({ "/a.proto": text }, ["/a.proto"]);
    expect(problems).toContain("/a.proto:5: a.M.y: no such Type or Enum 'Nope'");
    expect(problems).toContain("/a.proto:8: a.S.Watch: no such type: Gone");
    expect(problems).not.toContain("a.M.x");
  });

  test("files that import each other are read once", async () => {
    const files = {
      "/a.proto": `${HEAD}import "b.proto";\nmessage M { B b = 1; }\n${SERVICE}`,
      "/b.proto": `${HEAD}import "a.proto";\nmessage B { M m = 1; }`,
    };
    expect((await load(files, ["/a.proto", "/b.proto"])).services.size).toBe(1);
  });

  test("HTML instead of a .proto", async () => {
    expect(await problemsOf({ "/a.proto": "<html></html>" }, ["/a.proto"])).toContain("/a.proto:1: illegal token '<'");
  });
});
