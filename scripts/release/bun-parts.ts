/** A library that is linked into Bun, and so is in our executable. */
export interface BunPart {
  readonly name: string;
  /** SPDX expression, or null where its own file says more than an expression can. */
  readonly license: string | null;
  readonly source: string;
}

/** Where Bun's own account of its parts is. */
export const BUN_SOURCE = "https://github.com/oven-sh/bun";

/** What Bun links on Linux, by its LICENSE.md (read in November 2026). It tells no versions. */
export const BUN_PARTS: readonly BunPart[] = [
  { name: "JavaScriptCore", license: "LGPL-2.0-only", source: "https://github.com/oven-sh/WebKit" },
  { name: "boringssl", license: null, source: "https://boringssl.googlesource.com/boringssl/" },
  { name: "brotli", license: "MIT", source: "https://github.com/google/brotli" },
  { name: "c-ares", license: "MIT", source: "https://github.com/c-ares/c-ares" },
  { name: "highway", license: "Apache-2.0", source: "https://github.com/google/highway" },
  { name: "icu", license: null, source: "https://github.com/unicode-org/icu" },
  { name: "libarchive", license: null, source: "https://github.com/libarchive/libarchive" },
  { name: "libbase64", license: "BSD-2-Clause", source: "https://github.com/aklomp/base64" },
  { name: "libdeflate", license: "MIT", source: "https://github.com/ebiggers/libdeflate" },
  { name: "libjpeg-turbo", license: null, source: "https://github.com/libjpeg-turbo/libjpeg-turbo" },
  { name: "libspng", license: "BSD-2-Clause", source: "https://github.com/randy408/libspng" },
  { name: "libwebp", license: "BSD-3-Clause", source: "https://github.com/webmproject/libwebp" },
  { name: "lol-html", license: "BSD-3-Clause", source: "https://github.com/cloudflare/lol-html" },
  { name: "ls-hpack", license: "MIT", source: "https://github.com/litespeedtech/ls-hpack" },
  { name: "ls-qpack", license: "MIT", source: "https://github.com/litespeedtech/ls-qpack" },
  { name: "lsquic", license: "MIT AND BSD-3-Clause", source: "https://github.com/litespeedtech/lsquic" },
  { name: "mimalloc", license: "MIT", source: "https://github.com/microsoft/mimalloc" },
  { name: "picohttpparser", license: "MIT", source: "https://github.com/h2o/picohttpparser" },
  { name: "simdutf", license: "Apache-2.0", source: "https://github.com/simdutf/simdutf" },
  { name: "tinycc", license: "LGPL-2.1-only", source: "https://github.com/tinycc/tinycc" },
  { name: "uSockets", license: "Apache-2.0", source: "https://github.com/uNetworking/uSockets" },
  { name: "uWebSockets", license: "Apache-2.0", source: "https://github.com/jarred-sumner/uwebsockets" },
  { name: "uucode", license: "MIT", source: "https://github.com/jacobsandlund/uucode" },
  { name: "zlib-ng", license: "Zlib", source: "https://github.com/zlib-ng/zlib-ng" },
  { name: "zstd", license: "BSD-3-Clause", source: "https://github.com/facebook/zstd" },
];
