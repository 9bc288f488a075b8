/** One entry of the catalogue. */
export interface CodeEntry {
  readonly title: string
  /** What it means and what to do, for `docs/errors.md`. */
  readonly meaning: string
  /** Exit code of the process when it ends it: 1 findings, 2 usage or config, 3 environment, 70 a bug. */
  readonly exit: 1 | 2 | 3 | 70
}

/** Every code that an error of ours can carry. Codes are never reused. */
export const CODES = {
  CAPTURE_INVALID: {
    title: 'a file is not a capture that can be read',
    meaning:
      'Pass a .scap or .jsonl file (plain or gzip), a .scap file of a little-endian machine.',
    exit: 1,
  },
  CAPTURE_NAME: {
    title: 'the name of a capture to write says no form',
    meaning: 'End it in .scap, .jsonl, .scap.gz or .jsonl.gz.',
    exit: 2,
  },
  CAPTURE_READ: {
    title: 'a capture cannot be read',
    meaning: 'Check the path and its permissions.',
    exit: 1,
  },
  CAPTURE_WRITE: {
    title: 'a capture cannot be written',
    meaning:
      'Check the path, its permissions and the free space. What was written before can be read.',
    exit: 3,
  },
  CLI_USAGE: {title: 'wrong command line', meaning: 'See `detector help COMMAND`.', exit: 2},
  CONFIG_INVALID: {
    title: 'the configuration is wrong',
    meaning: 'Mend the named key; `detector help run` lists them.',
    exit: 2,
  },
  CONTROL_BUSY: {
    title: 'another detector listens at the control socket',
    meaning: 'End it, or give this one a place of its own (`control.socket`).',
    exit: 3,
  },
  CONTROL_LISTEN: {
    title: 'the control socket cannot be made',
    meaning:
      'Name a place that can be written (`control.socket`), or set `control.enabled: false`.',
    exit: 3,
  },
  CONTROL_NO_ANSWER: {
    title: 'no running detector answers',
    meaning: 'Start one, or name its socket with `--socket`; root may ask any.',
    exit: 3,
  },
  CONTROL_REFUSED: {
    title: 'the running detector refused a request',
    meaning: 'The message says why. Both must be of versions that understand each other.',
    exit: 3,
  },
  EVENT_INVALID: {
    title: 'a field event is wrong',
    meaning:
      'Mend the line: every key must be a field and every value fit its type (`detector list fields`).',
    exit: 1,
  },
  HTTP_LISTEN: {
    title: 'the address for metrics and health cannot be listened at',
    meaning: 'Name another address or port (`metrics.listen`), or end who listens there.',
    exit: 3,
  },
  OBJECT_INVALID: {
    title: 'a file is not a BPF object that can be loaded',
    meaning: 'Compile it with `clang -O2 -g -target bpf -c`; the message names what is wrong.',
    exit: 1,
  },
  OBJECT_REFUSED: {
    title: 'the kernel refused a program of an object file',
    meaning:
      'Mend the program: the message names the instruction and the reason that the kernel gave.',
    exit: 1,
  },
  PROBE_INVALID: {
    title: 'a probe cannot be used',
    meaning:
      'Mend the object or the entry of `probes` that names it: the message says what is wrong.',
    exit: 2,
  },
  PROBE_REFUSED: {
    title: 'a probe was refused',
    meaning:
      'Our verifier or the kernel refused a program of it, or it is attached to what this kernel does not have. Mend it, or mark the probe `optional: true`.',
    exit: 3,
  },
  QUEUE_LOCKED: {
    title: 'another process has the queue',
    meaning: 'The message says which; ask it over its control socket, or end it.',
    exit: 3,
  },
  QUEUE_MISSING: {
    title: 'there is no queue on disk',
    meaning: 'Name its place with `queue.path`; without a queue nothing waits.',
    exit: 3,
  },
  RULE_FILE_READ: {
    title: 'a rule file cannot be read',
    meaning: 'Check the path and its permissions.',
    exit: 1,
  },
  RULE_INVALID: {
    title: 'a rule file is invalid',
    meaning: 'Run `detector validate` on it: every problem is shown with its place.',
    exit: 1,
  },
  SENSOR_NO_ROOT: {
    title: 'not allowed to load programs',
    meaning: 'Run as root, or grant CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE.',
    exit: 3,
  },
  SENSOR_NO_BTF: {
    title: 'the kernel describes no types',
    meaning: 'Use a kernel with CONFIG_DEBUG_INFO_BTF=y (/sys/kernel/btf/vmlinux).',
    exit: 3,
  },
  SENSOR_UNSUPPORTED: {
    title: 'the kernel or machine is not supported',
    meaning: 'Needs Linux 5.8 or newer on x86_64.',
    exit: 3,
  },
  SENSOR_LOCKED: {
    title: 'the kernel is locked down',
    meaning: 'Kernel lockdown in confidentiality mode forbids reading kernel memory.',
    exit: 3,
  },
  SENSOR_MEMORY: {
    title: 'the kernel refused memory',
    meaning: 'Ask for a smaller ring buffer or raise the memory limit.',
    exit: 3,
  },
  SENSOR_REFUSED: {
    title: 'the kernel verifier refused a program',
    meaning: 'A defect of the program generator: report it with the saved log.',
    exit: 70,
  },
  SENSOR_SYSCALL: {
    title: 'a system call failed',
    meaning: 'The message names the call and the error number.',
    exit: 3,
  },
  OUTPUT_FAILED: {
    title: 'an output failed',
    meaning: 'The message names the output and the reason.',
    exit: 3,
  },
  INTERNAL: {
    title: 'an internal error',
    meaning: 'A defect: report it with the text shown.',
    exit: 70,
  },
} as const satisfies Record<string, CodeEntry>

/** A code of the catalogue. */
export type ErrorCode = keyof typeof CODES
