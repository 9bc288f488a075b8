import {type ByteString, bytesOf} from '../../schema/bytes.ts'
import {shortId} from '../../state/containers/container-id.ts'
import {type ContainerInfo, POD_LABEL} from '../../state/containers/container-info.ts'
import {
  type ContainerContext,
  type ContainerFactory,
  labelsText,
  ofContainer,
  readContainer,
} from './container-fields.ts'

/** A label that runtimes give each container of a pod. */
function ofLabel(key: ByteString): ContainerFactory {
  return ofContainer(({labels}) => labels.get(key))
}

/**
 * Who knows of the pod: the container itself when its runtime told of the pod's network, else the pod's sandbox, which some
 * runtimes list as a container of its own, else again the container.
 */
function podHolder(info: ContainerInfo, {state}: ContainerContext): ContainerInfo {
  if (info.cniJson !== '' || info.podSandboxId === '') return info
  return state.containers.get(shortId(info.podSandboxId)) ?? info
}

/** Some runtimes tell of the labels with the container, some with the sandbox. */
function podLabels(info: ContainerInfo, context: ContainerContext): ContainerInfo['podLabels'] {
  const held = podHolder(info, context).podLabels
  return held.size > 0 ? held : info.podLabels
}

/** Fields of the pod that a container belongs to. Those of controllers and services are not known to any runtime. */
export const K8S_FIELDS: Readonly<Record<string, ContainerFactory>> = {
  'k8s.pod.name': ofLabel(POD_LABEL.name),
  'k8s.ns.name': ofLabel(POD_LABEL.namespace),
  'k8s.pod.id': ofLabel(POD_LABEL.uid),
  'k8s.pod.uid': ofLabel(POD_LABEL.uid),
  'k8s.pod.sandbox_id': ofContainer(({podSandboxId}) => shortId(podSandboxId)),
  'k8s.pod.full_sandbox_id': ofContainer(({podSandboxId}) => podSandboxId),
  'k8s.pod.label': ({arg = ''}) =>
    readContainer((info, context) => podLabels(info, context).get(bytesOf(arg))),
  'k8s.pod.labels': ofContainer((info, context) => labelsText(podLabels(info, context))),
  'k8s.pod.ip': ofContainer((info, context) =>
    info.podSandboxId === '' ? '' : podHolder(info, context).ip,
  ),
  'k8s.pod.cni.json': ofContainer((info, context) => podHolder(info, context).cniJson),
}
