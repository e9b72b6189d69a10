// Inside a room with network: what programs expect to be a proxy on TCP leads to the socket outside; then the command runs.
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';

const [, , port, socket, command] = process.argv;

const server = createServer((client) => {
  const upstream = connect(socket);
  const end = () => {
    client.destroy();
    upstream.destroy();
  };
  for (const side of [client, upstream]) side.on('error', end).on('close', end);
  client.pipe(upstream).pipe(client);
});

server.listen(Number(port), '127.0.0.1', () => {
  const child = spawn('/bin/sh', ['-c', command], { stdio: 'inherit' });
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGKILL' ? 137 : 143)));
});
