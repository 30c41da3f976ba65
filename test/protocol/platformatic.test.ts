import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readMessage, writeMessage } from '@sluice/protocol'
import { contains, type Struct } from '../../tools/gen-protocol/definition.ts'
import { type TestedMessage, testedMessages } from './codecs.ts'
import {
  forcedRequestValue,
  forcedResponseValue,
  hyphenated,
  inTheirShape,
  type OracleApi,
  oracleApis,
  reshapedMembers,
  theirOwnMembers,
} from './platformatic-oracle.ts'
import { randomMessage, type Values } from './random-message.ts'
import { withSeed } from './seeded-random.ts'

const ROUNDS = 10

/** The versions that both have: 260 of theirs, less those of APIs we leave out and those that Kafka 4 removed. */
const pairs = oracleApis.flatMap((oracle) => {
  const messages = testedMessages.filter(({ definition }) => definition.apiKey === oracle.key)
  const inRange =
    messages.length === 2 && messages.every(({ codec }) => oracle.version >= codec.minVersion && oracle.version <= codec.maxVersion)
  return inRange ? [{ oracle, request: messages[0]!, response: messages[1]! }] : []
})

describe('generated codecs - byte for byte as @platformatic/kafka', () => {
  it('compares every version that both have', () => {
    assert.equal(pairs.length, 223)
  })

  for (const { oracle, request, response } of pairs) {
    it(`${oracle.exportName}: its request is read, and written again as the same bytes`, () => {
      for (let round = 0; round < ROUNDS; round++) compareRequest(oracle, request, round)
    })

    it(`${oracle.exportName}: our response is read by its parser with equal values`, () => {
      let values = 0
      for (let round = 0; round < ROUNDS; round++) values += compareResponse(oracle, response, round)
      assert.ok(values > 0, 'no value was compared')
    })
  }
})

function compareRequest(oracle: OracleApi, { message, codec }: TestedMessage, round: number): void {
  const { key, version } = oracle
  withSeed(`request ${oracle.exportName} round ${round}`, (random) => {
    const values = randomMessage(message, version, random, {
      choose: forcedRequestValue(key, version),
      withoutTags: key !== 1 || version < 17,
    })
    if (key === 1) Object.assign(values, { clusterId: null, replicaState: { replicaId: -1, replicaEpoch: -1 } })
    const theirs = oracle.encodeRequest(values, message.root)
    const read = readMessage<Values>(codec, theirs, 0, version)
    assert.equal(writeMessage(codec, read, version).toString('hex'), theirs.toString('hex'))
    if (key !== 0) {
      assert.deepEqual(read, values)
      return
    }
    const topic = (read.topicData as Values[])[0]!
    const partition = (topic.partitionData as Values[])[0]!
    assert.deepEqual([read.transactionalId, read.acks, read.timeoutMs], [values.transactionalId, values.acks, values.timeoutMs])
    assert.deepEqual([topic.name, partition.index], ['orders', 3])
    assert.equal((partition.records as Buffer)[16], 2, 'the magic of the record batch')
  })
}

/** Returns how many values were compared. */
function compareResponse(oracle: OracleApi, { message, codec }: TestedMessage, round: number): number {
  const { key, version } = oracle
  return withSeed(`response ${oracle.exportName} round ${round}`, (random) => {
    const values = randomMessage(message, version, random, { defaults: 0.05, choose: forcedResponseValue((codes) => random.pick(codes)) })
    const { response, remaining } = oracle.decodeResponse(writeMessage(codec, values, version))
    const ours = inTheirShape(key, version, values)
    if (ours !== values || remaining === 0) return compare(response, ours, message.root, version, '', '', ours !== values)
    throw new Error(`${remaining} bytes are left`)
  })
}

/** Compares what is in both; a member of theirs that ours lacks must be a known one. */
function compare(
  theirs: unknown,
  ours: unknown,
  struct: Struct | null,
  version: number,
  path: string,
  member: string,
  reshaped: boolean,
): number {
  if (Buffer.isBuffer(theirs)) {
    assert.deepEqual(theirs, ours ?? Buffer.alloc(0), path)
    return 1
  }
  if (Array.isArray(theirs)) {
    const items = (ours ?? []) as unknown[]
    assert.equal(theirs.length, items.length, path)
    return theirs.reduce<number>((sum, item, i) => sum + compare(item, items[i], struct, version, `${path}[${i}]`, member, reshaped), 1)
  }
  if (theirs === null || typeof theirs !== 'object') {
    assertSameValue(theirs, ours, path)
    return 1
  }
  assert.ok(ours !== null && typeof ours === 'object', path)
  let leaves = 0
  for (const [name, value] of Object.entries(theirs)) {
    if (name === 'records') continue
    if (!(name in ours)) {
      assert.ok(theirOwnMembers.includes(`${member}.${name}`), `${path}.${name} is not known`)
      continue
    }
    const field = struct?.fields.find((candidate) => candidate.name === name)
    const lacking = field !== undefined && !contains(field.versions, version)
    // What a version lacks has a default, and theirs are not Kafka's.
    if (lacking && !(reshaped && reshapedMembers.includes(name))) continue
    const type = lacking ? undefined : field?.type.kind === 'array' ? field.type.element : field?.type
    leaves += compare(
      value,
      (ours as Values)[name],
      type?.kind === 'struct' ? type.struct : null,
      version,
      `${path}.${name}`,
      name,
      reshaped,
    )
  }
  return leaves
}

/** They give int64 as bigint, a uuid with hyphens, and an empty value for some nulls. */
function assertSameValue(theirs: unknown, ours: unknown, path: string): void {
  if (typeof theirs === 'bigint') assert.equal(theirs, BigInt(ours as number), path)
  else if (theirs === '' && ours === null) return
  else if (typeof ours === 'string' && ours.length === 22 && theirs === hyphenated(ours)) return
  else assert.equal(theirs, ours, path)
}
