import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { KafkaConsumer, KafkaProducer, silentLogger } from 'sluice'
import { consumerMetricMeanings, producerMetricMeanings } from '../../packages/sluice/src/metrics/metric-names.ts'

const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')

function rowsUnder(heading: string): string[] {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return section.split('\n').filter((line) => line.startsWith('| `'))
}

const rowsOf = (meanings: Readonly<Record<string, string>>): string[] =>
  Object.entries(meanings).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`)

test('docs - metrics.md lists exactly the metrics there are', () => {
  assert.deepEqual(rowsUnder('producer.metrics()'), rowsOf(producerMetricMeanings))
  assert.deepEqual(rowsUnder('consumer.metrics()'), rowsOf(consumerMetricMeanings))
})

test('metrics - the names listed are those that clients give', async () => {
  const common = { bootstrapServers: 'localhost:1', logger: silentLogger }
  const producer = new KafkaProducer(common)
  const consumer = new KafkaConsumer(common)
  assert.deepEqual(Object.keys(producer.metrics()), Object.keys(producerMetricMeanings))
  assert.deepEqual(Object.keys(consumer.metrics()), Object.keys(consumerMetricMeanings))
  assert.ok(Object.values(producer.metrics()).every((value) => typeof value === 'number'))
  await Promise.all([producer.close({ timeoutMs: 0 }), consumer.close()])
})
