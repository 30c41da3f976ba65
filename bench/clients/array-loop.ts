/** The fastest way of clients that take arrays: a few sends of a thousand records each under way at a time. */
export async function sendArrays(
  send: (values: readonly Buffer[]) => Promise<unknown>,
  values: readonly Buffer[],
  acknowledged: (records: number) => void,
  stopped: () => boolean,
): Promise<void> {
  const RECORDS_PER_SEND = 1000
  const SENDS_UNDERWAY = 4
  const array = Array.from({ length: RECORDS_PER_SEND }, (_, n) => values[n % values.length]!)
  const call = async (): Promise<void> => {
    while (!stopped()) {
      await send(array)
      acknowledged(array.length)
    }
  }
  await Promise.all(Array.from({ length: SENDS_UNDERWAY }, call))
}
