import {execFileSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

/** Paths of a certificate and its key, PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** A small authority for tests. */
export interface TestAuthority {
  readonly ca: string
  /** For 127.0.0.1 and localhost. */
  readonly server: KeyPair
  /** For a client named `agent`. */
  readonly client: KeyPair
  read(path: string): Buffer
  remove(): void
}

/** Makes an authority with a certificate for a server and one for a client in a folder of its own. */
export function makeAuthority(): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'authority-'))
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, {stdio: 'pipe'})
  }
  const key = (name: string): string => {
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at(`${name}.key`))
    return at(`${name}.key`)
  }
  const ca = at('ca.pem')
  const subject = ['-subj', '/CN=test authority']
  openssl('req', '-x509', '-new', '-key', key('ca'), '-days', '2', '-out', ca, ...subject)
  const sign = (name: string, extension: string): KeyPair => {
    const pair = {key: key(name), cert: at(`${name}.pem`)}
    writeFileSync(at(`${name}.ext`), extension)
    openssl('req', '-new', '-key', pair.key, '-subj', `/CN=${name}`, '-out', at(`${name}.csr`))
    openssl(
      ...['x509', '-req', '-in', at(`${name}.csr`), '-CA', ca, '-CAkey', at('ca.key')],
      ...['-CAcreateserial', '-days', '2', '-extfile', at(`${name}.ext`), '-out', pair.cert],
    )
    return pair
  }
  return {
    ca,
    server: sign('server', 'subjectAltName=IP:127.0.0.1,DNS:localhost'),
    client: sign('agent', 'extendedKeyUsage=clientAuth'),
    read: path => readFileSync(path),
    remove: () => rmSync(folder, {recursive: true}),
  }
}
