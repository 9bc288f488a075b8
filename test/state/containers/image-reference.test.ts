import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {splitImage} from '../../../src/state/containers/image-reference.ts'

const DIGEST = `sha256:${'a1'.repeat(32)}`

const cases: {input: string; want: [string, string, string]}[] = [
  {input: 'nginx', want: ['nginx', '', '']},
  {input: 'nginx:1.25', want: ['nginx', '1.25', '']},
  {input: 'docker.io/library/nginx:1.25', want: ['docker.io/library/nginx', '1.25', '']},
  {input: 'registry:5000/team/app', want: ['registry:5000/team/app', '', '']},
  {input: 'registry:5000/team/app:2', want: ['registry:5000/team/app', '2', '']},
  {input: `nginx@${DIGEST}`, want: ['nginx', '', DIGEST]},
  {input: `registry:5000/app:2@${DIGEST}`, want: ['registry:5000/app', '', DIGEST]},
  {input: DIGEST, want: ['', '', DIGEST]},
  {input: 'sha256:nothex', want: ['sha256', 'nothex', '']},
  {input: '', want: ['', '', '']},
  {input: ':', want: ['', '', '']},
  {input: '@', want: ['', '', '']},
]

describe('splitImage', () => {
  for (const {input, want} of cases) {
    it(`splits ${input || 'nothing'}`, () => {
      const {repository, tag, digest} = splitImage(input)
      assert.deepEqual([repository, tag, digest], want)
    })
  }
})
