import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {type ProcSource, procSource} from '../../src/state/start/proc-source.ts'

/** Content of files by path (latin1), or `-> TARGET` for links. */
export type Tree = Readonly<Record<string, string>>

/** A made-up proc folder. Remove it with {@link FakeProc.remove}. */
export interface FakeProc {
  readonly folder: string
  /** Writes further files; existing ones are replaced. */
  write(tree: Tree): void
  /** Takes a process away. */
  drop(pid: number): void
  source(): ProcSource
  remove(): void
}

/** Nanoseconds from the epoch to the boot of made-up machines. */
export const BOOT_NS = 1_700_000_000_000_000_000n

/** Makes a proc folder in a temporary place. */
export function fakeProc(tree: Tree = {}): FakeProc {
  const folder = mkdtempSync(join(tmpdir(), 'fake-proc-'))
  const write = (files: Tree): void => {
    for (const [path, content] of Object.entries(files)) {
      const full = join(folder, path)
      mkdirSync(dirname(full), {recursive: true})
      rmSync(full, {force: true})
      if (content.startsWith('-> ')) symlinkSync(Buffer.from(content.slice(3), 'latin1'), full)
      else writeFileSync(full, content, 'latin1')
    }
  }
  write(tree)
  return {
    folder,
    write,
    drop: pid => rmSync(join(folder, String(pid)), {recursive: true, force: true}),
    source: () => procSource(folder, BOOT_NS),
    remove: () => rmSync(folder, {recursive: true, force: true}),
  }
}

/** What a made-up thread differs in. */
export interface FakeTask {
  readonly pid: number
  readonly tid?: number
  readonly parent?: number
  /** As stat writes it. */
  readonly comm?: string
  readonly startTicks?: number
  /** PF_ flags. */
  readonly flags?: number
  readonly threads?: number
  /** Numbers in inner pid namespaces, outermost first. */
  readonly inner?: readonly number[]
}

/** The stat and status of a thread. */
export function taskFiles(task: FakeTask): Tree {
  const {pid, tid = pid, parent = 1, comm = 'name', startTicks = 100, flags = 0x400000} = task
  const {threads = 1, inner = []} = task
  const folder = tid === pid ? `${pid}` : `${pid}/task/${tid}`
  const stat = `${tid} (${comm}) S ${parent} 20 30 34816 20 ${flags} 11 0 7 0 1 2 0 0 20 0 ${threads} 0 ${startTicks} 9 9`
  const ns = (id: number): string => [id, ...inner].join('\t')
  const status = [
    `Name:\t${comm}`,
    'Umask:\t0022',
    `Tgid:\t${pid}`,
    `Pid:\t${tid}`,
    `PPid:\t${parent}`,
    'Uid:\t1\t1000\t3\t4',
    'Gid:\t5\t1001\t7\t8',
    'Groups:\t27 100 ',
    `NStgid:\t${ns(pid)}`,
    `NSpid:\t${ns(tid)}`,
    `NSpgid:\t${ns(20)}`,
    'VmSize:\t    2048 kB',
    'VmRSS:\t    1024 kB',
    'VmSwap:\t       4 kB',
    `Threads:\t${threads}`,
    'CapInh:\t0000000000000001',
    'CapPrm:\t000001ffffffffff',
    'CapEff:\t0000000000000000',
    '',
  ].join('\n')
  return {[`${folder}/stat`]: `${stat}\n`, [`${folder}/status`]: status}
}

/** A whole process with nothing unusual. */
export function processFiles(task: FakeTask): Tree {
  const {pid} = task
  return {
    ...taskFiles(task),
    [`${pid}/cmdline`]: '/bin/tool\0-x\0\0last\0',
    [`${pid}/environ`]: 'A=1\0B=\0',
    [`${pid}/comm`]: 'plain\n',
    [`${pid}/cgroup`]: '0::/system.slice/tool.service\n',
    [`${pid}/limits`]:
      'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files     \n',
    [`${pid}/loginuid`]: '1000',
    [`${pid}/exe`]: '-> /bin/tool',
    [`${pid}/cwd`]: '-> /srv',
    [`${pid}/root`]: '-> /',
    [`${pid}/ns/mnt`]: '-> mnt:[1]',
    [`${pid}/ns/net`]: '-> net:[2]',
    [`${pid}/ns/pid`]: '-> pid:[3]',
    [`${pid}/mountinfo`]:
      '21 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 21 0:40 / /far rw - fuse.sshfs host rw\n',
  }
}
