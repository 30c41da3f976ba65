import { useEffect } from 'preact/hooks'
import type { StatusAnswer } from '../../src/api-types.ts'
import { AlertsPage } from './pages/alerts.tsx'
import { ClientsPage } from './pages/clients.tsx'
import { GroupsPage } from './pages/groups.tsx'
import { InterceptorsPage } from './pages/interceptors.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { StreamPage } from './pages/stream.tsx'
import { TopicsPage } from './pages/topics.tsx'
import { Announcer } from './parts/announcer.tsx'
import { ConnectionNotice } from './parts/connection-notice.tsx'
import { NothingReceived } from './parts/empty-states.tsx'
import { Guard } from './parts/guard.tsx'
import { Header } from './parts/header.tsx'
import { Notice } from './parts/notices.tsx'
import { useAnswer } from './state/answers.ts'
import { view } from './state/navigation.ts'
import { useObservable } from './state/observable.ts'
import type { PageName } from './state/view-state.ts'

const pages: Readonly<Record<PageName, () => preact.ComponentChildren>> = {
  overview: OverviewPage,
  stream: StreamPage,
  topics: TopicsPage,
  groups: GroupsPage,
  interceptors: InterceptorsPage,
  clients: ClientsPage,
  alerts: AlertsPage,
}

export function App() {
  const { page, topic, group } = useObservable(view)
  const status = useAnswer<StatusAnswer>('status')
  const isNothing = status.data?.reports === 0 && page !== 'alerts'
  const Page = pages[page]
  useEffect(() => {
    const name = page === 'stream' ? `${topic} → ${group}` : page
    document.title = `${name} · Sluice monitor`
  }, [page, topic, group])
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        <ConnectionNotice error={status.error} />
        {!isNothing &&
          status.data?.problems.map((problem) => (
            <Notice key={problem} tone="bad">
              {problem}
            </Notice>
          ))}
        {isNothing && status.data !== undefined ? (
          <NothingReceived status={status.data} />
        ) : (
          <Guard key={page}>
            <Page />
          </Guard>
        )}
      </main>
      <Announcer />
    </>
  )
}
