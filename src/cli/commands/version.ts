import {readFileSync} from 'node:fs'
import {arch, release} from 'node:os'
import {join} from 'node:path'
import {packageRoot} from '../../paths.ts'
import {EXIT} from '../exit-codes.ts'
import type {CliIo} from '../io.ts'

/** Prints the version of the program, of Node and of the kernel. */
export async function runVersion(args: {readonly json: boolean}, io: CliIo): Promise<number> {
  const manifest = readFileSync(join(packageRoot, 'package.json'), 'utf8')
  const {version} = JSON.parse(manifest) as {version: string}
  const facts = {version, node: process.versions.node, kernel: release(), arch: arch()}
  io.stdout(
    args.json
      ? `${JSON.stringify(facts)}\n`
      : `detector ${version} (node ${facts.node}, kernel ${facts.kernel}, ${facts.arch})\n`,
  )
  return EXIT.ok
}
