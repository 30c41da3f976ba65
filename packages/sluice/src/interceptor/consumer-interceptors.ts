import { ConsumerChain } from './consumer-chain.ts'
import type { ConsumerInterceptor } from './consumer-interceptor.ts'
import { InterceptorChains } from './interceptor-chains.ts'
import type { InterceptorContext } from './interceptor-context.ts'

/** The consumer's interceptors (Java: ConsumerInterceptors): the chain in force, and those before it until they are drained. */
export class ConsumerInterceptors extends InterceptorChains<ConsumerInterceptor, ConsumerChain> {
  /** Configures the interceptors in list order. Throws CONFIG naming the one whose `configure` threw, after closing it and those before it. */
  constructor(interceptors: readonly ConsumerInterceptor[], context: InterceptorContext) {
    super(interceptors, context, (members) => new ConsumerChain(members))
  }
}
