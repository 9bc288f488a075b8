import type {Row} from '../row.ts'

/** System calls that few programs need. */
export const CALL_ROWS: readonly Row[] = [
  {rule: 'PTRACE attached to process', trigger: '"$ACT" attach', benign: '"$ACT" traceme'},
  {rule: 'PTRACE anti-debug attempt', trigger: '"$ACT" traceme', benign: '"$ACT" attach'},
  {
    rule: 'Fileless execution via memfd_create',
    trigger: '"$ACT" memfd "$NOTHING"',
    benign: '"$ACT" fexec "$NOTHING"',
  },
  {
    rule: 'Change thread namespace',
    trigger: '"$ACT" setns',
    benign: 'nsenter --net=/proc/self/ns/net "$NOTHING"',
    why: 'nsenter is known to do so',
  },
  {
    rule: 'Non sudo setuid',
    user: 'nobody',
    trigger: '"$ACT" setuid 1',
    benign: '"$ACT" setuid 65534',
    why: 'nobody becomes nobody',
  },
  {
    rule: 'BPF Program Not Profiled',
    trigger: '"$ACT" bpf',
    benign: 'cp "$ACT" bpftool; ./bpftool bpf',
    why: 'bpftool is known to do so',
  },
  {
    rule: 'Unprivileged Delegation of Page Faults Handling to a Userspace Process',
    trigger: {user: 'nobody', script: '"$ACT" userfaultfd'},
    benign: '"$ACT" userfaultfd',
  },
]
