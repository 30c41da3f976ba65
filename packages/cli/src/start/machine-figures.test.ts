import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diskFigures, figureKinds, MachineFigures, networkFigures } from './machine-figures.ts'

test('machine figures - kinds follow one another, and a repeated sample says so', () => {
  const machine = new MachineFigures()
  const samples = Array.from({ length: figureKinds.length * 2 }, () => machine.next(new Date(0)))
  assert.deepEqual(
    samples.map(({ kind }) => kind),
    [...figureKinds, ...figureKinds],
  )
  assert.ok(samples.slice(0, figureKinds.length).every(({ unchanged }) => !unchanged))
  for (const kind of figureKinds) {
    const [first, second] = samples.filter((sample) => sample.kind === kind)
    assert.equal(second!.unchanged, JSON.stringify(first!.figures) === JSON.stringify(second!.figures))
  }
  assert.ok(samples[0]!.figures.idleMs! > 0)
  assert.ok(samples[1]!.figures.totalBytes! > samples[1]!.figures.freeBytes!)
})

test('machine figures - disks count once, without their partitions', () => {
  const diskstats = [
    '   8       0 sda 100 0 20 5 10 0 40 1 0 0 0',
    '   8       1 sda1 90 0 18 5 10 0 40 1 0 0 0',
    ' 259       0 nvme0n1 7 0 2 1 3 0 4 1 0 0 0',
    '   7       0 loop0 9 0 99 1 3 0 99 1 0 0 0',
  ].join('\n')
  assert.deepEqual(diskFigures(diskstats), { readBytes: 22 * 512, writtenBytes: 44 * 512 })
  assert.deepEqual(diskFigures(''), { readBytes: 0, writtenBytes: 0 })
})

test('machine figures - network interfaces are added up', () => {
  const dev = 'Inter-|   Receive\n face |bytes\n    lo: 1000 2 0 0 0 0 0 0 1000 2 0 0\n  eth0:500 1 0 0 0 0 0 0 30 1 0 0\n'
  assert.deepEqual(networkFigures(dev), { receivedBytes: 1500, sentBytes: 1030 })
})
