import process from 'node:process';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { openPool } from '../../src/core/platform/postgres/open-database.ts';
import { applicationName } from '../support/database.ts';
import { makeCopies } from '../support/copies.ts';
import { ONE_MODEL } from '../support/one-model.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';
import { startWorker, winnow, withFolder, type CommandResult } from '../support/winnow.ts';

useSharedServer();

/** A provider that ONNX Runtime has only for another operating system. */
const ABSENT = process.platform === 'darwin' ? 'dml' : 'coreml';
const UNAVAILABLE = new RegExp(
  `The execution provider '${ABSENT}' .* cannot be used here: .* It needs .* filter\\.providerFallback`,
);

it('decisions count whatever the execution provider, and only commands that run models need it', async () => {
  await withFolder(async (folder) => {
    await makeCopies(`${folder}/photos`, 6);
    const flags = ['--collection', ONE_MODEL, '--data', `${folder}/data`];
    const run = (...args: string[]): Promise<CommandResult> => winnow([...args, ...flags]);
    const done = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await run(...args);
      expect([args[0], code, stderr.replaceAll(/^(\S+ )?\d.*\n/gm, '')]).toEqual([args[0], 0, expect.any(String)]);
      return stdout;
    };
    await done('run', '--from', `${folder}/photos`);
    const read = async (...args: string[]): Promise<string[]> => {
      const commands = [['status'], ['decisions'], ['what-if', '--threshold', '0.05,0.15,0.5']];
      return Promise.all(commands.map((command) => done(...command, '--json', ...args)));
    };
    const before = await read();

    // A machine without the provider: its filter and its worker end, and what the others decided stays.
    const without = ['--set', `filter.executionProvider=${ABSENT}`];
    expect(await run('filter', ...without)).toMatchObject({ code: 2, stderr: expect.stringMatching(UNAVAILABLE) });
    const worker = await startWorker('filter', [...flags, ...without]).result;
    expect({ ...worker, said: worker.stdout + worker.stderr }).toMatchObject({
      code: 2,
      said: expect.stringMatching(UNAVAILABLE),
    });
    expect(await read(...without)).toEqual(before);
    const fallback = await run('filter', ...without, '--set', 'filter.providerFallback=true', '--json');
    expect(fallback).toMatchObject({ code: 0, stderr: expect.stringContaining('The models run on the cpu') });
    expect(JSON.parse(fallback.stdout)).toMatchObject({ kept: 0, dropped: 0, left: 0 });

    const db = openPool({
      url: await catalogueOf(`${folder}/data`),
      applicationName: applicationName(),
      poolSize: 1,
      onConnectionLost: () => undefined,
    });
    try {
      // Another provider says the opposite of each crop, but the cpu has them all.
      await sql`
        insert into member (model_sha256, model_name, preprocessing, class_list_id, execution_provider)
        select model_sha256, model_name, preprocessing, class_list_id, 'cuda' from member`.execute(db);
      await sql`
        insert into evidence select e.photo_id, o.id, e.crop, 0, 0.99, e.true_classes, array_fill(0.99::float8, array[cardinality(e.true_classes)]), e.logits
        from evidence e join member m on m.id = e.member_id join member o using (model_sha256, preprocessing, class_list_id)
        where m.execution_provider = 'cpu' and o.execution_provider = 'cuda'`.execute(db);
      expect(await read()).toEqual(before);
      // Now all evidence is of that provider, and says what the cpu's said.
      await sql`delete from evidence e using member m where m.id = e.member_id and m.execution_provider = 'cuda'`.execute(
        db,
      );
      await sql`
        insert into evidence
        select e.photo_id, o.id, e.crop, e.top1, e.top1_prob, e.true_classes, e.true_probs, e.logits from evidence e
        join member m on m.id = e.member_id join member o using (model_sha256, preprocessing, class_list_id)
        where o.execution_provider = 'cuda'`.execute(db);
      await sql`delete from evidence e using member m where m.id = e.member_id and m.execution_provider = 'cpu'`.execute(
        db,
      );
      expect(await read()).toEqual(before);
      expect(JSON.parse(await done('filter', '--json'))).toMatchObject({ kept: 0, dropped: 0, left: 0, work: null });
    } finally {
      await db.destroy();
    }
  });
});
