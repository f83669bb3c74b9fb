/** Marks a place in a message that nobody wants: its bytes are checked and passed over. */
export const UNWANTED = -1;

/** Highest array index a path may name, plus one. */
export const MAX_ARRAY_INDEX = 8;

/** Buckets of a node's key table; a power of two. */
export const KEY_BUCKETS = 32;

/** Numbers per edge in `edges`. */
const EDGE_NUMBERS = 4;

/** Separates the segments of a path in a profile. */
const SEPARATOR = ".";

const INDEX_SEGMENT = /^(0|[1-9][0-9]*)$/;

/**
 * The wanted paths of a profile as flat tables the scanner walks along. A node is one wanted place and, at the same
 * time, the slot its value is recorded in. Several roots share one table: root 0 is the message, the others are parts
 * that are scanned again one by one (the elements of an array).
 */
export interface PathTrie {
  readonly nodeCount: number;
  /** Nodes under each root, the root's own included: what a scan of that root must clear. */
  readonly nodesOfRoot: readonly Int32Array[];
  /** `keyTable[node * KEY_BUCKETS + keyHash]`: where the bucket's first edge stands in `edges`, or UNWANTED. */
  readonly keyTable: Int32Array;
  /** Four numbers each: start and length of the key in `keyBytes`, the node it leads to, the next edge or UNWANTED. */
  readonly edges: Int32Array;
  readonly keyBytes: Uint8Array;
  /** The same edges by name, for keys that a venue writes with escapes. */
  readonly namedEdges: readonly NamedEdge[];
  /** `indexTable[node * MAX_ARRAY_INDEX + index]`: the element's node, or UNWANTED. */
  readonly indexTable: Int32Array;
}

/** From one wanted place to another, by an object key. */
export interface NamedEdge {
  readonly parent: number;
  readonly key: string;
  readonly node: number;
}

/** Collects wanted paths; each path is given its node at once. */
export class PathTrieBuilder {
  readonly #roots: number[][] = [];
  readonly #edges: NamedEdge[] = [];
  #nodeCount = 0;

  constructor() {
    this.addRoot();
  }

  /** The node of a new root; the first, the message itself, is there from the start and is node 0. */
  addRoot(): { readonly root: number; readonly node: number } {
    const node = this.#nodeCount++;
    this.#roots.push([node]);
    return { root: this.#roots.length - 1, node };
  }

  /** The node of `path` (segments separated by dots) below `from`, a node of `root`; an empty path is `from` itself. */
  addPath(root: number, from: number, path: string): number {
    let node = from;
    for (const key of splitPath(path)) {
      const known = this.#edges.find((edge) => edge.parent === node && edge.key === key);
      if (known !== undefined) {
        node = known.node;
        continue;
      }
      const child = this.#nodeCount++;
      this.#edges.push({ parent: node, key, node: child });
      this.#roots[root]?.push(child);
      node = child;
    }
    return node;
  }

  build(): PathTrie {
    const keyTable = new Int32Array(this.#nodeCount * KEY_BUCKETS).fill(UNWANTED);
    const indexTable = new Int32Array(this.#nodeCount * MAX_ARRAY_INDEX).fill(UNWANTED);
    const edges = new Int32Array(this.#edges.length * EDGE_NUMBERS);
    const keys: number[] = [];
    for (const [i, edge] of this.#edges.entries()) {
      const key = new TextEncoder().encode(edge.key);
      const bucket = edge.parent * KEY_BUCKETS + keyHash(key);
      edges.set([keys.length, key.length, edge.node, keyTable[bucket]], i * EDGE_NUMBERS);
      keyTable[bucket] = i * EDGE_NUMBERS;
      keys.push(...key);
      if (INDEX_SEGMENT.test(edge.key) && Number(edge.key) < MAX_ARRAY_INDEX) {
        indexTable[edge.parent * MAX_ARRAY_INDEX + Number(edge.key)] = edge.node;
      }
    }
    return {
      nodeCount: this.#nodeCount,
      nodesOfRoot: this.#roots.map((nodes) => Int32Array.from(nodes)),
      keyTable,
      edges,
      keyBytes: Uint8Array.from(keys),
      namedEdges: [...this.#edges],
      indexTable,
    };
  }
}

/** The segments of a path; none for the empty path. */
export function splitPath(path: string): string[] {
  return path === "" ? [] : path.split(SEPARATOR);
}

/** Bucket of a key, which is never empty: the scanner computes the same in place. */
function keyHash(key: Uint8Array): number {
  return (key.length * 7 + key[0] * 3 + key[key.length - 1]) & (KEY_BUCKETS - 1);
}
