/** What the process ends with; scripts rely on it. */
export const EXIT = {
  /** Done, and everything that was checked passed. */
  ok: 0,
  /** A rule is invalid, a test failed, a program was rejected. */
  findings: 1,
  /** The command line or the config is wrong. */
  usage: 2,
  /** The environment lacks something. */
  environment: 3,
  /** A defect of the program. */
  internal: 70,
} as const
