import { DatabaseSync } from 'node:sqlite'

/** The layout that this program reads and writes. */
const SCHEMA_VERSION = 1
/** How long one collector waits for another that writes to the same file. */
const BUSY_TIMEOUT_MS = 10_000

/**
 * Rows carry the revision of the transaction that wrote them, so that a second collector on the same file finds what is
 * new. A cell's tier is 0 for windows of 10 seconds, 1 for a minute, 2 for 15 minutes.
 */
const schema = `
  CREATE TABLE topic (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE session (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, received_at REAL NOT NULL, revision INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX session_revision ON session (revision);
  CREATE TABLE arrival (
    session INTEGER NOT NULL, seq INTEGER NOT NULL, received_at REAL NOT NULL, by_broker INTEGER NOT NULL, sent_at REAL NOT NULL,
    probe TEXT, PRIMARY KEY (session, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE cell (
    tier INTEGER NOT NULL, window INTEGER NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL, session INTEGER NOT NULL,
    version INTEGER NOT NULL, revision INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (tier, window, topic, partition, session)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX cell_revision ON cell (revision);
  CREATE TABLE assignment (
    session INTEGER NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL, number INTEGER NOT NULL,
    version INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (session, topic, partition, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX assignment_revision ON assignment (revision);
  CREATE TABLE ingest_offset (topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (topic, partition)) STRICT, WITHOUT ROWID;
  CREATE TABLE alert (id TEXT PRIMARY KEY, since REAL NOT NULL, until REAL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE note (key TEXT PRIMARY KEY, body TEXT, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX note_revision ON note (revision);
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('revision', 0), ('reports', 0), ('rolled_until', 0);
`

/** What is wrong with the file, in words for whoever gave it. */
export class StoreError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
  }
}

/** Opens the file, or makes it. Throws StoreError when it is no store, or one of a later version. */
export function openDatabase(file: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file)
    // Before the first table: it cannot be turned on later.
    database.exec(
      `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`,
    )
    database.exec('BEGIN IMMEDIATE')
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
    if (version === 0) {
      const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number }
      if (tables > 0) throw new StoreError(`store: ${file} is a database of another program`)
      database.exec(`${schema}; PRAGMA user_version = ${SCHEMA_VERSION}`)
    } else if (version > SCHEMA_VERSION) {
      throw new StoreError(
        `store: ${file} has version ${version}, and this program knows ${SCHEMA_VERSION}: use a newer one, or another file`,
      )
    }
    database.exec('COMMIT')
    return database
  } catch (cause) {
    database?.close()
    if (cause instanceof StoreError) throw cause
    throw new StoreError(`store: ${file} cannot be opened: ${(cause as Error).message}`, { cause })
  }
}

/** Runs `work` in one transaction that other writers wait for; what it throws undoes all of it. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
