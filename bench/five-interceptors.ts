import type { ProducerInterceptor } from 'sluice'

/** What many producers would run: three headers, a filter that lets all pass, and a counter. Imported only where they are wanted, as old revisions lack some. */
export async function fiveInterceptors(): Promise<ProducerInterceptor[]> {
  const { timestampHeader, hostHeader, uuidHeader, counter } = await import('sluice/interceptors')
  const filter: ProducerInterceptor = {
    name: 'filter',
    onSend: (record) => (record.value.length > 0 ? record : { verdict: 'drop', reason: 'empty' }),
  }
  return [timestampHeader(), hostHeader(), uuidHeader(), filter, counter()]
}
