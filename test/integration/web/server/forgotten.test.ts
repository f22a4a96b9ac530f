import { beforeAll, describe, expect, it } from 'vitest';
import { forgetCollection } from '../../../../src/core/operate/upkeep/forget-collection.repository.ts';
import { openWorkspace } from '../../../../src/core/models/workspace/workspace.process.ts';
import { ask, JSON_BODY, NO_TOKENS, useDashboard } from './support.ts';

const dashboard = useDashboard();
let url = '';

beforeAll(async () => {
  url = await dashboard.serve(NO_TOKENS);
});

describe('the dashboard of a collection that was forgotten', () => {
  it('says so instead of showing nothing, also if its name is used again', async () => {
    const { app, workspace } = dashboard;
    expect((await ask(url, '/c/demo/api/overview')).status).toBe(200);
    await forgetCollection(app.db, workspace.collection.name, false);
    const gone = [410, expect.stringContaining('winnow collection forget')];
    const asked = async (path: string): Promise<unknown[]> => {
      const { status, body } = await ask(url, path);
      return [status, body];
    };
    expect(await asked('/c/demo/api/overview')).toEqual(gone);
    expect(await asked('/c/demo/')).toEqual(gone);
    const metrics = await ask(url, '/metrics');
    expect([metrics.status, metrics.body]).toEqual([200, expect.not.stringContaining('collection="demo"')]);
    await openWorkspace(app, workspace.collection);
    expect(await asked('/c/demo/api/overview')).toEqual(gone);
  });

  it('pauses none of its stages', async () => {
    const body = JSON.stringify({ stages: ['filter'], everyCollection: false, endWorkers: false });
    const answer = await ask(url, '/c/demo/api/pause', { method: 'POST', headers: JSON_BODY, body });
    expect([answer.status, answer.body]).toEqual([410, expect.stringContaining('its stages are paused')]);
  });
});
