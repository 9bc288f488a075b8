import type {Priority} from '../priority.ts'
import type {RuleSelection} from '../rule-selection.ts'
import type {OutputConfig} from './output-config.ts'
import {DEFAULT_QUEUE, type QueueConfig} from './queue-config.ts'

/** The configuration with every default filled in. */
export interface Config {
  /** Rule files and folders, in order. */
  readonly rules: readonly string[]
  /** Rules switched on and off by the configuration, in order. */
  readonly selection: readonly RuleSelection[]
  /** Rules less severe than this are loaded but never run. */
  readonly priority: Priority
  readonly ruleMatching: 'first' | 'all'
  readonly jsonOutput: boolean
  readonly isoTime: boolean
  /** Properties of the JSON form of an alert. */
  readonly json: {
    readonly includeOutput: boolean
    readonly includeOutputFields: boolean
    readonly includeTags: boolean
    readonly includeMessage: boolean
  }
  readonly appendOutput: readonly AppendOutput[]
  /**
   * Sizes of the kernel's ring buffers in MiB, powers of two: one for the life of processes and what else the state needs, one for
   * all other events, so that a flood of these cannot push out those.
   */
  readonly ring: {readonly stateMib: number; readonly bulkMib: number}
  /** Copy paths and addresses when calls begin too, so that no other thread can change them before they are read. */
  readonly entryCopies: boolean
  /** Leave events in the kernel that no rule can match. */
  readonly kernelFilter: boolean
  readonly drops: DropOptions
  readonly containers: ContainersConfig
  readonly probes: readonly ProbeConfig[]
  /** The socket that `detector status` asks; an empty path: the default place. */
  readonly control: {readonly enabled: boolean; readonly socket: string}
  readonly http: HttpConfig
  readonly queue: QueueConfig
  readonly outputs: {
    readonly stdout: {readonly enabled: boolean}
    readonly file: FileOutput
    readonly webhook: WebhookOutput
  }
  /** The outputs of the list form, which switches those of `outputs` off. Names are distinct. */
  readonly sinks: readonly OutputConfig[]
}

/** Where metrics and health can be read. */
export interface HttpConfig {
  readonly enabled: boolean
  /** `127.0.0.1:8765`, `[::1]:8765`, or the path of a unix socket. */
  readonly listen: string
  /** Serve `/metrics` too, not only health. */
  readonly metrics: boolean
  readonly healthPath: string
}

/** A BPF object of the user's own whose records become events. */
export interface ProbeConfig {
  /** Its events are `probe.NAME`, their fields `probe.NAME.MEMBER`. */
  readonly name: string
  /** Path of the object file. */
  readonly object: string
  /** The ring buffer to read; the only one by default. */
  readonly map: string | undefined
  /** The struct in its records; the value type of the ring buffer by default. */
  readonly struct: string | undefined
  /** Detection goes on without it when it is refused. */
  readonly optional: boolean
}

/** How containers are looked up. */
export interface ContainersConfig {
  /** Ask runtimes what a container is; `container.id` is known without. */
  readonly enabled: boolean
  /** Longest time that events of a new container wait for the answer, in milliseconds; 0: they never wait. */
  readonly waitMs: number
  /** Longest time that one lookup takes, in milliseconds. */
  readonly timeoutMs: number
  /** Longer labels are left out, except those that name the pod. */
  readonly labelMaxLength: number
  /** Put before the paths of sockets and of the runtimes' files: where the host's root is seen from here. */
  readonly hostRoot: string
  /** Unix sockets of runtimes; those that do not exist are passed over. */
  readonly sockets: {
    readonly docker: readonly string[]
    readonly podman: readonly string[]
    /** Container runtime interface: containerd, CRI-O. */
    readonly cri: readonly string[]
  }
}

/** When lost events are told before the summary at the end. */
export interface DropOptions {
  readonly actions: readonly DropAction[]
  /** Share of the events of a second that must be lost, 0 to 1; 0: any. */
  readonly threshold: number
  /** Reports a second, on average. */
  readonly rate: number
  /** Reports that may follow each other at once. */
  readonly maxBurst: number
}

/** What is done about lost events. */
export type DropAction = 'ignore' | 'log' | 'alert'

/** Alerts appended to a file. */
export interface FileOutput {
  readonly enabled: boolean
  readonly filename: string
  /** Keep the file open between deliveries; otherwise it is opened for each. */
  readonly keepOpen: boolean
}

/** Alerts posted as JSON. */
export interface WebhookOutput {
  readonly enabled: boolean
  readonly url: string
  /** Added to each request. Values are secrets. */
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** One entry of `append_output`: what is added to the outputs of some rules. */
export interface AppendOutput {
  /** What is left out fits every rule; all listed tags have to be on the rule. */
  readonly match?: {
    readonly source?: string
    readonly rule?: string
    readonly tags?: readonly string[]
  }
  /** Template appended to the output with one blank. */
  readonly extraOutput?: string
  /** Added to `output_fields`: the field's own value, or with `formatted` the text of the template. */
  readonly extraFields?: readonly {
    readonly name: string
    readonly template: string
    readonly formatted: boolean
  }[]
  /** Append the fields that are marked as suggested. Default false. */
  readonly suggestedOutput?: boolean
}

/** What holds where the configuration says nothing. */
export const DEFAULT_CONFIG: Config = {
  rules: [],
  selection: [],
  priority: 'Debug',
  ruleMatching: 'first',
  jsonOutput: false,
  isoTime: false,
  json: {includeOutput: true, includeOutputFields: true, includeTags: true, includeMessage: false},
  appendOutput: [],
  ring: {stateMib: 4, bulkMib: 16},
  entryCopies: false,
  kernelFilter: true,
  drops: {actions: ['log', 'alert'], threshold: 0, rate: 1 / 30, maxBurst: 1},
  containers: {
    enabled: true,
    waitMs: 500,
    timeoutMs: 400,
    labelMaxLength: 100,
    hostRoot: '',
    sockets: {
      docker: ['/run/docker.sock'],
      podman: ['/run/podman/podman.sock'],
      cri: [
        '/run/containerd/containerd.sock',
        '/run/crio/crio.sock',
        '/run/k3s/containerd/containerd.sock',
      ],
    },
  },
  probes: [],
  control: {enabled: true, socket: ''},
  queue: DEFAULT_QUEUE,
  http: {enabled: false, listen: '127.0.0.1:8765', metrics: true, healthPath: '/healthz'},
  outputs: {
    stdout: {enabled: true},
    file: {enabled: false, filename: '', keepOpen: true},
    webhook: {enabled: false, url: '', headers: {}, timeoutMs: 10_000},
  },
  sinks: [],
}
