import { createServer, type Socket } from 'node:net';
import { listening } from '../../local/listening.ts';

/** What a server says, and where its words were changed. */
export interface Script {
  /** Said as soon as somebody connects, if this server speaks first. */
  readonly first?: Buffer;
  /** One after each thing that the client says; the last one again and again. */
  readonly answers: readonly Buffer[];
}

/** A server on loopback that says what it is told to, whatever it hears. */
export async function hostileServer(script: () => Script): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((socket: Socket) => {
    const { first, answers } = script();
    let turn = 0;
    socket.on('error', () => {});
    if (first) socket.write(first);
    socket.on('data', () => {
      const answer = answers[Math.min(turn, answers.length - 1)];
      turn += 1;
      if (answer && turn <= 50) socket.write(answer);
    });
  });
  const { port, close } = await listening(server);
  return { port, close };
}
