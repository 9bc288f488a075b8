import type {Row} from './row.ts'
import {CALL_ROWS} from './triggers/calls.ts'
import {CONTAINER_ROWS} from './triggers/containers.ts'
import {FILE_ROWS} from './triggers/files.ts'
import {NETWORK_ROWS} from './triggers/network.ts'
import {PROGRAM_ROWS} from './triggers/programs.ts'

/** The rows by topic; those of files first, because one of them takes five seconds. */
export const TOPICS: readonly {readonly title: string; readonly rows: readonly Row[]}[] = [
  {title: 'Files', rows: FILE_ROWS},
  {title: 'Programs', rows: PROGRAM_ROWS},
  {title: 'System calls', rows: CALL_ROWS},
  {title: 'Network', rows: NETWORK_ROWS},
  {title: 'Containers', rows: CONTAINER_ROWS},
]

/** All rows. */
export const ROWS: readonly Row[] = TOPICS.flatMap(({rows}) => rows)

/** Rules of the public files that no script of a root shell on one host can make alert. */
export const LEFT_OUT: readonly {readonly rule: string; readonly reason: string}[] = []

/**
 * What a site adds to the public rules, which leave some lists to it, and two rules of the test itself: one shows that a script's events
 * carry its mark, the other that the detector knows the addresses of the names in the rules.
 */
export const SITE_RULES = `
- list: namespace_scope_network_only_subnet
  items: [local-only]
  override: { items: append }
- macro: allowed_containers
  condition: (container.image.repository = example/allowed)
  override: { condition: replace }
- rule: script ran
  desc: a script of a row
  condition: evt.type = execve and proc.name = sh and proc.args = "./script"
  output: script
  priority: DEBUG
- rule: names are known
  desc: an address that the test's name server told
  condition: evt.type = connect and fd.sip.name = ready.detector.test
  output: ready
  priority: DEBUG
`

/** Addresses of names, as the test's name server tells them. */
export const NAMES: Readonly<Record<string, string>> = {
  'ready.detector.test': '127.93.0.2',
  'kubernetes.default.svc.cluster.local': '203.0.113.7',
  'pool.minexmr.com': '203.0.113.9',
}
