import 'uplot/dist/uPlot.min.css'
import './styles/base.css'
import './styles/layout.css'
import './styles/parts.css'
import './styles/charts.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { startAnswers } from './state/answers.ts'
import { startFeed } from './state/feed.ts'
import { startNavigation } from './state/navigation.ts'
import { startSettings } from './state/settings.ts'

startSettings()
startNavigation()
startAnswers()
startFeed()
render(<App />, document.querySelector('#page')!)
