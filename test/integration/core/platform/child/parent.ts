/** The parent of child.ts in child-program.test.ts: prints the child's pid and stays. */
import { ChildProgram } from '../../../../../src/core/platform/child/child-program.ts';

const module = new URL('child.mjs', import.meta.url);
const program = new ChildProgram({ module, spec: { name: 'Ann' }, limitMs: 60_000 });
const reply = await program.ask('pid');
process.stdout.write(`${'answer' in reply ? String(reply.answer) : ''}\n`);
