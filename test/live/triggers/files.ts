import type {Row} from '../row.ts'

/** Reading, writing and renaming of files that matter. */
export const FILE_ROWS: readonly Row[] = [
  {
    rule: 'Directory traversal monitored file read',
    trigger: `as app 'cat ../../../../../../etc/hostname'`,
    benign: `as app 'cat /etc/hostname'`,
  },
  {
    rule: 'Read sensitive file trusted after startup',
    trigger: `as nginx 'sleep 5.1; read line < /etc/shadow'`,
    benign: `as nginx 'read line < /etc/shadow'`,
    why: 'servers may read it in their first five seconds',
  },
  {
    rule: 'Read sensitive file untrusted',
    trigger: 'cat /etc/shadow',
    benign: 'cat /etc/passwd',
  },
  {
    rule: 'Clear Log Activities',
    trigger: 'echo old > syslog',
    benign: 'echo new >> syslog',
  },
  {
    rule: 'Create Symlink Over Sensitive Files',
    trigger: 'ln -s /etc/shadow link',
    benign: 'ln -s /etc/hostname link',
  },
  {
    rule: 'Create Hardlink Over Sensitive Files',
    over: ['/etc'],
    trigger: 'ln /etc/shadow /etc/link',
    benign: 'ln /etc/hostname /etc/link',
  },
  {
    rule: 'Modify Shell Configuration File',
    trigger: 'touch .bashrc',
    benign: ': > .bashrc',
    why: 'shells write their own',
  },
  {
    rule: 'Read Shell Configuration File',
    trigger: ': > .bashrc; cat .bashrc',
    benign: 'echo > .bashrc; read line < .bashrc',
    why: 'shells read their own',
  },
  {
    rule: 'Schedule Cron Jobs',
    over: ['/etc'],
    trigger: ': > /etc/crontab',
    benign: ': > /etc/hostname',
  },
  {
    rule: 'Read ssh information',
    over: ['/root'],
    trigger: 'mkdir -p /root/.ssh; : > /root/.ssh/key; cat /root/.ssh/key',
    benign: `mkdir -p /root/.ssh; echo > /root/.ssh/key; as ssh-keygen 'read line < /root/.ssh/key'`,
    why: 'programs of ssh read it',
  },
  {
    rule: 'Adding ssh keys to authorized_keys',
    over: ['/root'],
    trigger: 'mkdir -p /root/.ssh; touch /root/.ssh/authorized_keys',
    benign: 'mkdir -p /root/.ssh; touch /root/.ssh/known_hosts',
  },
  {
    rule: 'Create files below dev',
    over: ['/dev'],
    trigger: ': > /dev/dropped',
    benign: 'mkdir /dev/folder; : > /dev/folder/dropped',
    why: 'only files right below /dev count',
  },
  {
    rule: 'Delete or rename shell history',
    trigger: ': > .bash_history; rm .bash_history',
    benign: ': > .history; rm .history',
  },
  {
    rule: 'Set Setuid or Setgid bit',
    trigger: ': > file; chmod u+s file',
    benign: ': > file; chmod u+x file',
  },
  {
    rule: 'Backdoored library loaded into SSHD (CVE-2024-3094)',
    trigger: `echo > liblzma.so.5.6.1; as sshd 'read line < liblzma.so.5.6.1'`,
    benign: `echo > liblzma.so.5.6.2; as sshd 'read line < liblzma.so.5.6.2'`,
  },
  {
    rule: 'Update Package Repository',
    over: ['/etc'],
    trigger: 'mkdir -p /etc/apt; : > /etc/apt/sources.list',
    benign: `mkdir -p /etc/apt; as apt ': > /etc/apt/sources.list'`,
    why: 'package managers write it',
  },
  {
    rule: 'Write below binary dir',
    over: ['/usr'],
    trigger: ': > /usr/bin/dropped',
    benign: ': > /usr/share/dropped',
  },
  {
    rule: 'Write below monitored dir',
    over: ['/usr'],
    trigger: ': > /usr/local/bin/dropped',
    benign: ': > /usr/share/dropped',
  },
  {
    rule: 'Write below etc',
    over: ['/etc'],
    trigger: ': > /etc/dropped',
    benign: ': > /etc/motd',
  },
  {
    rule: 'Write below root',
    over: ['/root'],
    trigger: ': > /root/dropped',
    benign: 'mkdir -p /root/.cache; : > /root/.cache/dropped',
  },
  {
    rule: 'Write below rpm database',
    over: ['/var'],
    trigger: 'mkdir -p /var/lib/rpm; : > /var/lib/rpm/Packages',
    benign: `mkdir -p /var/lib/rpm; as rpm ': > /var/lib/rpm/Packages'`,
    why: 'rpm writes it',
  },
  {
    rule: 'Modify binary dirs',
    over: ['/usr'],
    trigger: 'cd /usr/bin; : > dropped; mv dropped moved',
    benign: 'cd /usr/share; : > dropped; mv dropped moved',
  },
  {
    rule: 'Mkdir binary dirs',
    over: ['/usr'],
    trigger: 'mkdir /usr/bin/dropped',
    benign: 'mkdir /usr/share/dropped',
  },
  {
    rule: 'Create Hidden Files or Directories',
    trigger: 'mkdir "$PWD/.hidden"; : > .hidden/file',
    benign: 'mkdir "$PWD/plain"; : > plain/file',
  },
]
