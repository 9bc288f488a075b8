import {readFileSync} from 'node:fs'
import type {SecureContextOptions} from 'node:tls'
import {CodedError} from '../../diagnostics/error.ts'
import type {TlsFiles} from '../../schema/config/output-config.ts'

/** Options of a TLS connection whose certificate is always checked. */
export type TlsOptions = Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> & {servername?: string}

/**
 * Reads the files of a TLS connection.
 *
 * @throws CodedError `CONFIG_INVALID` for a file that cannot be read, or a certificate without its key
 */
export function readTlsFiles(files: TlsFiles = {}): TlsOptions {
  const {caFile, certFile, keyFile, serverName} = files
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new CodedError('CONFIG_INVALID', 'cert_file and key_file go together')
  return {
    ...(caFile === undefined ? {} : {ca: read(caFile)}),
    ...(certFile === undefined ? {} : {cert: read(certFile)}),
    ...(keyFile === undefined ? {} : {key: read(keyFile)}),
    ...(serverName === undefined ? {} : {servername: serverName}),
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CodedError('CONFIG_INVALID', `cannot read a TLS file: ${reason}`, {cause: error})
  }
}
