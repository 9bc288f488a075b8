import fc from 'fast-check'
import {checkFilter} from '../../../src/compiler/check.ts'
import type {CheckedCondition} from '../../../src/compiler/checked.ts'
import {parseCondition} from '../../../src/compiler/condition/parser.ts'
import {ABSENT_NUMBER, SLOT_FLAG} from '../../../src/schema/record-layout.ts'
import type {MadeRecord, MadeValue} from './made-record.ts'

/*
 * Conditions and records over small pools, so that they meet often: names that are nearly the same, fold to the same, lie at the
 * edges of words, or cannot be read.
 */

/** Kinds of record that filters are derived for. */
export const FILTERED_KINDS = [
  'open',
  'openat',
  'openat2',
  'creat',
  'unlinkat',
  'renameat2',
  'mkdir',
  'fchmod',
  'chmod',
  'ptrace',
  'write',
  'linkat',
] as const

const LONG = `/long/${'d'.repeat(239)}`
const NAMES = [
  '/',
  '/etc',
  '/etc/',
  '/etc/passwd',
  '/etc/passwd/',
  '/etc/passwdx',
  '/etc//passwd',
  '/etc/./passwd',
  '/tmp/../etc/passwd',
  '/etc/pam.d/su',
  '/etc/.pwd',
  '/home/u/.ssh/id',
  '/a/bcdefg/passwd',
  '/abcdef/',
  '/abcdefg/',
  '/abcdefg/.',
  '/abcdefg.',
  '//',
  '/..',
  '/.',
  'passwd',
  './etc/passwd',
  '',
  '<NA>',
  'etc',
  LONG,
  `${LONG}/123456789`,
  `${LONG}/1234567890`,
  '/caf\u00c3\u00a9\xff',
  '/etc/shadow',
  '/usr/bin/passwd',
] as const
const FLAGS = [0, 1, 2, 3, 64, 512, 65536, 65536 | 2, 1024, 4096, 1052672, 4194304, 0xffff_ffff]
const NUMBERS = [
  0n,
  1n,
  3n,
  -1n,
  -2n,
  -13n,
  7n,
  0o644n,
  0o755n,
  64n,
  0xffff_ffffn,
  ABSENT_NUMBER,
  2n ** 62n,
]

const CONSTANTS = [
  ...NAMES.filter(name => !['', '<NA>'].includes(name) && name.length <= 255),
  '/e',
  '/usr',
  'ss',
  '..',
  '/.',
  'pam.',
  'wd',
  'd',
  'shadow',
  '/bin',
]
const PATTERNS = [
  '*/.*',
  '*pass*',
  '*.*wd',
  '?et*/[p]*',
  '/etc/?*w?',
  '*sw*/*',
  '*',
  '/etc*',
  '*wd',
  '/e?c/*',
  '/etc/passwd',
  '[/]etc*',
  '*/p*',
  '/etc/*d',
]
const PATH_FIELDS = [
  'fd.name',
  'fd.nameraw',
  'fd.directory',
  'fd.filename',
  'fs.path.name',
  'fs.path.source',
  'fs.path.target',
  'evt.arg.name',
  'evt.arg.path',
  'evt.arg.newpath',
  'evt.rawarg.name',
  'evt.rawarg.path',
  'evt.rawarg.filename',
]

