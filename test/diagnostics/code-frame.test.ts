import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {codeFrame} from '../../src/diagnostics/code-frame.ts'

describe('codeFrame', () => {
  const cases: readonly {name: string; text: string; span: [number, number]; want: string}[] = [
    {name: 'the only line', text: 'abc', span: [1, 2], want: '  1 | abc\n    |  ^'},
    {
      name: 'the line before',
      text: 'first\nsecond\nthird',
      span: [6, 12],
      want: '  1 | first\n  2 | second\n    | ^^^^^^',
    },
    {name: 'an empty line before', text: '\nb', span: [1, 2], want: '  1 | \n  2 | b\n    | ^'},
    {
      name: 'no more than one line of a span',
      text: 'ab\ncd',
      span: [1, 5],
      want: '  1 | ab\n    |  ^',
    },
    {
      name: 'lines that end with CR LF',
      text: 'ab\r\ncd\r\n',
      span: [5, 8],
      want: '  1 | ab\n  2 | cd\n    |  ^',
    },
    {name: 'the end of the text', text: 'ab', span: [2, 2], want: '  1 | ab\n    |   ^'},
    {
      name: 'the end behind a line end',
      text: 'ab\n',
      span: [3, 3],
      want: '  1 | ab\n  2 | \n    | ^',
    },
    {
      name: 'controls replaced',
      text: 'a\u001b[2J\tb',
      span: [0, 1],
      want: '  1 | a\ufffd[2J b\n    | ^',
    },
    {
      name: 'the same part of a shorter line before',
      text: `short\n${'x'.repeat(200)}`,
      span: [156, 157],
      want: `  1 | \n  2 | ${'x'.repeat(130)}\n    | ${' '.repeat(80)}^`,
    },
    {
      name: 'nothing of a very long line before',
      text: `${'y'.repeat(9000)}\nx`,
      span: [9001, 9002],
      want: '  1 | \n  2 | x\n    | ^',
    },
  ]
  for (const {name, text, span, want} of cases) {
    it(`shows ${name}`, () => {
      assert.equal(codeFrame(text, {start: span[0], end: span[1]}), want)
    })
  }
})
