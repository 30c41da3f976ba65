import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { KafkaError } from '../errors.ts'
import type { SslOptions } from './client-network-options.ts'

/** Node's own read size; one buffer per plaintext connection is filled again and again, as frames are copied out of it. */
const READ_BUFFER_BYTES = 64 * 1024

export interface SocketOptions {
  /** The name as configured: what the certificate must carry. */
  readonly host: string
  readonly port: number
  /** The resolved address to connect to. */
  readonly address: string
  /** Null for plaintext. */
  readonly ssl: SslOptions | null
}

/**
 * Opens a TCP or TLS socket. `onBytes` gets what arrives; its buffer is reused after it returns. `onOpen` is called when
 * bytes may be sent: after the TCP handshake, or the TLS one.
 */
export function openSocket(options: SocketOptions, onOpen: () => void, onBytes: (bytes: Buffer) => void): Socket {
  const { host, port, address, ssl } = options
  if (ssl === null) {
    const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
    const onread = {
      buffer,
      callback: (bytes: number) => {
        onBytes(buffer.subarray(0, bytes))
        return true
      },
    }
    return connectTcp({ host: address, port, noDelay: true, keepAlive: true, onread }, onOpen)
  }
  const servername = ssl.servername ?? (isIP(host) ? undefined : host)
  // Loaded here, as it costs a process that needs no TLS 10 ms and 5 MB.
  const socket = process
    .getBuiltinModule('node:tls')
    .connect({ ...ssl, host: address, port, ...(servername === undefined ? {} : { servername }) }, onOpen)
  // tls.connect verifies against `host` when there is no servername, and that is the resolved address here.
  socket.setNoDelay(true)
  socket.setKeepAlive(true)
  socket.on('data', onBytes)
  return socket
}

/** What `openSocket` threw: a port that the broker's metadata has wrong, or TLS options that Node does not take, which no retry heals. */
export function unusableSocket(cause: Error, where: string): KafkaError {
  if ((cause as NodeJS.ErrnoException).code === 'ERR_SOCKET_BAD_PORT') {
    return new KafkaError('NETWORK', `cannot connect to ${where}: the port is not one from 0 to 65535`, { cause, retriable: true })
  }
  return new KafkaError('AUTHENTICATION', `cannot connect to ${where}: the TLS options (ssl) cannot be used: ${cause.message}`, { cause })
}

/** The error of a socket as a `KafkaError`; `secured` tells whether the TLS handshake was over. */
export function socketError(cause: Error, where: string, ssl: boolean, opened: boolean): KafkaError {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  if (ssl && (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')) {
    return new KafkaError(
      'AUTHENTICATION',
      `${where} does not speak TLS; securityProtocol (security.protocol) says SSL or SASL_SSL, and this looks like a plaintext listener`,
      { cause },
    )
  }
  if (ssl && (isCertificateError(code) || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_'))) {
    return new KafkaError('AUTHENTICATION', `the TLS handshake with ${where} failed: ${cause.message}`, { cause })
  }
  if (ssl && !opened && (code === 'ECONNRESET' || code === 'EPIPE')) {
    return new KafkaError(
      'NETWORK',
      `${where} closed the connection during the TLS handshake; if it always does, this is a plaintext listener (securityProtocol)`,
      { cause, retriable: true },
    )
  }
  const what = opened ? 'the connection to' : 'cannot connect to'
  return new KafkaError('NETWORK', `${what} ${where}${opened ? ' was lost' : ''}: ${code || cause.message}`, { cause, retriable: true })
}

/** Recognises by its first bytes an answer that is not Kafka's; null when it may be. */
export function foreignProtocol(bytes: Buffer, where: string): KafkaError | null {
  if (bytes.length >= 2 && bytes[0] === 0x15 && bytes[1] === 0x03) {
    return new KafkaError(
      'AUTHENTICATION',
      `${where} answered with a TLS alert: it is a TLS listener; set securityProtocol (security.protocol) to SSL or SASL_SSL`,
    )
  }
  if (bytes.length >= 4 && bytes.toString('latin1', 0, 4) === 'HTTP') {
    return new KafkaError('NETWORK', `${where} answered with HTTP: it is not a Kafka broker`)
  }
  return null
}

/** OpenSSL's X509_V_ERR names and Node's own for a certificate that is not trusted. */
function isCertificateError(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|CRL_/.test(code)
}