const constant = fc.constantFrom(...CONSTANTS)
const quote = (text: string): string => `"${text}"`
const textTest = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...PATH_FIELDS),
      fc.constantFrom('=', '!=', 'startswith', 'endswith', 'contains'),
      constant,
    )
    .map(([field, op, text]) => `${field} ${op} ${quote(text)}`),
  fc
    .tuple(
      fc.constantFrom(...PATH_FIELDS),
      fc.constantFrom('in', 'pmatch'),
      fc.array(constant, {minLength: 1, maxLength: 4}),
    )
    .map(([field, op, texts]) => `${field} ${op} (${texts.map(quote).join(', ')})`),
  fc
    .tuple(fc.constantFrom(...PATH_FIELDS), fc.constantFrom(...PATTERNS))
    .map(([field, pattern]) => `${field} glob ${quote(pattern)}`),
)
const otherTest = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('evt.rawres', 'fd.num', 'evt.rawarg.fd'),
      fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
      fc.constantFrom('-13', '-1', '0', '1', '3', '7', '9223372036854775807'),
    )
    .map(parts => parts.join(' ')),
  fc
    .tuple(
      fc.constantFrom('user.uid', 'group.gid'),
      fc.constantFrom('=', '!=', '<', '>='),
      fc.constantFrom('0', '1000', '4294967295'),
    )
    .map(parts => parts.join(' ')),
  fc.constantFrom(
    'user.uid in (0, 1000)',
    'evt.rawres in (-1, -13, 3)',
    'evt.failed = true',
    'evt.failed != true',
    'evt.res = SUCCESS',
    'evt.res != SUCCESS',
    'evt.res in (SUCCESS, EACCES)',
    'evt.is_open_write = true',
    'evt.is_open_read = true',
    'evt.is_open_read = false',
    'evt.is_open_exec = true',
    'evt.is_open_create = true',
    'evt.arg.flags contains O_CREAT',
    'evt.arg.flags contains O_WRONLY',
    'evt.arg.flags contains RD',
    'evt.arg.flags contains SYNC',
    'evt.arg.flags contains AT_REMOVEDIR',
    'evt.arg.flags contains RENAME_EXCHANGE',
    'evt.arg.mode contains S_IXUSR',
    'evt.arg.request = PTRACE_ATTACH',
    'evt.arg.request in (PTRACE_ATTACH, PTRACE_UNKNOWN)',
    'evt.arg.request != PTRACE_TRACEME',
    'evt.arg.request contains SEIZE',
    'evt.type = openat',
    'evt.type in (open, openat, unlinkat, mkdir, ptrace)',
    'evt.type != creat',
    'evt.dir = <',
    'fd.typechar = f',
    'fd.typechar = d',
    'fd.type = file',
    'fd.type in (directory, ipv4)',
    'fd.type != directory',
    'fd.name exists',
    'fd.filename exists',
    'fs.path.name exists',
    'proc.name = sh',
    'fd.types intersects (file)',
    'evt.num > 0',
  ),
)

const conditionText = fc.letrec<{any: string}>(tie => ({
  any: fc.oneof(
    {depthSize: 'small', withCrossShrink: true},
    {
      weight: 4,
      arbitrary: fc.oneof({weight: 3, arbitrary: textTest}, {weight: 2, arbitrary: otherTest}),
    },
    tie('any').map(child => `not (${child})`),
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('any'), {minLength: 2, maxLength: 4}))
      .map(([word, children]) => children.map(child => `(${child})`).join(` ${word} `)),
  ),
})).any

/** Reads a condition. */
export function mkCondition(text: string): CheckedCondition {
  const parsed = parseCondition(text, {maxDepth: 1000})
  if (!parsed.ok) throw new Error(`${text}: ${parsed.message}`)
  const verdict = checkFilter(parsed.expr)
  if (!verdict.ok) throw new Error(`${text}: ${verdict.problem.message}`)
  return verdict.condition
}

/** Conditions that filters are derived from, as texts. */
export const arbitraryConditions = fc.array(conditionText, {minLength: 1, maxLength: 3})

const slotFlags = fc.constantFrom(
  0,
  0,
  0,
  0,
  SLOT_FLAG.cut,
  SLOT_FLAG.fault,
  SLOT_FLAG.entry,
  SLOT_FLAG.entry | SLOT_FLAG.changed,
)
const text = fc
  .tuple(fc.constantFrom(...NAMES), slotFlags)
  .map(
    ([bytes, flags]): MadeValue =>
      (flags & SLOT_FLAG.fault) === 0 ? {bytes, flags} : {bytes: '', flags},
  )
const number = fc.constantFrom(...NUMBERS)
const result = fc.constantFrom(3n, 3n, 0n, -1n, -2n, -13n, 7n)
const flags = fc
  .tuple(fc.constantFrom(...FLAGS), fc.constantFrom(0n, 0n, 1n << 14n, 1n << 15n))
  .map(([low, high]) => BigInt(low) | (high << 32n))

/** Records of the filtered kinds. */
export const arbitraryRecord: fc.Arbitrary<MadeRecord> = fc
  .tuple(
    fc.constantFrom(...FILTERED_KINDS),
    fc.constantFrom(0, 1000, 0xffff_ffff),
    fc.constantFrom(0, 1000),
    fc.record({res: result, name: text, path: text, other: text, flags, number, mode: number}),
    fc.constantFrom('', '/', 'x/etc/', '\0'.repeat(9)),
  )
  .map(([kind, uid, gid, parts, before]) => {
    const {res, name, path, other, mode} = parts
    const values: Record<string, MadeValue> = {
      ...{name, path, filename: name, oldpath: path, newpath: other},
      ...{
        flags: parts.flags,
        mode: BigInt.asUintN(32, mode),
        request: BigInt.asUintN(32, parts.number),
      },
      ...(['open', 'openat', 'openat2', 'creat'].includes(kind)
        ? {fd: res}
        : {res, fd: BigInt.asIntN(32, parts.number)}),
      dirfd: -100n,
    }
    return {kind, uid, gid, values, before}
  })
