import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {containerIdOf} from '../../../src/state/containers/container-id.ts'

const ID = '3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e'
const SHORT = '3ad7b26ded6d'
const OTHER = `ff${ID.slice(2)}`

/** Runtime, shown id, full id. */
const at = (cgroups: string | readonly string[]): string | undefined => {
  const found = containerIdOf(typeof cgroups === 'string' ? [cgroups] : cgroups)
  return found === undefined ? undefined : `${found.runtime} ${found.id} ${found.fullId}`
}

const known: {name: string; cgroup: string; want: string}[] = [
  {name: 'Docker with cgroupfs', cgroup: `/docker/${ID}`, want: 'docker'},
  {name: 'Docker with systemd', cgroup: `/system.slice/docker-${ID}.scope`, want: 'docker'},
  {name: 'a group inside of a container', cgroup: `/docker/${ID}/init.scope`, want: 'docker'},
  {
    name: 'a service of a systemd in a container',
    cgroup: `/system.slice/docker-${ID}.scope/system.slice/cron.service`,
    want: 'docker',
  },
  {name: 'a container in a container', cgroup: `/docker/${OTHER}/docker/${ID}`, want: 'docker'},
  {name: 'Podman with systemd', cgroup: `/machine.slice/libpod-${ID}.scope`, want: 'podman'},
  {
    name: 'Podman with a group of its own inside',
    cgroup: `/machine.slice/libpod-${ID}.scope/container`,
    want: 'podman',
  },
  {name: 'Podman with cgroupfs', cgroup: `/libpod_parent/libpod-${ID}`, want: 'podman'},
  {name: "Podman's split groups", cgroup: `/a.service/libpod-payload-${ID}`, want: 'podman'},
  {
    name: 'Podman of a user',
    cgroup: `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`,
    want: 'podman',
  },
  {name: 'a pod with cgroupfs', cgroup: `/kubepods/besteffort/podab-1/${ID}`, want: 'cri'},
  {
    name: 'containerd in a pod with systemd',
    cgroup: `/kubepods.slice/kubepods-podab_1.slice/cri-containerd-${ID}.scope`,
    want: 'containerd',
  },
  {
    name: 'containerd in a pod, systemd names with cgroupfs',
    cgroup: `/kubepods-burstable-podab_1.slice:cri-containerd:${ID}`,
    want: 'containerd',
  },
  {name: 'CRI-O with cgroupfs', cgroup: `/kubepods/podab/crio-${ID}`, want: 'cri-o'},
  {name: 'CRI-O with systemd', cgroup: `/kubepods.slice/crio-${ID}.scope`, want: 'cri-o'},
  {name: 'nerdctl', cgroup: `/system.slice/nerdctl-${ID}.scope`, want: 'containerd'},
  {name: 'digits in upper case', cgroup: `/docker/${ID.toUpperCase()}`, want: 'docker'},
]

const named: {name: string; cgroup: string; want: string}[] = [
  {name: 'LXC', cgroup: '/lxc/web', want: 'lxc web'},
  {name: 'LXC with systemd', cgroup: '/lxc.payload/web/init.scope', want: 'lxc web'},
  {name: 'LXC 4', cgroup: '/lxc.payload.web-1/system.slice/a.service', want: 'lxc web-1'},
  {name: 'old libvirt-lxc', cgroup: '/libvirt/lxc/web', want: 'libvirt-lxc web'},
  {name: 'libvirt-lxc', cgroup: '/machine/web.libvirt-lxc', want: 'libvirt-lxc web'},
  {
    name: 'libvirt-lxc with systemd',
    cgroup: '/machine.slice/machine-lxc\\x2d22\\x2dweb.scope/libvirt',
    want: 'libvirt-lxc 22\\x2dweb',
  },
  {
    name: 'systemd-nspawn',
    cgroup: '/machine.slice/machine-deb\\x2d12.scope/payload/init.scope',
    want: 'systemd-nspawn deb-12',
  },
  {
    name: 'systemd-nspawn as a service',
    cgroup: '/machine.slice/systemd-nspawn@deb.service/payload/system.slice/cron.service',
    want: 'systemd-nspawn deb',
  },
  {name: 'bpm', cgroup: '/system.slice/bpm-job.web.scope', want: 'bpm job.web'},
  {name: 'bpm below runc', cgroup: '/system.slice/runc-bpm-job.scope', want: 'bpm job'},
  {name: "containerd's own tool", cgroup: '/default/web', want: 'containerd web'},
]

