/** Gives transaction ids their epoch, which the stream does not carry: an id is the one nearest to the latest known. */
export class TransactionIds {
  #latest = 0n;

  /** A whole id that the upstream has given. */
  observe(xid: bigint): void {
    if (xid > this.#latest) this.#latest = xid;
  }

  whole(xid: number): bigint {
    const distance = (xid - Number(this.#latest & 0xffff_ffffn)) | 0;
    const whole = this.#latest + BigInt(distance);
    this.observe(whole);
    return whole;
  }
}
