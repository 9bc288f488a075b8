import {b64} from './b64.ts'
import {basename} from './basename.ts'
import {concat} from './concat.ts'
import {getopt} from './getopt.ts'
import {join} from './join.ts'
import {len} from './len.ts'
import {tolower} from './tolower.ts'
import {toupper} from './toupper.ts'
import type {Transformer} from './transformer.ts'

const TRANSFORMERS: readonly Transformer[] = [
  tolower,
  toupper,
  b64,
  basename,
  len,
  join,
  concat,
  getopt,
]

const byName: ReadonlyMap<string, Transformer> = new Map(
  TRANSFORMERS.map(each => [each.name, each]),
)

/** The transformer of this name; undefined for others, `val` included. */
export function findTransformer(name: string): Transformer | undefined {
  return byName.get(name)
}
