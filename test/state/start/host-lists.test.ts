import assert from 'node:assert/strict'
import {cpus, hostname} from 'node:os'
import {afterEach, describe, it} from 'mocha'
import {
  addressBytes,
  hostAccounts,
  hostInterfaces,
  hostMachine,
} from '../../../src/state/start/host-lists.ts'
import {type FakeProc, fakeProc} from '../../support/fake-proc.ts'

describe('lists of the host', () => {
  const zeros = (count: number): string => '\0'.repeat(count)
  const addresses = [
    {text: '10.0.0.255', want: '\x0a\0\0\xff'},
    {text: '::', want: zeros(16)},
    {text: '::1', want: `${zeros(15)}\x01`},
    {text: 'fe80::1%eth0', want: `\xfe\x80${zeros(13)}\x01`},
    {text: '1:2:3:4:5:6:7:8', want: '\0\x01\0\x02\0\x03\0\x04\0\x05\0\x06\0\x07\0\x08'},
    {text: 'ffff:ffff::', want: `\xff\xff\xff\xff${zeros(12)}`},
    {text: '::ffff:1.2.3.4', want: `${zeros(10)}\xff\xff\x01\x02\x03\x04`},
    {text: '1:2:3:4:5:6:7', want: undefined},
    {text: '1::2::3', want: undefined},
    {text: '1:2:3:4:5:6:7::8', want: undefined},
    {text: '1.2.3', want: undefined},
    {text: '1.2.3.256', want: undefined},
    {text: 'g::', want: undefined},
    {text: '', want: undefined},
  ]
  for (const {text, want} of addresses) {
    it(`reads the address '${text}'`, () => {
      assert.equal(addressBytes(text), want)
    })
  }

  it('lists interfaces, without what is no address', () => {
    const entry = {address: '127.0.0.1', netmask: '255.0.0.0', mac: '', internal: true, cidr: null}
    const list = hostInterfaces({
      lo: [
        {...entry, family: 'IPv4'},
        {...entry, family: 'IPv4', address: 'odd'},
      ],
      none: undefined,
    })
    assert.deepEqual(list, [{address: '\x7f\0\0\x01', netmask: '\xff\0\0\0'}])
  })

  it('tells of the machine', () => {
    const machine = hostMachine(5n)
    assert.deepEqual(
      [machine.cpus, machine.hostname, machine.bootNs],
      [cpus().length, hostname(), 5n],
    )
    assert.ok(machine.memoryBytes > 0 && machine.maxPid > 0)
  })

  describe('accounts', () => {
    let files: FakeProc
    afterEach(() => files.remove())

    it('come from the two files', () => {
      files = fakeProc({
        passwd: 'root:x:0:0:r:/root:/bin/sh\nbad\n',
        group: 'root:x:0:\nwheel:x:10:a,b\n',
      })
      assert.deepEqual(hostAccounts(`${files.folder}/passwd`, `${files.folder}/group`), {
        users: [{uid: 0, name: 'root', home: '/root', shell: '/bin/sh'}],
        groups: [
          {gid: 0, name: 'root'},
          {gid: 10, name: 'wheel'},
        ],
      })
    })

    it('are none without the files', () => {
      files = fakeProc()
      const none = hostAccounts(`${files.folder}/passwd`, `${files.folder}/group`)
      assert.deepEqual(none, {users: [], groups: []})
    })
  })
})
