import { root } from '../tools/source-files.ts'

/** A folder with the sources of one revision of ours, and the bench of the working tree beside them. */
export interface SourceTree {
  readonly folder: string
  /** As reports name it, where revisions are compared. */
  readonly revision?: string
}

export const workingTree: SourceTree = { folder: root }

/** What takes part in a case: a client, of ours in one revision or another. */
export interface Contestant {
  readonly client: string
  readonly tree: SourceTree
}

export function nameOf({ client, tree }: Contestant): string {
  return tree.revision ?? client
}
