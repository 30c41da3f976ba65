import { before, test } from 'node:test'
import { testCluster } from '../../support/test-cluster.ts'
import { assertTracesAgree, checkRecording, kinds, runScenarios, type Traces } from './compare.ts'

let traces: { readonly java: Traces; readonly sluice: Traces }

before(async () => {
  await using cluster = await testCluster()
  traces = await runScenarios(cluster.bootstrapServers, true)
})

for (const kind of kinds) {
  test(`trace - ${kind}: Sluice does what the Java client does, but for the differences listed`, () => {
    assertTracesAgree(kind, traces)
  })
}

test('trace - the recording of the Java client is what it does', () => {
  checkRecording(traces.java)
})