const host: {name: string; cgroup: string}[] = [
  {name: 'the root', cgroup: '/'},
  {name: 'nothing', cgroup: ''},
  {name: 'no path', cgroup: 'cpu=relative'},
  {name: 'a service', cgroup: '/system.slice/sshd.service'},
  {name: 'a service with an id in its name', cgroup: `/system.slice/docker-${ID}.service`},
  {name: 'a session', cgroup: '/user.slice/user-1000.slice/session-2.scope'},
  {name: 'a mount of the host', cgroup: '/system.slice/var-lib.mount'},
  {name: '63 digits', cgroup: `/system.slice/docker-${ID.slice(1)}.scope`},
  {name: '65 digits', cgroup: `/kubepods/x/${ID}0`},
  {name: 'a letter that is no digit', cgroup: `/system.slice/docker-${ID.slice(1)}g.scope`},
  {name: 'the monitor of Podman', cgroup: `/machine.slice/libpod-conmon-${ID}.scope`},
  {name: 'the monitor of CRI-O', cgroup: `/system.slice/crio-conmon-${ID}.scope`},
  {name: 'the monitor of LXC', cgroup: '/lxc.monitor.web'},
  {name: 'a virtual machine', cgroup: '/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/emulator'},
  {name: 'a machine elsewhere', cgroup: '/system.slice/machine-web.scope'},
  {name: 'an empty name', cgroup: '/lxc//x/y'},
  {name: 'a way out', cgroup: '/lxc/..'},
  {name: 'a folder of a pod', cgroup: '/kubepods.slice/kubepods-podab.slice'},
  {name: 'three words', cgroup: '/a/b/c'},
  {name: 'a name that is too long', cgroup: `/default/${'a'.repeat(65)}`},
  {name: 'a path that is too long', cgroup: `${'/a'.repeat(2048)}/docker/${ID}`},
]

describe('containerIdOf', () => {
  for (const {name, cgroup, want} of known) {
    it(`knows ${name}`, () => {
      const id = cgroup.includes(ID) ? ID : ID.toUpperCase()
      assert.equal(at(cgroup), `${want} ${id.slice(0, 12)} ${id}`)
    })
  }
  for (const {name, cgroup, want} of named) {
    it(`knows ${name}`, () => assert.equal(at(cgroup), `${want} ${want.split(' ')[1]}`))
  }
  for (const {name, cgroup} of host) {
    it(`takes ${name} for the host`, () => assert.equal(at(cgroup), undefined))
  }

  it('reads lines of /proc and pairs of captures', () => {
    for (const prefix of ['0::', '5:memory:', '1:name=systemd:', 'memory=', 'cpu,cpuacct='])
      assert.equal(at(`${prefix}/docker/${ID}`), `docker ${SHORT} ${ID}`)
  })

  it('takes the first controller that says something', () => {
    const cgroups = ['cpu=/', 'memory=/foo/bar', `pids=/lxc/web`, `blkio=/docker/${ID}`]
    assert.equal(at(cgroups), 'lxc web web')
  })

  it('wants two plain words of most controllers', () => {
    assert.equal(at(['cpu=/', 'memory=/jobs/one', 'pids=/']), undefined)
    assert.equal(at(['cpu=/jobs/one', 'memory=/jobs/one', 'pids=/']), 'containerd one one')
  })

  it('gives 12 digits of an id that is no hexadecimal one', () => {
    assert.equal(at('/moby/abcdefghijklmnop'), 'containerd abcdefghijkl abcdefghijklmnop')
  })

  it('takes time in line with the length', () => {
    const hostile = [
      `/${'a.'.repeat(2000)}`,
      `/${'bpm-'.repeat(1000)}!`,
      '/'.repeat(4000),
      `/${'-'.repeat(4000)}`,
      `/machine.slice/machine-${'\\x2d'.repeat(990)}!`,
    ]
    const many = Array.from({length: 20_000}, (_, i) => `/a/${i}`)
    const start = performance.now()
    for (let i = 0; i < 200; i++) containerIdOf(hostile)
    containerIdOf(many)
    assert.ok(performance.now() - start < 2000)
  })
})
