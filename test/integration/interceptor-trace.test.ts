import { before, test } from 'node:test'
import { assertTracesAgree, kinds, recordedTraces, runScenarios, type Traces } from '../kafka/interceptor-trace/compare.ts'
import { needs, testCluster } from '../support/test-cluster.ts'

// test/kafka/interceptor-trace runs the Java client itself, on a real Kafka; here its recorded trace stands in.
const onDevBroker = needs({ devBroker: 'on Kafka the Java client runs beside it' })
let traces: { readonly java: Traces; readonly sluice: Traces }

before(async () => {
  if (onDevBroker.skip !== undefined) return
  await using cluster = await testCluster()
  traces = { ...(await runScenarios(cluster.bootstrapServers, false)), java: recordedTraces() }
})

for (const kind of kinds) {
  test(`trace - ${kind}: on the development broker too, Sluice does what the Java client does`, onDevBroker, () => {
    assertTracesAgree(kind, traces)
  })
}
