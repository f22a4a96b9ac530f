import { html, type Html } from '../shortlist/html.ts';
import type { Role } from './access.ts';
import type { Asset, Assets } from './assets.ts';
import { paramOf, type Route } from './route.ts';

/** The pages: a frame each, which its script fills. No script or style stands in them (see the content security policy). */
export function pageRoutes(
  assets: Assets,
  about: { readonly collection: string; readonly hasTokens: boolean },
): Route[] {
  const funnelFor = (role: Role | null): string =>
    shell({
      title: `${about.collection}: funnel`,
      script: 'dashboard.js',
      // The page offers what its reader may do; whether he may is asked again when he does it.
      body: html`<div id="app" data-role="${role}"></div>
        ${about.hasTokens ? LOGOUT_FORM : null}`,
    });
  return [
    page('/', funnelFor, 'viewer'),
    page('/login', () => logInPage(null), null),
    // Browsers ask for it by themselves.
    { method: 'GET', path: '/favicon.ico', role: null, handle: async ({ reply }) => reply.code(204).send() },
    {
      method: 'GET',
      path: '/assets/:name',
      // No secret is in them, and the page to log in needs them.
      role: null,
      handle: async ({ request, reply }) => {
        const name = paramOf(request, 'name');
        const asset = assets.get(name);
        return asset === undefined ? reply.callNotFound() : sendAsset(asset, reply);
      },
    },
  ];
}

function sendAsset({ bytes, mediaType }: Asset, reply: Parameters<Route['handle']>[0]['reply']): unknown {
  return reply.header('content-type', mediaType).header('cache-control', 'no-cache').send(bytes);
}

function page(path: string, contentFor: (role: Role | null) => string, least: Role | null): Route {
  return {
    method: 'GET',
    path,
    role: least,
    handle: async ({ reply, role }) => reply.header('content-type', 'text/html; charset=utf-8').send(contentFor(role)),
  };
}

const LOGOUT_FORM = html`<form method="post" action="/logout"><button>Log out</button></form>`;

/** @param problem why it is shown again */
export function logInPage(problem: string | null): string {
  const body = html`<main class="login">
    <h1>winnow</h1>
    ${problem === null ? null : html`<p role="alert" class="trouble">${problem}</p>`}
    <form method="post" action="/login">
      <label
        >Token <input type="password" name="token" autocomplete="current-password" required="" autofocus=""
      /></label>
      <button>Log in</button>
    </form>
  </main>`;
  return shell({ title: 'Log in', script: null, body });
}

function shell({ title, script, body }: { title: string; script: string | null; body: Html }): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} - winnow</title>
        <link rel="stylesheet" href="/assets/dashboard.css" />
        ${script === null ? null : html`<script type="module" src="/assets/${script}"></script>`}
      </head>
      <body>
        ${body}
      </body>
    </html>`.toString();
}
