import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {
  type RuleWatcher,
  type WatchOptions,
  watchRules,
} from '../../../src/app/rules/rule-watcher.ts'
import {eventually} from '../../support/eventually.ts'

interface Snapshot {
  readonly files: {readonly name: string; readonly content: string}[]
}

/** Reads like the product does: a folder's YAML files by name, or the file itself. */
function readPaths(paths: readonly string[]): Snapshot {
  const files = paths.flatMap(path =>
    statSync(path).isDirectory()
      ? readdirSync(path)
          .filter(name => name.endsWith('.yaml'))
          .sort()
          .map(name => join(path, name))
      : [path],
  )
  return {files: files.map(name => ({name, content: readFileSync(name, 'utf8')}))}
}

describe('watchRules', () => {
  let base: string
  let rules: string
  let watcher: RuleWatcher | undefined
  let changes: string[]
  let errors: string[]
  let reads: number

  const write = (name: string, content: string): void => writeFileSync(join(rules, name), content)

  /** Starts a watch that only events drive, unless told otherwise. */
  const start = async (
    paths = [rules],
    options: WatchOptions<Snapshot> = {},
  ): Promise<RuleWatcher> => {
    const read = (): Snapshot => {
      reads++
      return readPaths(paths)
    }
    const onChange = ({files}: Snapshot): void => {
      changes.push(files.map(file => `${file.name.split('/').at(-1)}=${file.content}`).join(' '))
    }
    const onError = (error: unknown) => errors.push(String(error))
    watcher = watchRules(paths, read, onChange, {pollMs: 600_000, onError, ...options})
    await watcher.check()
    return watcher
  }

  const arrives = (want: string) =>
    eventually(() => changes.at(-1) === want, {what: `${want} (${changes.join('; ')})`})

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'rule-watcher-'))
    rules = join(base, 'rules')
    mkdirSync(rules)
    changes = []
    errors = []
    reads = 0
    write('a.yaml', '1')
  })
  afterEach(() => {
    watcher?.close()
    rmSync(base, {recursive: true})
  })

  const patterns: {name: string; change: () => void; want: string}[] = [
    {name: 'a file written in place', change: () => write('a.yaml', '2'), want: 'a.yaml=2'},
    {
      name: 'an editor that writes beside and renames over',
      change() {
        write('.a.yaml.swp', '2')
        renameSync(join(rules, '.a.yaml.swp'), join(rules, 'a.yaml'))
      },
      want: 'a.yaml=2',
    },
    {
      name: 'an editor that moves the old file away first',
      change() {
        renameSync(join(rules, 'a.yaml'), join(rules, 'a.yaml~'))
        write('a.yaml', '2')
      },
      want: 'a.yaml=2',
    },
    {name: 'a new file', change: () => write('b.yaml', 'x'), want: 'a.yaml=1 b.yaml=x'},
    {name: 'a removed file', change: () => rmSync(join(rules, 'a.yaml')), want: ''},
    {
      name: 'a renamed file',
      change: () => renameSync(join(rules, 'a.yaml'), join(rules, 'z.yaml')),
      want: 'z.yaml=1',
    },
    {
      name: 'a folder replaced by another',
      change() {
        const fresh = join(base, 'fresh')
        mkdirSync(fresh)
        writeFileSync(join(fresh, 'a.yaml'), '2')
        renameSync(rules, join(base, 'old'))
        renameSync(fresh, rules)
      },
      want: 'a.yaml=2',
    },
  ]
  for (const {name, change, want} of patterns) {
    it(`sees ${name}`, async () => {
      await start()
      change()
      await arrives(want)
    })

    it(`still sees changes after ${name}`, async () => {
      await start()
      change()
      await arrives(want)
      write('zz.yaml', 'x')
      await arrives(`${want} zz.yaml=x`.trim())
    })
  }

  it('sees several files changed at once as one change', async () => {
    for (const name of ['b', 'c', 'd']) write(`${name}.yaml`, '1')
    await start()
    for (const name of ['a', 'b', 'c', 'd']) write(`${name}.yaml`, '2')
    await arrives('a.yaml=2 b.yaml=2 c.yaml=2 d.yaml=2')
    assert.equal(changes.length, 1)
  })

  it('sees the swaps of a mounted config folder, twice in a row', async () => {
    // Kubernetes: a.yaml -> ..data/a.yaml, ..data -> ..N; an update renames a fresh link over ..data.
    const version = (number: number): void => {
      const folder = join(rules, `..${number}`)
      mkdirSync(folder)
      writeFileSync(join(folder, 'a.yaml'), String(number))
      symlinkSync(`..${number}`, join(rules, '..data_tmp'))
      renameSync(join(rules, '..data_tmp'), join(rules, '..data'))
      rmSync(join(rules, `..${number - 1}`), {recursive: true, force: true})
    }
    rmSync(join(rules, 'a.yaml'))
    version(1)
    symlinkSync('..data/a.yaml', join(rules, 'a.yaml'))
    await start()
    version(2)
    await arrives('a.yaml=2')
    version(3)
    version(4)
    await arrives('a.yaml=4')
    version(5)
    await arrives('a.yaml=5')
  })

  it('sees a change behind a link that leads elsewhere', async () => {
    const other = join(base, 'other')
    mkdirSync(other)
    writeFileSync(join(other, 'x.yaml'), '1')
    symlinkSync(join(other, 'x.yaml'), join(rules, 'x.yaml'))
    await start()
    writeFileSync(join(other, 'x.yaml'), '2')
    await arrives('a.yaml=1 x.yaml=2')
  })

  it('sees a link to a folder swapped', async () => {
    const link = join(base, 'current')
    const next = join(base, 'next')
    mkdirSync(next)
    writeFileSync(join(next, 'a.yaml'), '2')
    symlinkSync(rules, link)
    await start([link])
    symlinkSync(next, `${link}.tmp`)
    renameSync(`${link}.tmp`, link)
    await arrives('a.yaml=2')
    writeFileSync(join(next, 'a.yaml'), '3')
    await arrives('a.yaml=3')
  })

  it('keeps what it has while a folder is away, and looks again when it is back', async () => {
    await start()
    rmSync(rules, {recursive: true})
    await eventually(() => errors.length > 0)
    assert.match(errors[0] ?? '', /ENOENT/)
    assert.deepEqual(changes, [])
    mkdirSync(rules)
    write('a.yaml', '2')
    await arrives('a.yaml=2')
    write('a.yaml', '3')
    await arrives('a.yaml=3')
    assert.equal(errors.length, 1)
  })

  it('waits for a folder below one that does not exist yet', async () => {
    const path = join(base, 'x', 'y', 'rules')
    await start([path], {initial: {files: []}})
    assert.equal(errors.length, 1)
    mkdirSync(path, {recursive: true})
    writeFileSync(join(path, 'n.yaml'), '1')
    await arrives('n.yaml=1')
  })

  it('watches single files by their folder', async () => {
    const file = join(rules, 'a.yaml')
    await start([file])
    writeFileSync(`${file}.new`, '2')
    renameSync(`${file}.new`, file)
    await arrives('a.yaml=2')
    rmSync(file)
    await eventually(() => errors.length === 1)
    write('a.yaml', '3')
    await arrives('a.yaml=3')
  })

  it('reports a difference to what the caller has read', async () => {
    await start([rules], {initial: {files: []}})
    assert.deepEqual(changes, ['a.yaml=1'])
  })

  it('does not call for a file that was written with the same content', async () => {
    await start()
    const before = reads
    write('a.yaml', '1')
    await eventually(() => reads > before)
    await watcher?.check()
    assert.deepEqual(changes, [])
  })

  it('tells names and contents apart', async () => {
    await start()
    rmSync(join(rules, 'a.yaml'))
    write('a.yaml1.yaml', '')
    await arrives('a.yaml1.yaml=')
  })

  it('does not read for events in a parent folder that leave the way as it is', async () => {
    await start([rules], {debounceMs: 0})
    const before = reads
    for (let i = 0; i < 30; i++) {
      writeFileSync(join(base, `noise${i}`), '')
      await pause(2)
    }
    // Events come in order: once this one has been acted on, the others have been too.
    write('a.yaml', '2')
    await arrives('a.yaml=2')
    assert.ok(reads - before < 10, `${reads - before} reads`)
  })

  it('finds by polling what no event tells', async () => {
    const deep = join(base, 'one', 'two', 'rules')
    const other = join(base, 'other', 'two', 'rules')
    for (const [folder, content] of [
      [deep, '1'],
      [other, '2'],
    ] as const) {
      mkdirSync(folder, {recursive: true})
      writeFileSync(join(folder, 'a.yaml'), content)
    }
    await start([deep], {pollMs: 20})
    renameSync(join(base, 'one'), join(base, 'gone'))
    renameSync(join(base, 'other'), join(base, 'one'))
    await arrives('a.yaml=2')
  })

  it('does not start a second call while the first one runs', async () => {
    let running = 0
    let calls = 0
    watcher = watchRules(
      [rules],
      () => readPaths([rules]),
      async () => {
        calls++
        assert.equal(++running, 1)
        await pause(60)
        running--
      },
      {pollMs: 600_000, onError: error => errors.push(String(error))},
    )
    await watcher.check()
    write('a.yaml', '2')
    await eventually(() => calls === 1)
    write('a.yaml', '3')
    await eventually(() => calls === 2)
    assert.deepEqual(errors, [])
  })

  it('says nothing after it was closed', async () => {
    const started = await start()
    started.close()
    started.close()
    write('a.yaml', '2')
    await started.check()
    assert.deepEqual(changes, [])
    assert.ok(existsSync(rules))
  })

  it('acts within 300 ms', async () => {
    await start()
    const begin = performance.now()
    write('a.yaml', '2')
    await arrives('a.yaml=2')
    const tookMs = performance.now() - begin
    assert.ok(tookMs < 300, `${tookMs} ms`)
  })
})
