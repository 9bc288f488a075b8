import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {FD} from '../../../src/state/fd.ts'
import {
  carriedFlags,
  fdKind,
  inodeOfLink,
  UNSUPPORTED_FD,
} from '../../../src/state/start/fd-kind.ts'

const [FILE, DIRECTORY, FIFO] = [0o100644, 0o040755, 0o010644]

describe('kinds of descriptors', () => {
  const kinds = [
    {link: '/etc/passwd', mode: FILE, want: [FD.fileWithFlags, '/etc/passwd']},
    {link: '/etc/gone (deleted)', mode: FILE, want: [FD.fileWithFlags, '/etc/gone (deleted)']},
    {link: '/etc', mode: DIRECTORY, want: [FD.directory, '/etc']},
    {link: '/run/fifo', mode: FIFO, want: [FD.pipe, '/run/fifo']},
    {link: '/odd\n\xff', mode: 0, want: [FD.fileWithFlags, '/odd\n\xff']},
    {link: 'pipe:[12]', mode: 0, want: [FD.pipe, 'pipe:[12]']},
    {link: 'net:[4026531833]', mode: FILE, want: [FD.fileWithFlags, 'net:[4026531833]']},
    {link: '/memfd:x (deleted)', mode: FILE, want: [FD.memfd, '/memfd:x (deleted)']},
    {link: 'anon_inode:[eventfd]', mode: 0, want: [FD.event, '']},
    {link: 'anon_inode:[signalfd]', mode: 0, want: [FD.signalfd, '']},
    {link: 'anon_inode:[eventpoll]', mode: 0, want: [FD.eventpoll, '']},
    {link: 'anon_inode:inotify', mode: 0, want: [FD.inotify, '']},
    {link: 'anon_inode:[timerfd]', mode: 0, want: [FD.timerfd, '']},
    {link: 'anon_inode:[io_uring]', mode: 0, want: [FD.ioUring, '']},
    {link: 'anon_inode:[userfaultfd]', mode: 0, want: [FD.userfaultfd, '']},
    {link: 'anon_inode:[pidfd]', mode: 0, want: [FD.pidfd, '']},
    {link: 'pidfd:[9]', mode: 0, want: [FD.pidfd, '']},
    {link: 'anon_inode:bpf-map', mode: 0, want: [FD.bpf, '']},
    {link: 'anon_inode:[fanotify]', mode: 0, want: [UNSUPPORTED_FD, '']},
    {link: 'anon_inode:__proto__', mode: 0, want: [UNSUPPORTED_FD, '']},
  ]
  for (const {link, mode, want} of kinds) {
    it(`tells ${JSON.stringify(link)}`, () => {
      const {type, name} = fdKind(link, mode)
      assert.deepEqual([type, name], want)
    })
  }

  const flags = [
    {name: 'a file opened to append', link: '/a', native: 0o2002, want: 3 | 8},
    {name: 'a file closed on exec', link: '/a', native: 0o2100000, want: 1 | 4096},
    {name: 'a pipe', link: 'pipe:[1]', native: 0o4001, want: 0},
    {name: 'a pipe closed on exec', link: 'pipe:[1]', native: 0o2004001, want: 4096},
  ]
  for (const {name, link, native, want} of flags) {
    it(`carries the flags of ${name}`, () => {
      assert.equal(carriedFlags(native, fdKind(link, FILE)), want)
    })
  }

  it('takes inodes out of links', () => {
    assert.deepEqual(['socket:[12]', 'socket:[x]', '/a[3'].map(inodeOfLink), [12, 0, 0])
  })
})
