import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

/** The first start makes a database, which takes minutes on a busy machine. */
const START_TIMEOUT_MS = 900_000;
const EMAIL = 'tester@example.org';
const PASSWORD = 'of this test only';

export type TestLabelStudio = Awaited<ReturnType<typeof startLabelStudio>>;

/** Starts Label Studio on loopback. It keeps its database in `folder` and asks no other host. */
export async function startLabelStudio(
  program: string,
  { folder, documentRoot }: { readonly folder: string; readonly documentRoot: string },
) {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const at = ['--port', String(port), '--internal-host', '127.0.0.1'];
  const child = spawn(
    program,
    ['start', 'test', '--init', '--no-browser', ...at, '--username', EMAIL, '--password', PASSWORD],
    {
      cwd: folder,
      env: {
        ...process.env,
        LABEL_STUDIO_BASE_DATA_DIR: folder,
        LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED: 'true',
        LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT: documentRoot,
        COLLECT_ANALYTICS: 'False',
        LATEST_VERSION_CHECK: 'False',
      },
      detached: true,
      stdio: 'ignore',
    },
  );
  let problem: string | null = null;
  child.once('error', (error) => (problem = error.message));
  child.once('exit', (code) => (problem ??= `it ended with ${code}`));
  await until(async () => {
    if (problem !== null) throw new Error(`Cannot start '${program}': ${problem}`);
    await sleep(500);
    return fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  }, START_TIMEOUT_MS);
  const session = await logIn(url);
  return {
    url,
    /** Requests a route as the user who is logged in. */
    get: (route: string) => fetch(new URL(route, url), { headers: session }),
    post: (route: string, body: object) =>
      fetch(new URL(route, url), {
        method: 'POST',
        headers: { ...session, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    /** A personal access token, as the page of the account makes one. */
    async makeToken(): Promise<string> {
      const response = await fetch(`${url}/api/token/`, { method: 'POST', headers: session });
      const { token } = (await response.json()) as { token: string };
      return token;
    },
    stop: () => void (child.pid !== undefined && problem === null && process.kill(-child.pid, 'SIGKILL')),
  };
}

/** The headers of a session, from the form of the login page. */
async function logIn(url: string): Promise<Record<string, string>> {
  const form = cookiesOf(await fetch(`${url}/user/login/`));
  const csrfmiddlewaretoken = form.get('csrftoken') ?? '';
  const answer = await fetch(`${url}/user/login/`, {
    method: 'POST',
    headers: { cookie: cookieText(form), referer: url },
    body: new URLSearchParams({ email: EMAIL, password: PASSWORD, csrfmiddlewaretoken }),
    redirect: 'manual',
  });
  const session = new Map([...form, ...cookiesOf(answer)]);
  return { cookie: cookieText(session), referer: url, 'x-csrftoken': session.get('csrftoken') ?? '' };
}

function cookiesOf(response: Response): Map<string, string> {
  return new Map(
    response.headers.getSetCookie().map((line) => {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s);
      return [name, value];
    }),
  );
}

function cookieText(cookies: ReadonlyMap<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}
