import { DevBrokerError } from '../errors.ts'
import { didYouMean } from '../near-name.ts'
import type { DevBrokerApi } from './api-messages.ts'
import { apiNames } from './error-places.ts'

/** Throws for an API that is not served, with the nearest name that is. */
export function checkApi(api: string): asserts api is DevBrokerApi {
  if ((apiNames as readonly string[]).includes(api)) return
  throw new DevBrokerError('INVALID_OPTION', `the broker serves no API "${api}"${didYouMean(api, apiNames)}`)
}
