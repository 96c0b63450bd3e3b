import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { MessageReader } from './postgres-messages.ts';

declare module 'pg' {
  interface Connection {
    /** Where the driver begins to read what the server sends, in clear or decrypted. */
    attachListeners(stream: EventEmitter): void;
  }
}

/**
 * Shows the driver whole, well-formed messages only. Whatever it makes of them is caught: its own handlers run inside of
 * the socket's callback, where an error would end the process.
 */
export class GuardedConnection extends pg.Connection {
  readonly #clearPassword: boolean;

  constructor(config: { stream: () => Duplex; ssl: object | false }, clearPassword: boolean) {
    super(config);
    this.#clearPassword = clearPassword;
  }

  override attachListeners(stream: EventEmitter): void {
    const reader = new MessageReader(this.#clearPassword);
    const checked = new EventEmitter();
    stream.on('data', (bytes: Buffer) => {
      try {
        const messages = reader.take(bytes);
        if (messages.length > 0) checked.emit('data', messages);
      } catch (error) {
        this.stream.destroy(error instanceof Error ? error : new Error('The driver failed.'));
      }
    });
    stream.on('end', () => checked.emit('end'));
    super.attachListeners(checked);
  }
}
