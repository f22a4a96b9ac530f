import { options } from 'preact';

/** The path below which a proxy serves winnow (`server.basePath`); '' without one. The address of the page's script has it. */
const BASE_PATH = /^(.*)\/assets\/[^/]+$/.exec(new URL(import.meta.url).pathname)?.[1] ?? '';
const ADDRESSES = ['href', 'src', 'action'] as const;

/** The address as the browser needs it. Elements that preact makes need no call: `addBasePath` sees to them. */
export function withBasePath(address: string): string {
  return address.startsWith('/') ? BASE_PATH + address : address;
}

/** The path of the page as the server knows it. */
export function ownPathname({ pathname }: Pick<URL, 'pathname'> = location): string {
  return pathname.startsWith(`${BASE_PATH}/`) ? pathname.slice(BASE_PATH.length) : pathname;
}

/** A name for what the browser keeps. Another winnow may have the same origin, with another path. */
export const ownName = (name: string): string => name + BASE_PATH;

/** From now on, each element that preact makes has the path in its addresses. */
export function addBasePath(): void {
  const next = options.vnode?.bind(options);
  options.vnode = (vnode) => {
    const { type, props } = vnode as { readonly type: unknown; readonly props: Record<string, unknown> };
    if (typeof type === 'string')
      for (const name of ADDRESSES) {
        const address = props[name];
        if (typeof address === 'string') props[name] = withBasePath(address);
      }
    next?.(vnode);
  };
}
