import type {Place} from './row.ts'
import {shellWord} from './shell-word.ts'

/** Words for all scripts: `as NAME SCRIPT` runs a script in a shell of that name, `fake NAME ARGUMENT…` a program that does nothing. */
export const PRELUDE = `set -eu
as() {
  cp /bin/sh "./$1"
  "./$1" -c "$2
:"
}
fake() {
  name=$1
  shift
  cp "$NOTHING" "./$name"
  "./$name" "$@"
}
`

/**
 * Addresses of the network of {@link Place.network}. What is sent to others goes out of the loopback interface and comes back in
 * as a packet for somebody else, which the kernel drops: a connection stays in its first state.
 */
const NETWORK = `ip link set lo up
ip address add 203.0.113.1/32 dev lo
ip address add 10.9.9.1/32 dev lo
ip route add default dev lo
`

/**
 * The shell script that makes the place and ends as the shell that runs `./script` there. It expects a mount namespace and a network
 * of its own where the place needs them ({@link namespacesOf}).
 *
 * @param cgroup folder of the container's control group
 */
export function launchScript(place: Place, cgroup: string | undefined): string {
  const {over = [], network, first} = place
  const lines = ['set -eu']
  if (over.length > 0) lines.push('mkdir over', 'mount -t tmpfs tmpfs over')
  for (const [i, folder] of over.entries()) {
    const layers = `lowerdir=${folder},upperdir=over/${i},workdir=over/${i}.work`
    lines.push(`mkdir over/${i} over/${i}.work`, `mount -t overlay -o ${layers} overlay ${folder}`)
  }
  if (network === true) lines.push(NETWORK.trimEnd())
  // Opened while still root: the right to move is that of whoever opened the file.
  if (cgroup !== undefined) lines.push(`exec 9>${shellWord(`${cgroup}/cgroup.procs`)}`)
  // The step into the container is the last one, so that its first program is the script's shell.
  const enter = cgroup === undefined ? 'exec sh ./script' : 'echo 0 >&9; exec sh ./script 9>&-'
  const command = [
    ...(first === true ? ['unshare', '--pid', '--fork', '--kill-child'] : []),
    ...privileges(place),
    'sh',
    '-c',
    shellWord(enter),
  ]
  lines.push(`exec ${command.join(' ')}`)
  return `${lines.join('\n')}\n`
}

/** Options of unshare for what the place needs of its own. */
export function namespacesOf({over = [], network}: Place): string[] {
  return [
    ...(over.length > 0 ? ['--mount', '--propagation', 'private'] : []),
    ...(network === true ? ['--net'] : []),
  ]
}

function privileges({user, without}: Place): string[] {
  if (user === undefined && without === undefined) return []
  return [
    'setpriv',
    ...(user === undefined ? [] : ['--reuid=65534', '--regid=65534', '--clear-groups']),
    ...(without === undefined ? [] : [`--inh-caps=-${without}`, `--bounding-set=-${without}`]),
  ]
}
