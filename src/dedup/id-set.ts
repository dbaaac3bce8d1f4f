/** Ids of one shard. */
export interface IdSet<Id> {
  readonly size: number
  has(id: Id): boolean
  /** True when it was not there. */
  add(id: Id): boolean
}

/** What is held of a key, and in what. Members may be spread over shards that grow one by one. */
export interface IdKind<Id> {
  /** Good until the next call. */
  idOf(key: string): Id
  /** A small number. */
  shardOf(id: Id): number
  /** An empty one, with room for as many as there were in the window before. */
  newSet(before: IdSet<Id> | undefined): IdSet<Id>
}
