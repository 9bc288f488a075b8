import fc from 'fast-check'
import type {
  Expr,
  FieldNode,
  LiteralNode,
  TransformerNode,
} from '../../../src/compiler/condition/ast.ts'
import {TRANSFORMER_NAMES} from '../../../src/compiler/condition/words.ts'

const span = {start: 0, end: 0}

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/)

const argument = fc.oneof(
  fc.stringMatching(/^[a-z0-9/().,=]{1,6}$/),
  fc.string({minLength: 1, unit: 'grapheme'}),
  fc.constantFrom('\n', '"', '\\', '\x7f', '] '),
)

const field: fc.Arbitrary<FieldNode> = fc
  .tuple(fc.array(name, {minLength: 2, maxLength: 3}), fc.option(argument, {nil: undefined}))
  .map(([parts, arg]) => ({
    kind: 'field',
    name: parts.join('.'),
    ...(arg === undefined ? {} : {arg}),
    span,
  }))

const quoted: fc.Arbitrary<LiteralNode> = fc
  .uint8Array({maxLength: 8})
  .map(bytes => Buffer.from(bytes).toString('latin1'))
  .map(bytes => ({kind: 'literal', bytes, quoted: true, span}))

const bare: fc.Arbitrary<LiteralNode> = fc
  .stringMatching(/^[a-z0-9/.*<>~%!@+-]{1,8}$/)
  .filter(text => !['oneof', 'anyof', 'allof'].includes(text))
  .map(bytes => ({kind: 'literal', bytes, quoted: false, span}))

const number: fc.Arbitrary<LiteralNode> = fc
  .stringMatching(/^(?:0x[0-9a-f]{1,4}|[+-]?[0-9]{1,4}(?:\.[0-9]{1,3})?(?:e[+-][0-9])?)$/)
  .map(bytes => ({kind: 'literal', bytes, quoted: false, span}))

const {transformer} = fc.letrec<{transformer: TransformerNode}>(tie => {
  const item = fc.oneof({maxDepth: 3}, field, quoted, number, tie('transformer'))
  const list = fc.array(item, {maxLength: 3}).map(items => ({kind: 'args' as const, items, span}))
  return {
    transformer: fc
      .tuple(
        fc.constantFrom(...TRANSFORMER_NAMES),
        fc.array(fc.oneof(item, list), {minLength: 1, maxLength: 3}),
        fc.option(argument, {nil: undefined}),
      )
      .map(([word, args, arg]) => ({
        kind: 'transformer',
        name: word,
        args,
        ...(arg === undefined ? {} : {arg}),
        span,
      })),
  }
})

const left = fc.oneof(field, transformer)
const value = fc.oneof(field, transformer)
const list = fc
  .array(fc.oneof(quoted, bare), {maxLength: 4})
  .map(items => ({kind: 'list' as const, items, span}))

const check = fc.oneof(
  left.map(operand => ({kind: 'check' as const, left: operand, op: 'exists', span})),
  fc
    .tuple(left, fc.constantFrom('<', '<=', '>', '>='), fc.oneof(number, value))
    .map(([operand, op, right]) => ({kind: 'check' as const, left: operand, op, right, span})),
  fc
    .tuple(left, fc.constantFrom('=', '==', '!=', 'glob', 'regex'), fc.oneof(quoted, bare, value))
    .map(([operand, op, right]) => ({kind: 'check' as const, left: operand, op, right, span})),
  fc
    .tuple(left, fc.constantFrom('in', 'intersects', 'pmatch'), fc.oneof(list, value))
    .map(([operand, op, right]) => ({kind: 'check' as const, left: operand, op, right, span})),
  fc
    .tuple(left, fc.constantFrom('=', 'contains'), fc.constantFrom('oneof', 'anyof', 'allof'), list)
    .map(([operand, op, modifier, right]) => ({
      kind: 'check' as const,
      left: operand,
      op,
      modifier,
      right,
      span,
    })),
)

const identifier = name
  .filter(word => !/^(?:and|or|not|in)$/.test(word))
  .map(word => ({kind: 'identifier' as const, name: word, span}))

/** Trees that some text parses to; their spans are empty. */
export const arbitraryExpr: fc.Arbitrary<Expr> = fc.letrec<{expr: Expr}>(tie => {
  const children = fc.array(tie('expr'), {minLength: 2, maxLength: 3})
  return {
    expr: fc.oneof(
      {maxDepth: 4, withCrossShrink: true},
      check,
      identifier,
      children.map(nodes => ({kind: 'and' as const, children: nodes, span})),
      children.map(nodes => ({kind: 'or' as const, children: nodes, span})),
      // A pair of nots cancels while parsing.
      tie('expr').map(child =>
        child.kind === 'not' ? child : {kind: 'not' as const, child, span},
      ),
    ),
  }
}).expr
