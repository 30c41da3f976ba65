import { interceptorContract } from 'sluice/testing'
import { hostHeader, regexFilter, staticHeader, timestampHeader } from './index.ts'

interceptorContract(timestampHeader)
interceptorContract(hostHeader)
interceptorContract(staticHeader)
interceptorContract(regexFilter)
