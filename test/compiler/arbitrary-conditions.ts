import fc from 'fast-check'
import type {
  CheckExpr,
  Expr,
  LiteralNode,
  Operand,
  Right,
} from '../../src/compiler/condition/ast.ts'

/*
 * Conditions and events over a few fields and small pools of values, so that they meet often. Texts are bytes.
 */

const SPAN = {start: 0, end: 0}

/** Texts that share prefixes and suffixes, are empty, or would end a string, a template or a comment of a program. */
export const TEXTS = [
  '',
  '/',
  '/etc',
  '/etc/passwd',
  '/etc/pam.d/su',
  '/ETC/Passwd',
  '/usr//bin/bash',
  'bash',
  'sh',
  'a*b',
  '__proto__',
  'constructor',
  "'); throw 1; ('",
  '"+p0.e+"',
  '`$\x7bp0}`',
  '*/ // \\',
  'line\nbreak\r',
  'caf\u00c3\u00a9\xff',
  '\u00e2\u0080\u00a8',
] as const

const PATTERNS = [
  '*',
  '/etc*',
  '*d',
  '/e?c',
  '[/a]*',
  '*/p*',
  'bash',
  '\\*',
  '*a*b*',
  '[!a-z]*',
] as const
const REGEXES = ['.*', '/etc/.*', '[a-z]+', '(a|b)*', '.+sh', '^bash$'] as const
const INTS = [
  '0',
  '1',
  '-1',
  '7',
  '4294967296',
  '9007199254740993',
  '18446744073709551615',
] as const
const ADDRESSES = ['10.0.0.1', '10.1.2.3', '192.168.1.1', '::1', 'fd00::5'] as const
const NETS = ['10.0.0.0/8', '192.168.0.0/16', '::/1', 'fd00::/8', '0.0.0.0/0'] as const

const TEXT_FIELDS = ['fd.name', 'proc.name', 'proc.env[HOME]', 'evt.res'] as const
const INT_FIELDS = ['evt.num', 'evt.rawres', 'fd.sport'] as const

function field(text: string): Operand {
  const [, name, arg] = /^([^[]+)(?:\[(.*)\])?$/.exec(text)!
  return arg === undefined
    ? {kind: 'field', name: name!, span: SPAN}
    : {kind: 'field', name: name!, arg, span: SPAN}
}

function literal(bytes: string): LiteralNode {
  return {kind: 'literal', bytes, quoted: true, span: SPAN}
}

function check(left: Operand, op: string, right?: Right): CheckExpr {
  return right === undefined
    ? {kind: 'check', left, op, span: SPAN}
    : {kind: 'check', left, op, right, span: SPAN}
}

function list(items: readonly string[]): Right {
  return {kind: 'list', items: items.map(literal), span: SPAN}
}

const textField = fc.constantFrom(...TEXT_FIELDS).map(field)
const transformed = fc
  .tuple(fc.constantFrom('tolower', 'toupper', 'basename'), textField)
  .map(([name, arg]): Operand => ({kind: 'transformer', name, args: [arg], span: SPAN}))
const textOperand = fc.oneof({weight: 4, arbitrary: textField}, transformed)
const ancestors = fc.constant(field('proc.aname'))
const texts = fc.array(fc.constantFrom(...TEXTS), {maxLength: 5})

/** Operators by the pool their literals come from. */
const scalarTest = fc.oneof(
  fc.tuple(
    fc.constantFrom('=', '==', '!=', 'contains', 'icontains', 'startswith', 'endswith'),
    fc.constantFrom(...TEXTS),
  ),
  fc.tuple(fc.constantFrom('glob', 'iglob'), fc.constantFrom(...PATTERNS)),
  fc.tuple(fc.constant('regex'), fc.constantFrom(...REGEXES)),
)

const textCheck = fc.oneof(
  fc
    .tuple(fc.oneof({weight: 5, arbitrary: textOperand}, ancestors), scalarTest)
    .map(([left, [op, right]]) => check(left, op, literal(right))),
  fc
    .tuple(
      textOperand,
      fc.constantFrom('=', '!=', 'startswith', 'endswith', 'glob'),
      fc.constantFrom('oneof' as const, 'anyof' as const, 'allof' as const),
      texts,
    )
    .map(([left, op, modifier, items]): CheckExpr => ({...check(left, op, list(items)), modifier})),
  fc
    .tuple(
      fc.oneof(textOperand, ancestors, fc.constant(field('fd.types'))),
      fc.constantFrom('in', 'intersects'),
      texts,
    )
    .map(([left, op, items]) => check(left, op, list(items))),
  fc.tuple(textField, texts).map(([left, items]) => check(left, 'pmatch', list(items))),
  fc
    .tuple(textField, fc.constantFrom('=', '!=', 'startswith'), textOperand)
    .map(([left, op, right]) => check(left, op, right)),
)

const otherCheck = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...INT_FIELDS).map(field),
      fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
      fc.constantFrom(...INTS),
    )
    .filter(([left, , right]) => !(JSON.stringify(left).includes('sport') && right === '-1'))
    .map(([left, op, right]) => check(left, op, literal(right))),
  fc
    .tuple(
      fc.constantFrom('fd.ip', 'fd.sip'),
      fc.constantFrom('=', '!='),
      fc.constantFrom(...ADDRESSES),
    )
    .map(([left, op, right]) => check(field(left), op, literal(right))),
  fc
    .tuple(
      fc.constantFrom('fd.net', 'fd.snet'),
      fc.constantFrom('=', '!='),
      fc.constantFrom(...NETS),
    )
    .map(([left, op, right]) => check(field(left), op, literal(right))),
  fc
    .tuple(fc.constantFrom('fd.net', 'fd.cnet'), fc.array(fc.constantFrom(...NETS), {maxLength: 3}))
    .map(([left, items]) => check(field(left), 'in', list(items))),
  fc
    .constantFrom('fd.name', 'proc.aname', 'fd.ip', 'fd.types', 'evt.is_open_write', 'fd.net')
    .map(name => check(field(name), 'exists')),
  fc
    .constantFrom('true', 'false')
    .map(text => check(field('evt.is_open_write'), '=', literal(text))),
)

