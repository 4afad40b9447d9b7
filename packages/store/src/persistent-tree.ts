/**
 * An ordered map from binary keys to binary values as a copy-on-write B+tree: a root is a snapshot.
 * Nodes made under one `edit` token are changed in place as long as that token is in use; all others
 * are copied first.
 */
export type TreeNode = Leaf | Branch;

interface Leaf {
  readonly kind: "leaf";
  readonly edit: object;
  readonly keys: Buffer[];
  readonly values: Buffer[];
}

/** `keys[i]` is a lower bound of child i's keys and above all keys of child i - 1. */
interface Branch {
  readonly kind: "branch";
  readonly edit: object;
  readonly keys: Buffer[];
  readonly children: TreeNode[];
}

const MAX_ENTRIES = 32;

export const EMPTY_TREE: TreeNode = { kind: "leaf", edit: {}, keys: [], values: [] };

/** First position in `keys` whose key is not below `key`. */
function lowerBound(keys: readonly Buffer[], key: Buffer): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(keys[middle] as Buffer, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The child that holds `key`, if any does. */
function childIndex(keys: readonly Buffer[], key: Buffer): number {
  const at = lowerBound(keys, key);
  if (at < keys.length && (keys[at] as Buffer).equals(key)) return at;
  return Math.max(0, at - 1);
}

export function treeGet(root: TreeNode, key: Buffer): Buffer | undefined {
  let node = root;
  while (node.kind === "branch") node = node.children[childIndex(node.keys, key)] as TreeNode;
  const at = lowerBound(node.keys, key);
  return node.keys[at]?.equals(key) === true ? node.values[at] : undefined;
}

function owned<T extends TreeNode>(node: T, edit: object): T {
  if (node.edit === edit) return node;
  return node.kind === "leaf"
    ? { ...node, edit, keys: [...node.keys], values: [...node.values] }
    : { ...node, edit, keys: [...node.keys], children: [...node.children] };
}

/** The upper half of an overfull node, taken out of it; null while it is not overfull. */
function split(node: TreeNode, edit: object): TreeNode | null {
  if (node.keys.length <= MAX_ENTRIES) return null;
  const half = node.keys.length >>> 1;
  const keys = node.keys.splice(half);
  return node.kind === "leaf"
    ? { kind: "leaf", edit, keys, values: node.values.splice(half) }
    : { kind: "branch", edit, keys, children: node.children.splice(half) };
}

function putInto(node: TreeNode, key: Buffer, value: Buffer, edit: object): TreeNode {
  const mine = owned(node, edit);
  if (mine.kind === "leaf") {
    const at = lowerBound(mine.keys, key);
    if (mine.keys[at]?.equals(key) === true) mine.values[at] = value;
    else {
      mine.keys.splice(at, 0, key);
      mine.values.splice(at, 0, value);
    }
    return mine;
  }
  const at = childIndex(mine.keys, key);
  const child = putInto(mine.children[at] as TreeNode, key, value, edit);
  mine.children[at] = child;
  const upper = split(child, edit);
  if (upper !== null) {
    mine.keys.splice(at + 1, 0, upper.keys[0] as Buffer);
    mine.children.splice(at + 1, 0, upper);
  }
  if (at === 0 && Buffer.compare(key, mine.keys[0] as Buffer) < 0) mine.keys[0] = key;
  return mine;
}

export function treePut(root: TreeNode, key: Buffer, value: Buffer, edit: object): TreeNode {
  const lower = putInto(root, key, value, edit);
  const upper = split(lower, edit);
  if (upper === null) return lower;
  return { kind: "branch", edit, keys: [lower.keys[0] as Buffer, upper.keys[0] as Buffer], children: [lower, upper] };
}

/** The tree without `key`, which it must hold. Empty nodes are cut off; others are not merged. */
export function treeRemove(root: TreeNode, key: Buffer, edit: object): TreeNode {
  const mine = owned(root, edit);
  if (mine.kind === "leaf") {
    const at = lowerBound(mine.keys, key);
    mine.keys.splice(at, 1);
    mine.values.splice(at, 1);
    return mine;
  }
  const at = childIndex(mine.keys, key);
  const child = treeRemove(mine.children[at] as TreeNode, key, edit);
  if (child.keys.length > 0) mine.children[at] = child;
  else {
    mine.keys.splice(at, 1);
    mine.children.splice(at, 1);
  }
  return mine.children.length === 0 ? EMPTY_TREE : mine;
}

/** Entries with `start` <= key < `end`, ascending. */
export function* treeRange(node: TreeNode, start: Buffer, end: Buffer): IterableIterator<[key: Buffer, value: Buffer]> {
  if (node.kind === "leaf") {
    const to = lowerBound(node.keys, end);
    for (let at = lowerBound(node.keys, start); at < to; at++)
      yield [node.keys[at] as Buffer, node.values[at] as Buffer];
    return;
  }
  for (let at = childIndex(node.keys, start); at < node.children.length; at++) {
    if (Buffer.compare(node.keys[at] as Buffer, end) >= 0) return;
    yield* treeRange(node.children[at] as TreeNode, start, end);
  }
}

/** Entries with `start` <= key < `end`, descending. */
export function* treeRangeReverse(
  node: TreeNode,
  start: Buffer,
  end: Buffer,
): IterableIterator<[key: Buffer, value: Buffer]> {
  const from = (node.kind === "leaf" ? lowerBound(node.keys, end) : Math.max(1, lowerBound(node.keys, end))) - 1;
  for (let at = from; at >= 0; at--) {
    if (node.kind === "branch") {
      yield* treeRangeReverse(node.children[at] as TreeNode, start, end);
      if (Buffer.compare(node.keys[at] as Buffer, start) <= 0) return;
      continue;
    }
    const key = node.keys[at] as Buffer;
    if (Buffer.compare(key, start) < 0) return;
    yield [key, node.values[at] as Buffer];
  }
}
