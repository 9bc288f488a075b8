/** A way for syslog messages. */
export interface SyslogLink {
  /**
   * Sends messages in order; connects first where there is no connection.
   *
   * @throws DeliveryError with the number of messages that were taken
   */
  send(messages: readonly Buffer[], signal: AbortSignal): Promise<void>
  /** Ends the connection; the next message makes a new one. Idempotent. */
  close(): Promise<void>
}
