import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {checkCondition} from '../src/compiler/check.ts'
import type {CheckedCondition} from '../src/compiler/checked.ts'
import {parseCondition} from '../src/compiler/condition/parser.ts'
import type {OutputTemplate} from '../src/compiler/output/template.ts'
import {ruleChecker} from '../src/compiler/rule-checker.ts'
import {type Loaded, loadRuleFiles, type RuleFile} from '../src/compiler/rules/load.ts'
import {packageRoot} from '../src/paths.ts'

const PUBLIC_FILES = ['falco_rules.yaml', 'falco-incubating_rules.yaml', 'falco-sandbox_rules.yaml']

/** The public rule files beside the project; undefined when they are not there. */
export function publicRuleFiles(): readonly RuleFile[] | undefined {
  const folder = join(packageRoot, '..', 'shared', 'public-rules')
  if (!existsSync(folder)) return undefined
  return PUBLIC_FILES.map(name => ({name, content: readFileSync(join(folder, name), 'utf8')}))
}

/** Arguments with which a detector runs all rules of the public files; none when these are not there. */
export function publicRuleArgs(): string[] {
  const folder = join(packageRoot, '..', 'shared', 'public-rules')
  return existsSync(folder) ? ['-r', folder, '--enable-rule', '*'] : []
}

/** A rule file with a rule for each of so many generated conditions. */
export function generatedFile(count: number): string {
  return JSON.stringify(
    generatedConditions(count).map((condition, index) => ({
      rule: `generated ${index}`,
      desc: 'd',
      condition,
      output: 'x %proc.name %fd.name',
      priority: 'NOTICE',
    })),
  )
}

/** Loads rule files with the checker of the product. */
export function loadRules(files: readonly RuleFile[]): Loaded<CheckedCondition, OutputTemplate> {
  return loadRuleFiles(files, {checker: ruleChecker})
}

/** Conditions of the kinds people write: exact names, sets of programs, path prefixes, suffixes, ports, exceptions. */
export function generatedConditions(count: number): readonly string[] {
  const kinds: ((i: number) => string)[] = [
    i => `evt.type in (open, openat, openat2) and fd.name = /srv/app${i}/secret.key`,
    i =>
      `evt.type in (open, openat, openat2) and evt.is_open_write = true and fd.name startswith /data/${i}/`,
    i =>
      `evt.type in (execve, execveat) and proc.name in (tool${i}, helper${i}) and not proc.pname = init${i}`,
    i =>
      `evt.type in (execve, execveat) and proc.exepath endswith /bin/agent${i} and user.uid != 0`,
    i => `evt.type = connect and fd.sport = ${1024 + (i % 50000)} and proc.name != client${i}`,
    i =>
      `evt.type in (open, openat, openat2) and fd.name glob "/home/user${i}/*" and proc.name = cat`,
  ]
  return Array.from({length: count}, (_, i) => kinds[i % kinds.length]!(i))
}

/** A condition checked, with the events it can be true on. */
export function compileCondition(text: string): {
  readonly condition: CheckedCondition
  readonly eventCodes: ReadonlySet<number>
} {
  const parsed = parseCondition(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.message}`)
  const verdict = checkCondition(parsed.expr)
  if (!verdict.ok) throw new Error(`${text}: ${verdict.problem.message}`)
  return verdict
}
