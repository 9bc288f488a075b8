import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {armedDetector, type DetectorProcess} from '../support/detector-process.ts'
import {eventually} from '../support/eventually.ts'
import {requireLive} from '../support/live.ts'

/** What a program does, as Node statements; `{d}` is the folder, which holds `real/secret` and links to it. */
interface Case {
  readonly name: string
  readonly call: string
  /** Events that stand for it. */
  readonly events: string
  readonly path: string
  readonly oldPath?: string
}

const cases: readonly Case[] = [
  {name: 'a link', call: "fs.openSync('{d}/link')", events: 'open', path: 'real/secret'},
  {
    name: 'a linked folder',
    call: "fs.openSync('{d}/folder/secret')",
    events: 'open',
    path: 'real/secret',
  },
  {
    name: 'dots and slashes',
    call: "fs.openSync('{d}/folder/..//real/./secret')",
    events: 'open',
    path: 'real/secret',
  },
  {
    name: 'the root of the process',
    call: "fs.openSync('/proc/self/root{d}/real/secret')",
    events: 'open',
    path: 'real/secret',
  },
  {
    name: 'a descriptor that was opened for its path alone',
    call: "fs.openSync('/proc/self/fd/' + fs.openSync('{d}/link', 0o10000000))",
    events: 'open',
    path: 'real/secret',
  },
  {
    name: 'new rights through a link',
    call: "fs.chmodSync('{d}/link', 0o600)",
    events: 'chmod',
    path: 'real/secret',
  },
  {
    name: 'a cut through a linked folder',
    call: "fs.truncateSync('{d}/folder/secret', 0)",
    events: 'truncate',
    path: 'real/secret',
  },
  {
    name: 'writing',
    call: "fs.writeSync(fs.openSync('{d}/link', 'w'), 'x')",
    events: 'write',
    path: 'real/secret',
  },
  {
    name: 'a new name through a linked folder',
    call: "fs.linkSync('{d}/folder/secret', '{d}/folder/hard')",
    events: 'link',
    path: 'real/hard',
    oldPath: 'real/secret',
  },
  {
    name: 'another name through a linked folder',
    call: "fs.renameSync('{d}/folder/hard', '{d}/folder/moved')",
    events: 'rename',
    path: 'real/moved',
    oldPath: 'real/hard',
  },
  {
    name: 'the end of a name',
    call: "fs.unlinkSync('{d}/folder/moved')",
    events: 'unlink',
    path: 'real/moved',
  },
]

const EVENTS: Readonly<Record<string, string>> = {
  open: 'open, openat, openat2',
  chmod: 'chmod, fchmod, fchmodat, fchmodat2',
  truncate: 'truncate, ftruncate',
  write: 'write, pwrite',
  link: 'link, linkat',
  rename: 'rename, renameat, renameat2',
  unlink: 'unlink, unlinkat',
}

interface Line {
  readonly rule: string
  readonly output_fields: Readonly<Record<string, string | number | null>>
}

describe('the file that the kernel resolved', function () {
  this.timeout(60_000)
  let folder: string
  let detector: DetectorProcess | undefined

  before(async function () {
    requireLive(this, {feature: 'live detection'})
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'detector-real-')))
    mkdirSync(join(folder, 'real'))
    writeFileSync(join(folder, 'real', 'secret'), 'x')
    symlinkSync('real', join(folder, 'folder'))
    symlinkSync('real/secret', join(folder, 'link'))
    const rules = Object.entries(EVENTS).map(([name, types]) => ({
      rule: name,
      desc: 'test',
      condition: `evt.type in (${types}) and fs.real.path startswith ${folder}/ and evt.failed = false`,
      output:
        '%proc.cmdline %fs.real.path %fs.real.oldpath %fs.real.ino %fs.real.dev %proc.exefile',
      priority: 'NOTICE',
    }))
    writeFileSync(join(folder, 'rules.yaml'), JSON.stringify(rules))
    detector = await armedDetector(['-r', join(folder, 'rules.yaml'), '--json', '--match', 'all'])
  })
  after(async () => {
    await detector?.end('SIGKILL')
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  for (const {name, call, events, path, oldPath} of cases) {
    it(`is known after ${name}`, async () => {
      const script = call.replaceAll('{d}', folder)
      execFileSync(process.execPath, ['-e', script])
      const found = (): Line['output_fields'] | undefined =>
        detector!
          .stdout()
          .map(line => JSON.parse(line) as Line)
          .filter(({rule}) => rule === events)
          .map(({output_fields: fields}) => fields)
          .find(
            fields =>
              String(fields['proc.cmdline']).endsWith(script) &&
              fields['fs.real.path'] === join(folder, path),
          )
      await eventually(() => found() !== undefined)
      const fields = found()!
      assert.equal(
        fields['fs.real.oldpath'] ?? undefined,
        oldPath === undefined ? undefined : join(folder, oldPath),
      )
      assert.equal(fields['proc.exefile'], 'node')
      // The name that is gone has no file behind it any more.
      if (events !== 'unlink') assert.ok(Number(fields['fs.real.ino']) > 0)
    })
  }
})
