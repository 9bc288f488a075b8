import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {
  type ColorChoice,
  paintPriority,
  renderError,
  renderLog,
  wantsColor,
} from '../../src/cli/render.ts'
import {CodedError} from '../../src/diagnostics/error.ts'

describe('wantsColor', () => {
  const cases: {
    choice: ColorChoice
    env: Record<string, string>
    terminal: boolean
    want: boolean
  }[] = [
    {choice: 'auto', env: {}, terminal: true, want: true},
    {choice: 'auto', env: {}, terminal: false, want: false},
    {choice: 'auto', env: {NO_COLOR: '1'}, terminal: true, want: false},
    {choice: 'auto', env: {NO_COLOR: ''}, terminal: true, want: true},
    {choice: 'auto', env: {TERM: 'dumb'}, terminal: true, want: false},
    {choice: 'always', env: {NO_COLOR: '1'}, terminal: false, want: true},
    {choice: 'never', env: {}, terminal: true, want: false},
  ]
  for (const {choice, env, terminal, want} of cases) {
    it(`${choice} ${JSON.stringify(env)} ${terminal ? 'on' : 'off'} a terminal: ${want}`, () => {
      assert.equal(wantsColor(choice, env, terminal), want)
    })
  }
})

describe('renderLog', () => {
  it('names the level and replaces controls', () => {
    assert.equal(renderLog('warning', 'a\u001b[2Jb', false), 'warning: a\ufffd[2Jb')
  })
  it('shows plain information without a level', () => {
    assert.equal(renderLog('info', 'armed', true), 'armed')
  })
  it('colours the level only', () => {
    assert.equal(renderLog('error', 'x', true), '\u001b[31merror:\u001b[0m x')
  })
})

describe('paintPriority', () => {
  it('ends the colour it starts', () => {
    assert.equal(paintPriority('Warning', 'x'), '\u001b[33mx\u001b[0m')
  })
})

describe('renderError', () => {
  it('shows a coded error with its hint', () => {
    const error = new CodedError('CLI_USAGE', 'no such thing', {hint: 'try another'})
    assert.equal(renderError(error, false), 'error: no such thing\n  try another\n')
  })
  it('shows the stack of a defect and how to report it', () => {
    const text = renderError(new TypeError('oops'), false)
    assert.match(text, /internal error: TypeError: oops\n.+at /)
    assert.match(text, /report/)
  })
})
