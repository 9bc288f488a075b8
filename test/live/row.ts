/** One public rule, what makes it alert, and something alike that must not. */
export interface Row extends Place {
  /** The rule's name. */
  readonly rule: string
  readonly trigger: Script
  readonly benign: Script
  /** Why the twin is no match, where the scripts do not show it. */
  readonly why?: string
}

/** What a shell runs; with a place when it is another than the row's. */
export type Script = string | ({readonly script: string} & Place)

/** Where a script runs. Nothing that it does outside of its own folder lasts. */
export interface Place {
  /** In a control group named as Docker names those of its containers; undefined: on the host. */
  readonly container?: Container | undefined
  /** As the first process of a pid namespace. */
  readonly first?: boolean
  /** As a user without rights. */
  readonly user?: 'nobody' | undefined
  /** Without these capabilities, as setpriv names them: `sys_module`, `all`. */
  readonly without?: string | undefined
  /** Folders of the machine that may be changed: what is written there vanishes at the end. */
  readonly over?: readonly string[]
  /** In a network of its own that has 203.0.113.1 and 10.9.9.1; whatever is sent to other addresses is lost. */
  readonly network?: boolean
}

/** What the container runtime says of a container. */
export interface Container {
  readonly privileged?: boolean
  /** Folders of the host that are mounted. */
  readonly mounts?: readonly string[]
  /** The namespace of its pod. */
  readonly namespace?: string
  /** Default `example/app`. */
  readonly image?: string
}
