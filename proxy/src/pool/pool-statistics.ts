/** What has gone through one pool; times in milliseconds. */
export interface PoolStatistics {
  transactions: number;
  queries: number;
  /** Bytes from clients, to clients. */
  received: number;
  sent: number;
  transactionTime: number;
  queryTime: number;
  /** What clients waited for server connections. */
  waitTime: number;
}

export function noStatistics(): PoolStatistics {
  return { transactions: 0, queries: 0, received: 0, sent: 0, transactionTime: 0, queryTime: 0, waitTime: 0 };
}
