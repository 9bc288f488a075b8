import type {Row} from '../row.ts'

/** A terminal: what runs in it is led by the command itself. */
const inTerminal = (script: string): string => `script -qec '${script}' /dev/null < /dev/null`

/** Programs that should not run, or not for such a parent, in such a way. */
export const PROGRAM_ROWS: readonly Row[] = [
  {
    rule: 'Run shell untrusted',
    trigger: `as nginx 'sh -c "echo"'`,
    benign: `as app 'sh -c "echo"'`,
  },
  {
    rule: 'System user interactive',
    trigger: `as sshd 'setpriv --reuid=1 --clear-groups id'`,
    benign: `as sshd 'id'`,
    why: 'root is no system user',
  },
  {
    rule: 'Search Private Keys or Passwords',
    trigger: `grep 'BEGIN RSA PRIVATE' script`,
    benign: `grep 'BEGIN RSA PUBLIC' script`,
  },
  {
    rule: 'Find AWS Credentials',
    trigger: 'grep aws_secret_access_key script',
    benign: 'grep aws_region script',
  },
  {rule: 'Remove Bulk Data from Disk', trigger: 'fake shred file', benign: 'fake shredder file'},
  {
    rule: 'Execution from /dev/shm',
    over: ['/dev/shm'],
    trigger: 'cp "$NOTHING" /dev/shm/program; /dev/shm/program',
    benign: 'cp "$NOTHING" /dev/shm/program; fake program',
  },
  {
    rule: 'DB program spawned process',
    trigger: `as postgres 'ls'`,
    benign: `as postgrest 'ls'`,
  },
  {
    rule: 'Program run with disallowed http proxy env',
    trigger: 'HTTP_PROXY=http://127.0.0.1:1 fake curl http://127.0.0.1',
    benign: 'fake curl http://127.0.0.1',
  },
  {rule: 'User mgmt binaries', trigger: 'fake useradd somebody', benign: 'fake useradd -D'},
  {
    rule: 'Launch Suspicious Network Tool on Host',
    trigger: 'fake nmap 127.0.0.1',
    benign: {container: {}, script: 'fake nmap 127.0.0.1'},
  },
  {
    rule: 'Potential Local Privilege Escalation via Environment Variables Misuse',
    trigger: 'GLIBC_TUNABLES=glibc.malloc.check=1 fake program',
    benign: 'GLIBC_SETTINGS=glibc.malloc.check=1 fake program',
  },
  {
    rule: 'Detect crypto miners using the Stratum protocol',
    trigger: 'fake program -o stratum+tcp://127.0.0.1:1',
    benign: 'fake program -o http://127.0.0.1:1',
  },
  {
    rule: 'Sudo Potential Privilege Escalation',
    // Where the tests run in a session that root logged in to, somebody else must have.
    trigger: `echo 1000 > /proc/self/loginuid || :; fake sudo -s '\\ '`,
    benign: `echo 1000 > /proc/self/loginuid || :; fake sudo -l '\\ '`,
  },
  {
    rule: 'Polkit Local Privilege Escalation Vulnerability (CVE-2021-4034)',
    trigger: 'echo 1000 > /proc/self/loginuid || :; fake pkexec',
    benign: 'echo 1000 > /proc/self/loginuid || :; fake pkexec program',
  },
  {
    rule: 'Basic Interactive Reconnaissance',
    trigger: inTerminal('exec id'),
    benign: 'id',
    why: 'there is no terminal',
  },
  {
    rule: 'Netcat/Socat Remote Code Execution on Host',
    trigger: 'fake nc -e program 127.0.0.1 1',
    benign: 'fake nc -z 127.0.0.1 1',
  },
  {rule: 'Known Cryptominer Process Executed', trigger: 'fake xmrig', benign: 'fake xmrigger'},
  {
    rule: 'Web Server Spawned Shell',
    trigger: `as nginx 'sh -c "echo"'`,
    benign: `as nginx 'sh -c "/usr/bin/true"'`,
    why: 'programs below /usr/bin are expected',
  },
  {
    rule: 'Web Server Spawned Suspicious Child Process',
    trigger: `as nginx 'id'`,
    benign: `as nginx 'date'`,
  },
  {
    rule: 'Reverse Shell from Web Server',
    trigger: `cp "$NOTHING" nc; as nginx './nc -e program 127.0.0.1 1'`,
    benign: `cp "$NOTHING" nc; as nginx './nc -z 127.0.0.1 1'`,
  },
]
