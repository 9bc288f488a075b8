/** Signal names and numbers on x86_64; of equal numbers the first is printed. */
export const SIGNALS: readonly (readonly [name: string, value: number])[] = [
  ['SIGHUP', 1], ['SIGINT', 2], ['SIGQUIT', 3], ['SIGILL', 4], ['SIGTRAP', 5], ['SIGABRT', 6], ['SIGIOT', 6], ['SIGBUS', 7], ['SIGFPE', 8], ['SIGKILL', 9], ['SIGUSR1', 10], ['SIGSEGV', 11], ['SIGUSR2', 12], ['SIGPIPE', 13], ['SIGALRM', 14], ['SIGTERM', 15], ['SIGSTKFLT', 16], ['SIGCHLD', 17], ['SIGCONT', 18], ['SIGSTOP', 19], ['SIGTSTP', 20], ['SIGTTIN', 21], ['SIGTTOU', 22], ['SIGURG', 23], ['SIGXCPU', 24], ['SIGXFSZ', 25], ['SIGVTALRM', 26], ['SIGPROF', 27], ['SIGWINCH', 28], ['SIGIO', 29], ['SIGPWR', 30], ['SIGSYS', 31], ['SIGUNUSED', 31],
]

/** Errno names and numbers. */
export const ERRNOS: readonly (readonly [name: string, value: number])[] = [
  ['EPERM', 1], ['ENOENT', 2], ['ESRCH', 3], ['EINTR', 4], ['EIO', 5], ['ENXIO', 6], ['E2BIG', 7], ['ENOEXEC', 8], ['EBADF', 9], ['ECHILD', 10], ['EAGAIN', 11], ['ENOMEM', 12], ['EACCES', 13], ['EFAULT', 14], ['ENOTBLK', 15], ['EBUSY', 16], ['EEXIST', 17], ['EXDEV', 18], ['ENODEV', 19], ['ENOTDIR', 20], ['EISDIR', 21], ['EINVAL', 22], ['ENFILE', 23], ['EMFILE', 24], ['ENOTTY', 25], ['ETXTBSY', 26], ['EFBIG', 27], ['ENOSPC', 28], ['ESPIPE', 29], ['EROFS', 30], ['EMLINK', 31], ['EPIPE', 32], ['EDOM', 33], ['ERANGE', 34], ['EDEADLK', 35], ['ENAMETOOLONG', 36], ['ENOLCK', 37], ['ENOSYS', 38], ['ENOTEMPTY', 39], ['ELOOP', 40], ['ENOMSG', 42], ['EIDRM', 43], ['ECHRNG', 44], ['EL2NSYNC', 45], ['EL3HLT', 46], ['EL3RST', 47], ['ELNRNG', 48], ['EUNATCH', 49], ['ENOCSI', 50], ['EL2HLT', 51], ['EBADE', 52], ['EBADR', 53], ['EXFULL', 54], ['ENOANO', 55], ['EBADRQC', 56], ['EBADSLT', 57], ['EBFONT', 59], ['ENOSTR', 60], ['ENODATA', 61], ['ETIME', 62], ['ENOSR', 63], ['ENONET', 64], ['ENOPKG', 65], ['EREMOTE', 66], ['ENOLINK', 67], ['EADV', 68], ['ESRMNT', 69], ['ECOMM', 70], ['EPROTO', 71], ['EMULTIHOP', 72], ['EDOTDOT', 73], ['EBADMSG', 74], ['EOVERFLOW', 75], ['ENOTUNIQ', 76], ['EBADFD', 77], ['EREMCHG', 78], ['ELIBACC', 79], ['ELIBBAD', 80], ['ELIBSCN', 81], ['ELIBMAX', 82], ['ELIBEXEC', 83], ['EILSEQ', 84], ['ERESTART', 85], ['ESTRPIPE', 86], ['EUSERS', 87], ['ENOTSOCK', 88], ['EDESTADDRREQ', 89], ['EMSGSIZE', 90], ['EPROTOTYPE', 91], ['ENOPROTOOPT', 92], ['EPROTONOSUPPORT', 93], ['ESOCKTNOSUPPORT', 94], ['EOPNOTSUPP', 95], ['EPFNOSUPPORT', 96], ['EAFNOSUPPORT', 97], ['EADDRINUSE', 98], ['EADDRNOTAVAIL', 99], ['ENETDOWN', 100], ['ENETUNREACH', 101], ['ENETRESET', 102], ['ECONNABORTED', 103], ['ECONNRESET', 104], ['ENOBUFS', 105], ['EISCONN', 106], ['ENOTCONN', 107], ['ESHUTDOWN', 108], ['ETOOMANYREFS', 109], ['ETIMEDOUT', 110], ['ECONNREFUSED', 111], ['EHOSTDOWN', 112], ['EHOSTUNREACH', 113], ['EALREADY', 114], ['EINPROGRESS', 115], ['ESTALE', 116], ['EUCLEAN', 117], ['ENOTNAM', 118], ['ENAVAIL', 119], ['EISNAM', 120], ['EREMOTEIO', 121], ['EDQUOT', 122], ['ENOMEDIUM', 123], ['EMEDIUMTYPE', 124], ['ECANCELED', 125], ['ERESTARTSYS', 512], ['ERESTARTNOINTR', 513], ['ERESTARTNOHAND', 514], ['ENOIOCTLCMD', 515], ['ERESTART_RESTARTBLOCK', 516], ['EBADHANDLE', 521], ['ENOTSYNC', 522], ['EBADCOOKIE', 523], ['ENOTSUPP', 524], ['ETOOSMALL', 525], ['ESERVERFAULT', 526], ['EBADTYPE', 527], ['EJUKEBOX', 528], ['EIOCBQUEUED', 529], ['EIOCBRETRY', 530],
]

