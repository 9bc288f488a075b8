import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {createProgressBar} from '../../src/cli/progress-bar.ts'

const ERASE = '\r\u001b[K'
const bar = (full: number, percent: string): string =>
  `${ERASE}[${'#'.repeat(full)}${' '.repeat(30 - full)}] ${percent} %`

describe('progress bar', () => {
  const cases: readonly {
    name: string
    steps: readonly (readonly [timeMs: number, done: number] | 'hide')[]
    want: readonly string[]
  }[] = [
    {name: 'writes nothing for short work', steps: [[0, 10], [99, 90], 'hide'], want: []},
    {
      name: 'draws ten times a second at most',
      steps: [
        [100, 10],
        [150, 20],
        [200, 50],
        [300, 100],
      ],
      want: [bar(3, ' 10'), bar(15, ' 50'), bar(30, '100')],
    },
    {
      name: 'goes away once, and comes back',
      steps: [[100, 0], 'hide', 'hide', [200, 99]],
      want: [bar(0, '  0'), ERASE, bar(29, ' 99')],
    },
    {name: 'ends at the whole', steps: [[100, 250]], want: [bar(30, '100')]},
  ]
  for (const {name, steps, want} of cases) {
    it(name, () => {
      let time = 0
      const written: string[] = []
      const progress = createProgressBar({
        total: 100,
        write: text => written.push(text),
        now: () => time,
      })
      for (const step of steps) {
        if (step === 'hide') {
          progress.hide()
          continue
        }
        time = step[0]
        progress.update(step[1])
      }
      assert.deepEqual(written, want)
    })
  }
})
