import {chmodSync, copyFileSync, mkdtempSync, realpathSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Context} from 'mocha'
import {compileC} from '../../../support/compile-c.ts'

/** A rule about a file of the folder, and about the process that opens it. */
export interface RaceRule {
  /** Of the rule and of the file. */
  readonly name: string
  readonly condition: string
}

/** Makes a folder with the programs `hp_marker` and `hp_other` of `process-races.c`, the files of rules, and a configuration. */
export function makeRaceFolder(context: Context, rules: readonly RaceRule[]): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'process-races-')))
  const program = compileC(context, 'process-races', folder)
  for (const name of ['hp_marker', 'hp_other']) {
    copyFileSync(program, join(folder, name))
    chmodSync(join(folder, name), 0o755)
  }
  for (const {name} of rules) writeFileSync(join(folder, name), '')
  writeRules(folder, rules)
  const config = 'kernel_filter: true\ncontainers: {enabled: false}\n'
  writeFileSync(join(folder, 'config.yaml'), config)
  return folder
}

/** Writes the file of rules. */
export function writeRules(folder: string, rules: readonly (RaceRule & {file?: string})[]): void {
  const texts = rules.map(({name, condition, file = name}) =>
    JSON.stringify({
      rule: name,
      desc: 'test',
      condition: `evt.type in (open, openat) and fd.name = ${join(folder, file)} and ${condition}`,
      output: 'x',
      priority: 'NOTICE',
    }),
  )
  writeFileSync(join(folder, 'rules.yaml'), `[${texts.join(',\n')}]`)
}

/** Arguments of a detector that watches the folder. */
export function raceArguments(folder: string): string[] {
  const files = ['-c', join(folder, 'config.yaml'), '-r', join(folder, 'rules.yaml')]
  return [...files, '--json', '--summary', join(folder, 'summary.json')]
}
