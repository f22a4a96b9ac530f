import { expect, it } from 'vitest';
import { inOutput } from '../support/in-output.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { startWinnow, winnow } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();

it.each([
  { tokens: 'no tokens', settings: [], isOpen: true },
  { tokens: 'a token', settings: ['--set', 'server.token=a-token-of-more-than-16-letters'], isOpen: false },
])('winnow server with $tokens prints whether anyone on this machine may operate it', async ({ settings, isOpen }) => {
  const data = ['--data', folder.at('data')];
  // It makes the catalogue.
  await winnow(['status', '--collection', 'demo', ...data]);
  const server = startWinnow(['server', ...data, '--set', 'server.port=0', ...settings]);
  await inOutput(server.child, /(http:\S+)/);
  server.killGroup('SIGTERM');
  const { stdout } = await server.result;
  expect(stdout.includes('anyone on this machine may operate it')).toBe(isOpen);
});