/** Capability names and bit numbers (linux include/uapi/linux/capability.h). */
export const CAPABILITIES: readonly (readonly [name: string, value: number])[] = [
  ['CAP_CHOWN', 0], ['CAP_DAC_OVERRIDE', 1], ['CAP_DAC_READ_SEARCH', 2], ['CAP_FOWNER', 3], ['CAP_FSETID', 4], ['CAP_KILL', 5], ['CAP_SETGID', 6], ['CAP_SETUID', 7], ['CAP_SETPCAP', 8], ['CAP_LINUX_IMMUTABLE', 9], ['CAP_NET_BIND_SERVICE', 10], ['CAP_NET_BROADCAST', 11], ['CAP_NET_ADMIN', 12], ['CAP_NET_RAW', 13], ['CAP_IPC_LOCK', 14], ['CAP_IPC_OWNER', 15], ['CAP_SYS_MODULE', 16], ['CAP_SYS_RAWIO', 17], ['CAP_SYS_CHROOT', 18], ['CAP_SYS_PTRACE', 19], ['CAP_SYS_PACCT', 20], ['CAP_SYS_ADMIN', 21], ['CAP_SYS_BOOT', 22], ['CAP_SYS_NICE', 23], ['CAP_SYS_RESOURCE', 24], ['CAP_SYS_TIME', 25], ['CAP_SYS_TTY_CONFIG', 26], ['CAP_MKNOD', 27], ['CAP_LEASE', 28], ['CAP_AUDIT_WRITE', 29], ['CAP_AUDIT_CONTROL', 30], ['CAP_SETFCAP', 31], ['CAP_MAC_OVERRIDE', 32], ['CAP_MAC_ADMIN', 33], ['CAP_SYSLOG', 34], ['CAP_WAKE_ALARM', 35], ['CAP_BLOCK_SUSPEND', 36], ['CAP_AUDIT_READ', 37], ['CAP_PERFMON', 38], ['CAP_BPF', 39], ['CAP_CHECKPOINT_RESTORE', 40],
]

/** Descriptor types: code in captures, name (`fd.type`), character (`fd.typechar`). */
export const FD_TYPES: readonly (readonly [code: number, name: string, char: string])[] = [
  [1, 'file', 'f'],
  [2, 'directory', 'd'],
  [3, 'ipv4', '4'],
  [4, 'ipv6', '6'],
  [5, 'ipv4 server', '4'],
  [6, 'ipv6 server', '6'],
  [7, 'pipe', 'p'],
  [8, 'unix', 'u'],
  [9, 'event', 'e'],
  [10, 'unsupported', 'X'],
  [11, 'signalfd', 's'],
  [12, 'eventpoll', 'l'],
  [13, 'inotify', 'i'],
  [14, 'timerfd', 't'],
  [15, 'netlink', 'n'],
  [16, 'file with flags', 'f'],
  [17, 'bpf', 'b'],
  [18, 'userfaultfd', 'u'],
  [19, 'io_uring', 'r'],
  [20, 'memfd', 'm'],
  [21, 'pidfd', 'P'],
  [0, 'unknown', 'o'],
]
