import assert from 'node:assert/strict'
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {before, describe, it} from 'mocha'
import {packageRoot} from '../../../src/paths.ts'
import {type StoredArg, type StoredLine, storedLines} from '../../support/stored-lines.ts'
import {requireSysdig, sysdigLines} from '../../support/sysdig.ts'

const captures = join(packageRoot, '..', 'shared', 'conformance', 'captures')
/** sysdig 0.29.3 refuses the options behind its section header. */
const REFUSED = new Set(['curl_google_comments.scap'])
/** Events that it does not list. */
const HIDDEN = new Set(['procinfo', 'scapevent', 'container', 'useradded', 'groupadded'])
/** Longest value that it prints whole, and how much it prints of a longer one. */
const [WHOLE_BYTES, CUT_BYTES] = [80, 77]

interface Difference {
  /** As in `docs/sysdig-differences.md`. */
  readonly name: string
  readonly line?: (line: StoredLine) => StoredLine
  /** @param want - the line of sysdig */
  readonly arg?: (arg: StoredArg, line: StoredLine, want: string) => StoredArg
}

/** What turns our words into those of sysdig 0.29.3, one difference each. */
const DIFFERENCES: readonly Difference[] = [
  {
    name: 'generic-args',
    line: line => (line.isGeneric ? {...line, args: []} : line),
  },
  {
    name: 'unknown-call',
    line: line => (line.type === 'unknown' ? {...line, type: '<unknown>'} : line),
  },
  {
    name: 'mmap-result',
    arg: (arg, {type}) =>
      arg.name === 'res' && type.startsWith('mmap') && arg.type === 'errno'
        ? {
            ...arg,
            raw: BigInt.asUintN(64, BigInt(arg.raw)).toString(16).toUpperCase(),
            resolved: '',
          }
        : arg,
  },
  {
    name: 'af-local',
    arg: arg => (arg.resolved === 'AF_LOCAL|AF_UNIX' ? {...arg, resolved: 'AF_LOCAL'} : arg),
  },
  {
    name: 'long-bytes',
    arg: arg =>
      arg.type === 'bytebuf' && arg.raw.length > WHOLE_BYTES
        ? {...arg, raw: `${arg.raw.slice(0, CUT_BYTES)}...`}
        : arg,
  },
  {
    name: 'socket-names',
    arg: (arg, _line, want) => {
      if (arg.type !== 'fd' || !/^<[46]/.test(arg.resolved ?? '')) return arg
      const theirs = ` ${arg.name}=${arg.raw}`
      const at = want.indexOf(theirs) + theirs.length
      const resolved = /^\((<[46][^)]*)\)/.exec(want.slice(at))?.[1] ?? ''
      return {...arg, resolved}
    },
  },
  {
    name: 'empty-bytes',
    arg: arg => (arg.type === 'bytebuf' && arg.raw === 'NULL' ? {...arg, raw: ''} : arg),
  },
]

/** The line as sysdig words it, and which differences that took. */
function inTheirWords(line: StoredLine, want: string, used: Set<string>): string {
  let now = line
  for (const difference of DIFFERENCES) {
    const before = textOf(now)
    if (difference.line !== undefined) now = difference.line(now)
    const {arg} = difference
    if (arg !== undefined) now = {...now, args: now.args.map(each => arg(each, now, want))}
    if (textOf(now) !== before) used.add(difference.name)
  }
  return textOf(now)
}

function textOf({num, time, tid, direction, type, args}: StoredLine): string {
  const words = args.map(
    ({name, raw, resolved}) =>
      `${name}=${raw}${resolved === undefined || resolved === '' ? '' : `(${resolved})`}`,
  )
  return [num, time, tid, direction, type, ...words].join(' ').trimEnd()
}

describe('agreement with sysdig -r', () => {
  const used = new Set<string>()

  before(function () {
    requireSysdig(this)
    if (!existsSync(captures)) {
      console.log('      skipping: there is no ../shared/conformance/captures')
      this.skip()
    }
  })
  const files = existsSync(captures) ? readdirSync(captures) : []
  for (const name of files.filter(file => !REFUSED.has(file))) {
    it(`holds for ${name}`, () => {
      const lines = sysdigLines(join(captures, name))
      const theirs = new Map(lines.map(line => [Number.parseInt(line, 10), line]))
      assert.equal(theirs.size, lines.length)
      const wrong: string[] = []
      for (const line of storedLines(join(captures, name))) {
        const want = theirs.get(line.num)
        theirs.delete(line.num)
        if (want === undefined && HIDDEN.has(line.type)) continue
        const got = inTheirWords(line, want ?? '', used)
        if (got !== want) wrong.push(`sysdig: ${want}\nours:   ${got}`)
      }
      assert.deepEqual([...theirs.values()], [])
      assert.equal(wrong.length, 0, `${wrong.length} differ\n${wrong.slice(0, 5).join('\n')}`)
    })
  }

  it('takes every difference that is listed, and lists every one', () => {
    const text = readFileSync(join(packageRoot, 'docs', 'sysdig-differences.md'), 'utf8')
    const listed = [...text.matchAll(/^- `([a-z-]+)`/gm)].map(([, name]) => name!)
    assert.deepEqual([...used].sort(), listed.sort())
    assert.deepEqual(DIFFERENCES.map(({name}) => name).sort(), listed.sort())
  })
})
