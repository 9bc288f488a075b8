import {printable} from '../../../diagnostics/code-frame.ts'
import {
  codeDescription,
  type IssueOrigin,
  type LoadIssue,
  type LoadResult,
  type Location,
} from './load-result.ts'

/** The one-word verdict on a file: `Ok`, `Ok, with warnings` or `Invalid`. */
export function resultVerdict({successful, warnings}: LoadResult): string {
  if (!successful) return 'Invalid'
  return warnings.length > 0 ? 'Ok, with warnings' : 'Ok'
}

/** All errors and warnings of a file, each under a line with their number; lines end with `\n`. */
export function resultDetails({errors, warnings}: LoadResult): string {
  return issueBlock(errors, 'error') + issueBlock(warnings, 'warning')
}

function issueBlock(issues: readonly LoadIssue[], word: string): string {
  if (issues.length === 0) return ''
  const count = `${issues.length} ${word}${issues.length === 1 ? '' : 's'}:`
  return [count, ...issues.map(issueText)].map(text => `${text}\n`).join('')
}

/**
 * One error or warning: the chain from the file inwards, the line with the place, code and message. Lines and columns
 * count from 1 here. A place inside an expression is that in the file, if it is known.
 */
export function issueText({code, message, locations, snippet, origin}: LoadIssue): string {
  const chain = locations.map((location, i) =>
    i === 0 ? `In ${describe(location)}` : `    ${describe(location, origin)}`,
  )
  const frame = ['------', origin?.frame ?? snippet, '------']
  return [...chain, ...frame, `${code} (${codeDescription(code)}): ${printable(message)}`].join(
    '\n',
  )
}

function describe({itemType, itemName, position}: Location, origin?: IssueOrigin): string {
  const inExpression = itemType === 'condition expression' || itemType === 'rule output expression'
  if (inExpression && origin) return `${itemType}: ${placeText(origin, 1)}`
  const name = itemName === '' ? '' : ` '${printable(itemName)}'`
  // Other places in an expression are sums of a place in the file and one that counts from 1 already.
  return `${itemType}${name}: ${placeText(position, inExpression ? 0 : 1)}`
}

function placeText({name, line, column}: Omit<IssueOrigin, 'frame'>, one: 0 | 1): string {
  return `(${printable(name)}:${line + one}:${column + one})`
}
