/**
 * Node 20 has no `navigator`. Without it, pg creates a `Response` to find out whether it runs on Cloudflare, for which
 * Node loads its whole HTTP client: a twentieth of every command's start.
 */
export const navigator = globalThis.navigator ?? { userAgent: `Node.js/${process.versions.node.split('.')[0]}` };