/** Trees of checks that the field catalogue accepts. */
export const arbitraryExpr: fc.Arbitrary<Expr> = fc.letrec<{expr: Expr}>(tie => ({
  expr: fc.oneof(
    {depthSize: 'small', withCrossShrink: true},
    {weight: 5, arbitrary: fc.oneof({weight: 3, arbitrary: textCheck}, otherCheck)},
    tie('expr').map((child): Expr => ({kind: 'not', child, span: SPAN})),
    fc
      .tuple(
        fc.constantFrom('and' as const, 'or' as const),
        fc.array(tie('expr'), {minLength: 2, maxLength: 4}),
      )
      .map(([kind, children]): Expr => ({kind, children, span: SPAN})),
  ),
})).expr

const text = fc
  .constantFrom(...TEXTS)
  .map(bytes => ({hex: Buffer.from(bytes, 'latin1').toString('hex')}))
const integer = fc.constantFrom(0, 1, 7, 2 ** 32)

/** Lines of field events over the same pools; any field may be absent. */
export const arbitraryEventLine: fc.Arbitrary<string> = fc
  .record(
    {
      'fd.name': text,
      'proc.name': text,
      'proc.env[HOME]': text,
      'evt.res': text,
      'proc.aname': fc.array(text, {maxLength: 3}),
      'fd.types': fc.array(text, {maxLength: 3}),
      'evt.num': integer,
      'evt.rawres': fc.oneof(integer, fc.constant(-1)),
      'fd.sport': fc.constantFrom(0, 1, 7),
      'fd.ip': fc.array(fc.constantFrom(...ADDRESSES), {maxLength: 2}),
      'fd.sip': fc.constantFrom(...ADDRESSES),
      'fd.net': fc.array(fc.constantFrom(...ADDRESSES), {maxLength: 2}),
      'fd.snet': fc.constantFrom(...ADDRESSES),
      'fd.cnet': fc.constantFrom(...ADDRESSES),
      'evt.is_open_write': fc.boolean(),
    },
    {requiredKeys: []},
  )
  .map(values => JSON.stringify(values))
