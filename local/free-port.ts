import { createServer } from 'node:net';
import { listening } from './listening.ts';

/** A port of 127.0.0.1 that nobody listens on now: the preferred one, or else any. */
export async function freePort(preferred = 0): Promise<number> {
  try {
    const { port, close } = await listening(createServer(), preferred);
    await close();
    return port;
  } catch (error) {
    if (preferred === 0) throw error;
    return await freePort();
  }
}
