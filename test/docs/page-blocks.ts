import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {packageRoot} from '../../src/paths.ts'

/** A fenced block of a Markdown page. */
export interface PageBlock {
  /** The word behind the opening fence. */
  readonly language: string
  /** Line of the opening fence, from 1. */
  readonly line: number
  /** What stands inside; each line ends with `\n`. */
  readonly text: string
}

/** The fenced blocks of a page of `docs/`, in order. */
export function pageBlocks(name: string): readonly PageBlock[] {
  const page = readFileSync(join(packageRoot, 'docs', name), 'utf8')
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(match => ({
    language: match[1]!,
    line: page.slice(0, match.index).split('\n').length,
    text: match[2]!,
  }))
}
