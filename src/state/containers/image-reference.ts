import type {ByteString} from '../../schema/bytes.ts'

/** The parts of an image reference; what it does not have is empty. */
export interface ImageReference {
  readonly repository: ByteString
  readonly tag: ByteString
  readonly digest: ByteString
}

/**
 * Splits an image reference: `registry:5000/team/app:1.2` into `registry:5000/team/app` and `1.2`. Registries are kept as they
 * are written: `docker.io/library/nginx` and `nginx` stay apart, as rules compare them. With a digest there is no tag. A bare
 * digest (`sha256:…`) has no repository.
 */
export function splitImage(reference: ByteString): ImageReference {
  if (/^sha256:[0-9a-f]+$/.test(reference)) return {repository: '', tag: '', digest: reference}
  const at = reference.indexOf('@')
  const name = at < 0 ? reference : reference.slice(0, at)
  const digest = at < 0 ? '' : reference.slice(at + 1)
  // A colon before the last slash belongs to the port of the registry.
  const colon = name.lastIndexOf(':')
  if (colon < 0 || colon < name.lastIndexOf('/')) return {repository: name, tag: '', digest}
  return {
    repository: name.slice(0, colon),
    tag: digest === '' ? name.slice(colon + 1) : '',
    digest,
  }
}
