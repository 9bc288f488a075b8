import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {isLocal, type ListenPlace, parseListenPlace} from '../../../src/app/metrics/listen-place.ts'

describe('a place to listen at', () => {
  const cases: {text: string; want: ListenPlace | undefined; local?: boolean}[] = [
    {text: '127.0.0.1:8765', want: {host: '127.0.0.1', port: 8765}, local: true},
    {text: '[::1]:1', want: {host: '::1', port: 1}, local: true},
    {text: 'localhost:0', want: {host: 'localhost', port: 0}, local: true},
    {text: ':8765', want: {host: '127.0.0.1', port: 8765}, local: true},
    {text: '0.0.0.0:65535', want: {host: '0.0.0.0', port: 65535}, local: false},
    {text: '127.evil.example:1', want: {host: '127.evil.example', port: 1}, local: false},
    {text: '[::]:80', want: {host: '::', port: 80}, local: false},
    {text: '/run/x.sock', want: {path: '/run/x.sock'}, local: true},
    {text: '127.0.0.1', want: undefined},
    {text: '127.0.0.1:65536', want: undefined},
    {text: '::1:80', want: undefined},
    {text: 'x.sock', want: undefined},
    {text: 'a b:1', want: undefined},
    {text: '', want: undefined},
  ]
  for (const {text, want, local} of cases) {
    it(`${JSON.stringify(text)} is ${JSON.stringify(want)}`, () => {
      const place = parseListenPlace(text)
      assert.deepEqual(place, want)
      if (place !== undefined) assert.equal(isLocal(place), local)
    })
  }
})
