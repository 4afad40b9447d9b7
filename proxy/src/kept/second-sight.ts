/** Slots of one byte; a power of two. */
const SLOTS = 1 << 20;

/**
 * Whether a key was seen lately: what is asked once, as each key of a random load over many, is not worth keeping. May be wrong
 * about some; memory is fixed.
 */
export class SecondSight {
  #slots: Uint8Array | null = null;

  /** Notes the key; true when it was noted before and nothing has taken its slot since. */
  again(key: string): boolean {
    this.#slots ??= new Uint8Array(SLOTS);
    let hash = 0x811c9dc5;
    for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
    hash ^= hash >>> 15;
    const slot = hash & (SLOTS - 1);
    const mark = (hash >>> 24) | 1;
    if (this.#slots[slot] === mark) return true;
    this.#slots[slot] = mark;
    return false;
  }
}
