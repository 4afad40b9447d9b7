/** Other processes that serve clients at the same address. */
export interface Siblings {
  /** Has whoever gave out the key interrupt its client's work; false when none of them did. */
  cancel(processId: number, secretKey: Buffer): Promise<boolean>;
}

export const NO_SIBLINGS: Siblings = { cancel: () => Promise.resolve(false) };
